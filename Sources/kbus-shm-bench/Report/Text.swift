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
  var short: String { magnitude >= 100 ? fixed(0) : magnitude >= 10 ? fixed(1) : magnitude >= 0.095 || self == 0 ? fixed(2) : fixed(4) }
}

extension Int {
  /// With a comma after every three digits.
  var grouped: String {
    var text = ""
    for (place, digit) in String(magnitude).reversed().enumerated() {
      if place > 0, place.isMultiple(of: 3) { text = "," + text }
      text = String(digit) + text
    }
    return (self < 0 ? "-" : "") + text
  }
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

  /// A round number, as an axis shows it.
  func tick(_ value: Double) -> String {
    let words = text(value).split(separator: " ")
    guard let number = words.first.flatMap({ Double($0) }) else { return text(value) }
    let whole = number == number.rounded() ? number.fixed(0) : number.short
    return ([whole] + words.dropFirst().map { String($0) }).joined(separator: " ")
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
  var label: String { ([transport.rawValue] + payloadWords + modeWords + otherWords).joined(separator: ", ") }

  /// The same, if what it shares with another goes without saying.
  func labelAgainst(_ other: Configuration) -> String {
    let shared = other.payloadWords + other.modeWords + other.otherWords
    return ([transport.rawValue] + (payloadWords + modeWords + otherWords).filter { !shared.contains($0) }).joined(separator: ", ")
  }

  /// Weight and death have nothing to do with payloads, nor with who waits where.
  private var isOfProcesses: Bool { [Footprint.name, Deaths.name].contains(scenario) }

  private var payloadWords: [String] {
    if isOfProcesses { return [] }
    var words: [String] = []
    if !transport.isLimit || interface == .copy { words.append(interface.rawValue) }
    if !transport.isLimit || payloadBytes != 64 { words.append(bytesText) }
    return words
  }

  private var modeWords: [String] { mode == .none || isOfProcesses ? [] : [mode.rawValue, coresText] }

  private var otherWords: [String] {
    var words: [String] = []
    if rate != 0 { words.append(rate.grouped + "/s") }
    if senders != 1 { words.append("\(senders) senders") }
    if listeners != 1 { words.append("\(listeners) listeners") }
    if bindings != 1 { words.append(bindings.grouped + " bindings") }
    if bystanders != 1 { words.append("of \(bystanders.grouped) Ksocks") }
    if backlog != 0 { words.append("\(backlog) messages at each") }
    if memoryBytes != 0 { words.append("victim with \(memoryBytes >> 20) MB") }
    if requests != 1 { words.append("\(requests) requests") }
    if !variant.isEmpty { words.append(variant) }
    return words
  }
}
