/// Random bytes, repeated after a prime number of them, so that a piece in a wrong place shows.
func noise(_ count: Int) -> [UInt8] {
  var generator = SystemRandomNumberGenerator()
  let block: [UInt8] = (0..<min(count, 65521)).map { _ in generator.next() }
  var bytes: [UInt8] = []
  while bytes.count < count { bytes += block.prefix(count - bytes.count) }
  return bytes
}
