// Chunks that their reader is done with. A queue gives up its own as it grows; one that stays empty keeps what it once needed, until
// somebody finds the pool used up.

internal import CShm

extension SharedBus {
  /// Whether so many chunks are free.
  func hasFreeChunks(_ count: Int) -> Bool {
    var search = freeOnes(geometry.chunks, .chunk)
    for _ in 0..<count where search.take() == nil { return false }
    return true
  }

  /// Takes back every chunk of every queue that its reader is done with. Under the lock, between transactions. Returns whether
  /// there was any.
  func reclaimChunks() throws(KBusError) -> Bool {
    var found = false
    try forEachKsock { ksock throws(KBusError) in
      let head = ksock.head
      var hops = 0
      while true {
        let chunk = try chunk(checking: ksock.firstChunk, "reclaim")
        hops += 1
        guard hops <= geometry.chunks.count else { throw .corrupt(.c2, "reclaim") }
        guard chunk.isDone(head: head) else { return }
        var transaction = Transaction(self, journalOf: nil)
        transaction.set(chunk.at + CSHM_CHUNK_OWNER, 0 as UInt64)
        transaction.set(ksock.at + CSHM_KSOCK_FIRST_CHUNK, chunk.next)
        transaction.commit()
        found = true
      }
    }
    return found
  }
}

extension ChunkRecord {
  /// Whether the reader will not come back to this chunk. It leaves a chunk by its `next`, so it is done only when head is past
  /// the first entry of the chunk behind.
  @inline(__always) func isDone(head: UInt64) -> Bool { base &+ UInt64(CSHM_CHUNK_ENTRIES) < head && next != 0 }
}
