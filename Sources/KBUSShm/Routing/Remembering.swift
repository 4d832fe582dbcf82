internal import CShm

extension SharedBus {
  /// Finds the recipients of a name, and remembers them if they are few and each is there once.
  @inline(never) func remember(_ known: LocalPlace<KnownName>, _ routing: UInt64) throws(KBusError) {
    known.value.routing = .max
    known.value.isRemembered = false
    known.value.lone = nil
    let route = try route(known.value.span, known.value.key, wantsReplier: true, "send")
    let most = KnownName.mostRecipients
    var count = 0
    if let replier = route.replier {
      known.value.recipients[0] = try recipient(replier)
      count = 1
    }
    known.value.hasReplier = count == 1
    if count + route.listeners <= most {
      for place in 0..<route.listeners {
        known.value.recipients[count] = try recipient(Int(scratch.recipients[place]))
        count += 1
      }
      known.value.recipientCount = count
      known.value.isRemembered = areDifferent(known, count)
      if known.value.isRemembered, route.listeners == 1 { known.value.lone = known.value.recipients[count - 1] }
    }
    known.value.routing = routing
  }

  private func areDifferent(_ known: LocalPlace<KnownName>, _ count: Int) -> Bool {
    for number in 0..<count {
      for other in 0..<number where known.value.recipients[number]?.at == known.value.recipients[other]?.at { return false }
    }
    return true
  }

  private func recipient(_ binding: Int) throws(KBusError) -> KnownName.Recipient {
    let record = self.binding(binding)
    return KnownName.Recipient(try ksock(checking: record.ksock, "send"), binding: record.sequence)
  }
}
