// How figures and what they are of read.

extension Double {
  /// Fixed decimals, without the locale's help.
  func fixed(_ decimals: Int) -> String {
    guard isFinite, magnitude < 1e15 else { return "-" }
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int((magnitude * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    let whole = (self < 0 && scaled != 0 ? "-" : "") + "\(scaled / scale)"
    return decimals == 0 ? whole : whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }

  /// About three digits.
  var short: String { magnitude >= 100 ? fixed(0) : magnitude >= 10 ? fixed(1) : fixed(2) }
}

extension Unit {
  /// A figure with its unit, in about three digits.
  func text(_ value: Double) -> String {
    switch self {
    case .nanoseconds:
      value < 1000 ? value.short + " ns" : value < 1e6 ? (value / 1e3).short + " us" : (value / 1e6).short + " ms"
    case .messagesPerSecond:
      value < 1000 ? value.short + " /s" : value < 1e6 ? (value / 1e3).short + " k/s" : (value / 1e6).short + " M/s"
    case .bytes: Unit.bytes(value)
    case .perSecond: value.short + " /s"
    case .count: value.short
    }
  }

  private static func bytes(_ value: Double) -> String {
    value < 1024 ? value.fixed(0) + " B" : value < 1_048_576 ? (value / 1024).short + " KiB" : (value / 1_048_576).short + " MiB"
  }
}

extension Configuration {
  var coresText: String { cores == 1 ? "one core" : "two cores" }

  var bytesText: String {
    switch payloadBytes {
    case ..<1024: "\(payloadBytes) B"
    case ..<1_048_576: "\(payloadBytes / 1024) KiB"
    case 1_048_576: "1 MiB"
    default: (Double(payloadBytes) / 1e6).fixed(1) + " MB"
    }
  }

  /// What tells it from others of its scenario.
  var label: String { ([transport.rawValue] + details).joined(separator: ", ") }

  private var details: [String] {
    var words: [String] = []
    if !transport.isLimit || interface == .copy { words.append(interface.rawValue) }
    if !transport.isLimit || payloadBytes != 64 { words.append(bytesText) }
    if mode != .none { words += [mode.rawValue, coresText] }
    if rate != 0 { words.append("\(rate)/s") }
    if senders != 1 { words.append("\(senders) senders") }
    if listeners != 1 { words.append("\(listeners) listeners") }
    if bindings != 1 { words.append("\(bindings) bindings") }
    if memoryBytes != 0 { words.append("victim with \(memoryBytes >> 20) MB") }
    if requests != 1 { words.append("\(requests) requests") }
    if !variant.isEmpty { words.append(variant) }
    return words
  }
}
