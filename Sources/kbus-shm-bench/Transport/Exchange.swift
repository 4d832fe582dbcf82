/// The client's side of a transport.
protocol Exchange {
  /// Sends this number and returns once the server has sent it back. Numbers start at 1 and go up by one.
  func roundTrip(_ number: UInt32) throws(BenchError)
  /// Tells the server that no more will come.
  func endServer() throws(BenchError)
}
