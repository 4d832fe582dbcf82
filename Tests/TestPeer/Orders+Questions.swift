// The orders that set limits or ask for counts.

import KBUSShm

extension Orders {
  /// Carries out an order about settings and counts; nil if it isn't one.
  func ask(_ order: Order, _ ksock: Ksock) throws -> String? {
    switch order.verb {
    case "max-messages": return "ok \(try ksock.setMaxMessages(try order.number("count", default: 0)))"
    case "max-size": return "ok \(try ksock.setMaxMessageSize(try order.number("bytes", default: 0)))"
    case "only-once":
      return "ok \(order.has("ask") ? try ksock.wantsMessagesOnce() : try ksock.setWantsMessagesOnce(order.has("on")))"
    case "report-binds":
      return "ok \(order.has("ask") ? try ksock.reportsReplierBinds() : try ksock.setReportsReplierBinds(order.has("on")))"
    case "verbose": return "ok \(order.has("ask") ? try ksock.isVerbose() : try ksock.setVerbose(order.has("on")))"
    case "counts":
      return "ok \(try ksock.numberOfMessages()) \(try ksock.numberUnrepliedTo()) \(try ksock.lastMessageID())"
    case "bindings":
      let bindings = try ksock.bindings()
      return "ok" + bindings.map { " \($0.ksock):\($0.pid):\($0.kind == .replier ? "R" : "L"):\($0.name)" }.joined()
    case "statistics": return "ok \(Self.text(try ksock.statistics()))"
    default: return nil
    }
  }

  /// All that the statistics say and the specification fixes.
  private static func text(_ bus: BusStatistics) -> String {
    let ksocks = bus.ksocks.map { ksock in
      "; \(ksock.id) last=\(ksock.lastMessage) queue=\(ksock.queued)/\(ksock.maxMessages) aside=\(ksock.setAside)"
        + " outstanding=\(ksock.outstanding) unreplied=\(ksock.unreplied)\(ksock.isPending ? " pending" : "")"
    }
    return "ksock=\(bus.nextKsock) serial=\(bus.nextSerial) aside=\(bus.setAside)\(bus.isTragic ? " tragic" : "")"
      + ksocks.joined()
  }
}
