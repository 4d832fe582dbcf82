import CShm
import Testing

@testable import KBUSShm

@Suite("What a wait does before it sleeps") struct BackoffTests {
  private let backoff = Backoff()

  /// A moment so many nanoseconds ago.
  private func ago(_ nanoseconds: UInt64) -> UInt64 { cshm_now() - nanoseconds }

  private func sleep(for nanoseconds: UInt64) { backoff.noteSleep(since: ago(nanoseconds)) }

  /// On a machine with one processor nothing ever spins.
  private static let maySpin = cshm_processors_online() > 1

  @Test(
    "what spins in vain spins less, and at last not at all; what finds something spins longer, up to where it began",
    .enabled(if: Self.maySpin))
  func spins() throws {
    defer { backoff.deallocate() }
    let most = backoff.now
    try #require(most == (cshm_processors() > 1 ? 20_000 : 0))
    var spins = [most]
    while backoff.now > 0 {
      backoff.noteFailure()
      spins.append(backoff.now)
    }
    #expect(zip(spins, spins.dropFirst()).allSatisfy { $0 >= 4 * $1 })
    backoff.noteSuccess()
    #expect(backoff.now > 0)
    for _ in 0..<20 { backoff.noteSuccess() }
    #expect(backoff.now == 20_000)
  }

  @Test("what does not spin tries again after four short sleeps in a row", .enabled(if: Self.maySpin))
  func tries() {
    defer { backoff.deallocate() }
    while backoff.now > 0 { backoff.noteFailure() }
    for _ in 0..<3 { sleep(for: 5000) }
    sleep(for: 1_000_000)
    for _ in 0..<3 { sleep(for: 5000) }
    #expect(backoff.now == 0)
    sleep(for: 5000)
    #expect(backoff.now == 1000)
  }

  @Test("it yields after a sleep that was short, and as long as that finds something")
  func yields() {
    defer { backoff.deallocate() }
    #expect(backoff.yieldBegins() == 0)
    sleep(for: 10_000_000)
    #expect(backoff.yieldBegins() == 0)
    sleep(for: 100_000)
    for _ in 0..<5 {
      #expect(backoff.yieldBegins() != 0)
      backoff.noteYield(since: ago(10_000), foundAny: true)
    }
    backoff.noteYield(since: ago(10_000), foundAny: false)
    #expect(backoff.yieldBegins() == 0)
    sleep(for: 100_000)
    #expect(backoff.yieldBegins() != 0)
  }

  @Test("yields to programs that compute are left out, ever more of them, until some are short again")
  func longYields() {
    defer { backoff.deallocate() }
    sleep(for: 100_000)
    /// How many are left out now.
    func leftOut() -> Int {
      var count = 0
      while backoff.yieldBegins() == 0 { count += 1 }
      return count
    }
    var counts: [Int] = []
    for _ in 0..<9 {
      backoff.noteYield(since: ago(3_000_000), foundAny: true)
      counts.append(leftOut())
    }
    #expect(counts == [15, 90, 465, 2340, 11_715, 58_590, 65_535, 65_535, 65_535])
    // Nobody else was there: that says nothing.
    backoff.noteYield(since: ago(0), foundAny: true)
    backoff.noteYield(since: ago(3_000_000), foundAny: true)
    #expect(leftOut() == 65_535)
    for _ in 0..<16 { backoff.noteYield(since: ago(20_000), foundAny: true) }
    backoff.noteYield(since: ago(3_000_000), foundAny: true)
    #expect(leftOut() == 15)
  }

  @Test("what the program says is what holds, and it never yields then")
  func fixed() {
    defer { backoff.deallocate() }
    backoff.fix(7000)
    backoff.noteFailure()
    #expect(backoff.sleepBegins == 0)
    backoff.noteSleep(since: backoff.sleepBegins)
    backoff.noteSuccess()
    #expect((backoff.now, backoff.near) == (7000, 7000))
    #expect(backoff.yieldBegins() == 0)
  }
}
