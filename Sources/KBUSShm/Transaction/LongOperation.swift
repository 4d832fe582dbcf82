// Operations too long for one transaction: the two parts of a Ksock's end, and emptying its queue of what a binding put there. The bus holds
// a record of what is to be done and how far it is; each step is a transaction of its own, all within one hold of the
// lock. Whoever finds the lock's holder dead finishes first the transaction, then the operation (DESIGN R3).

internal import CShm

enum LongOperation: UInt32 {
  case depart = 1
  case bury
  case unbind
}

extension SharedBus {
  /// Notes that an operation has begun, in the transaction that makes its first change.
  func begin(_ operation: LongOperation, _ ksock: KsockRecord, detail: UInt64, _ transaction: inout Transaction) {
    transaction.set(
      geometry.state + CSHM_STATE_OPERATION, UInt64(operation.rawValue) << 32 | UInt64(ksock.index + 1))
    transaction.set(geometry.state + CSHM_STATE_OPERATION_CURSOR, 0 as UInt64)
    transaction.set(geometry.state + CSHM_STATE_OPERATION_DETAIL, detail)
  }

  func end(_ transaction: inout Transaction) { transaction.set(geometry.state + CSHM_STATE_OPERATION, 0 as UInt64) }

  /// How far the operation is, and what it is about, in its own terms.
  var operationDetail: UInt64 { memory.u64(geometry.state + CSHM_STATE_OPERATION_DETAIL) }
  var operationCursor: UInt64 { memory.u64(geometry.state + CSHM_STATE_OPERATION_CURSOR) }

  func setOperationCursor(_ cursor: UInt64, _ transaction: inout Transaction) {
    transaction.set(geometry.state + CSHM_STATE_OPERATION_CURSOR, cursor)
  }

  /// Does all the steps that are left of the operation in the record, if there is one.
  func finishOperation(_ rings: inout Rings) throws(KBusError) {
    let word = memory.u64(geometry.state + CSHM_STATE_OPERATION)
    guard word != 0 else { return }
    let index = word & 0xFFFF_FFFF
    guard let operation = LongOperation(rawValue: UInt32(truncatingIfNeeded: word >> 32)), index >= 1,
      index <= UInt64(geometry.limits.ksocks)
    else { throw .corrupt(.t1, "recover") }
    let ksock = ksock(Int(index) - 1)
    switch operation {
    case .depart: try finishDeparture(ksock, &rings)
    case .bury: try resumeBurial(ksock)
    case .unbind: try finishUnbind(ksock, &rings)
    }
  }
}
