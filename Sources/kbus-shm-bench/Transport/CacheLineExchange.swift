import CBench

/// The limit of what spins: one word per direction, stored by one side and watched by the other.
struct CacheLineExchange: Exchange {
  private let ping, pong: SharedWord
  private let area: SharedArea
  private static let end = UInt32.max

  init(_ area: SharedArea) {
    self.area = area
    ping = area.ping
    pong = area.pong
  }

  func roundTrip(_ number: UInt32) {
    ping.store(number)
    while pong.load() != number { cbench_relax() }
  }

  func endServer() { ping.store(CacheLineExchange.end) }

  func serve() {
    area.announceReady()
    var last: UInt32 = 0
    while last != CacheLineExchange.end {
      var next = ping.load()
      while next == last {
        cbench_relax()
        next = ping.load()
      }
      pong.store(next)
      last = next
    }
  }
}
