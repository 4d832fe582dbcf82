/// The client's side of a transport.
protocol Exchange: ~Copyable {
  /// Sends this number and returns once the server has sent it back. Numbers start at 1 and go up by one.
  func roundTrip(_ number: UInt64) throws(BenchError)
}
