// Records that are used and given back: a run of them in which the first word of each says who has it, and 0 says that
// it is free. There are no free lists that a crash or a peer could break.

/// A run of records whose first word is 0 while they are free.
struct Pool {
  let region: Geometry.Region
  let memory: BusMemory

  func isFree(_ index: Int) -> Bool { memory.u64(region.at(index)) == 0 }

  /// Free records, each at most once: a transaction does not see its own claims, so it must never look twice.
  func freeOnes(from hint: Int) -> Search { Search(pool: self, next: hint % region.count) }

  struct Search {
    private let pool: Pool
    private(set) var next: Int
    private var left: Int

    init(pool: Pool, next: Int) {
      self.pool = pool
      self.next = next
      left = pool.region.count
    }

    /// The next free record, nil if there is none left.
    mutating func take() -> Int? {
      while left > 0 {
        let index = next
        next += 1
        if next == pool.region.count { next = 0 }
        left -= 1
        if pool.isFree(index) { return index }
      }
      return nil
    }
  }
}
