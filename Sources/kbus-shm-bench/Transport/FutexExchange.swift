/// The limit of what sleeps: one futex word per direction. Always one FUTEX_WAKE to send, and one FUTEX_WAIT to
/// receive unless the word has changed already; never process-private, as shared memory demands.
struct FutexExchange: Exchange {
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
    ping.wake()
    while pong.load() != number { pong.sleep(while: number - 1) }
  }

  func endServer() {
    ping.store(FutexExchange.end)
    ping.wake()
  }

  func serve() {
    area.announceReady()
    var last: UInt32 = 0
    while last != FutexExchange.end {
      while ping.load() == last { ping.sleep(while: last) }
      last = ping.load()
      pong.store(last)
      pong.wake()
    }
  }
}
