// Which line, bar or row has which colour: everybody has the same one everywhere on the page, the bus a strong one, limits grey.

enum Palette {
  /// The class of what a label begins with.
  static func family(of label: String) -> String {
    label.hasPrefix("kbus") ? "ours" : label.hasPrefix("limit.") ? "limit" : ""
  }

  private static let known: [String: String] = [
    "kbus": "k1", "kbus.c": "k2", "kbus.python": "k3", "kbus.reaper": "k4",
    "peer.zeromq": "p1", "peer.nng": "p2", "peer.dbus-daemon": "p3", "peer.dbus-broker": "p4", "peer.iceoryx": "p5",
    "peer.boost": "p6", "peer.unix": "p7", "peer.mq": "p8",
  ]

  /// The class of a bar, which has its label beside it and need not differ from others.
  static func bar(of label: String) -> String {
    let transport = label.split(separator: ",").first.map { String($0) } ?? label
    return known[transport] ?? (label.hasPrefix("limit.") ? "l1" : "p1")
  }

  /// The classes of several series, in their order. Who occurs again gets the next colour of its family.
  static func classes(of labels: [String]) -> [String] {
    var used: [String] = []
    return labels.map { label in
      let transport = label.split(separator: ",").first.map { String($0) } ?? label
      let family = label.hasPrefix("kbus") ? "k" : label.hasPrefix("limit.") ? "l" : "p"
      let count = family == "p" ? 8 : family == "k" ? 6 : 4
      let free = (1...count).map { "\(family)\($0)" }.first { !used.contains($0) }
      var name = known[transport] ?? free ?? "\(family)1"
      if used.contains(name) { name = free ?? name }
      used.append(name)
      return name
    }
  }
}
