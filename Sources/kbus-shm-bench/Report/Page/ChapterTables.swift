// The tables of each chapter: what is compared stands side by side.

extension Chapter {
  var tables: [String] {
    switch name {
    case RoundTrips.name: [roundTripTable("64 bytes", bytes: 64, cores: 2), roundTripTable("64 bytes", bytes: 64, cores: 1), sizeTable]
    case Peers.name: [roundTripTable("64 bytes", bytes: 64), roundTripTable("1 MiB", bytes: 1 << 20), crowdTable]
    case OneWay.name: [oneWayTable]
    case Throughput.name: [crowdTable]
    case Routing.name: [routingTable, listTable("What a send costs", ["fanout", "hold", Limits.name])]
    case Deaths.name: [listTable("Until the status is read", [Deaths.name])]
    case Footprint.name: [footprintTable]
    case Counts.name: [countTable]
    default:
      [
        listTable("There and back", [RoundTrips.name]), listTable("Locks, copies, calls", [Limits.name]),
        listTable("Until a death is known", [Deaths.name]),
      ]
    }
  }

  /// The ratio of a result to the first thing that it is held against.
  private func ratio(of result: Result) -> Ratio? { ratios.first { $0.of == result.configuration } }

  /// The median; below it the 99th percentile and the ratio to the limit.
  private func latency(_ result: Result) -> Cell {
    var notes: [String] = []
    if result.histogram != nil { notes.append("99 %: \(result.percentileText(2))") }
    let ratio = ratio(of: result)
    if let ratio { notes.append("\(ratio.judged.short) \u{00D7}") }
    return Cell(text: result.unit.text(result.figure), note: notes.joined(separator: ", "), isMet: ratio?.isMet)
  }

  private func roundTripTable(_ title: String, bytes: Int, cores: Int? = nil) -> String {
    let place = cores.map { $0 == 1 ? ", one core" : ", two cores" } ?? ""
    var table = Pivot("\(title)\(place): median, 99 %, times the limit")
    for result in results(of: RoundTrips.name) {
      let configuration = result.configuration
      guard configuration.payloadBytes == bytes || configuration.transport.isLimit && configuration.payloadBytes == 64 else { continue }
      if configuration.transport == .limit("copy"), configuration.payloadBytes != bytes { continue }
      if let cores, configuration.cores != cores { continue }
      table.add(
        configuration.transport.rawValue + (configuration.transport.isLimit ? "" : ", \(configuration.interface.rawValue)"),
        cores == nil ? Wait(configuration).text : Wait(configuration).way, latency(result))
    }
    return table.isEmpty ? "" : table.html
  }

  private var sizeTable: String {
    var table = Pivot("By size of the payload")
    for result in results(of: RoundTrips.name) where [.bus, .busFromC, .limit("copy")].contains(result.configuration.transport) {
      let configuration = result.configuration
      table.add(
        "\(configuration.transport.rawValue), \(configuration.interface.rawValue), \(Wait(configuration).text.lowercased())",
        configuration.bytesText, latency(result))
    }
    return table.isEmpty ? "" : table.html
  }

  private var oneWayTable: String {
    var table = Pivot("Median; 99th and 99.9th percentile, and what came through")
    for result in results {
      guard result.histogram != nil else { continue }
      let rate = result.rate.map { ", \(Int($0.rounded()).grouped)/s" } ?? ""
      table.add(
        "\(result.configuration.transport.rawValue), \(result.configuration.mode == .spin ? "listener spins" : "listener sleeps")",
        result.configuration.rate.grouped + "/s",
        Cell(text: result.percentileText(0), note: "\(result.percentileText(2)), \(result.percentileText(3))\(rate)"))
    }
    return table.isEmpty ? "" : table.html
  }

  private var crowdTable: String {
    var table = Pivot("Messages a second, each to every listener")
    let crowds = results(of: Throughput.name)
    for result in crowds {
      let configuration = result.configuration
      let senders = configuration.senders == 1 ? "" : ", \(configuration.senders) senders"
      // Of others: how the bus compares with them.
      let ours = ratios.first {
        $0.to == configuration && $0.of.transport == .bus && $0.of.interface == .loan && configuration.transport.isPeer
      }
      table.add(
        configuration.transport.rawValue + (configuration.transport.isLimit ? "" : ", \(configuration.interface.rawValue)") + senders,
        (configuration.listeners == 1 ? "1 listener" : "\(configuration.listeners) listeners"),
        Cell(
          text: result.unit.text(result.figure), note: ours.map { "kbus: \($0.ratio.short) \u{00D7} as many" } ?? "", isMet: ours?.isMet))
    }
    return table.isEmpty ? "" : table.html
  }

  private var routingTable: String {
    var table = Pivot("A send, in one process")
    for result in results(of: Routing.name) {
      let ratio = ratios.first { $0.of == result.configuration && $0.to.transport == .bus }
      let configuration = result.configuration
      let others = configuration.bystanders == 1 ? "" : ", of \(configuration.bystanders.grouped) Ksocks"
      table.add(
        "kbus, \(configuration.variant)",
        configuration.bindings.grouped + " bindings" + others + (configuration.backlog == 0 ? "" : ", queues full"),
        Cell(
          text: result.unit.text(result.amortised ?? result.figure), note: ratio.map { "\($0.judged.short) \u{00D7} that at 10" } ?? "",
          isMet: ratio?.isMet))
    }
    return table.isEmpty ? "" : table.html
  }

  /// One row for each result.
  private func listTable(_ title: String, _ scenarios: [String]) -> String {
    var table = Pivot(title)
    for scenario in scenarios {
      for result in results(of: scenario) {
        let row =
          scenario == Limits.name || scenario == RoundTrips.name || scenario == Deaths.name
          ? result.configuration.label
          : "\(scenario): \(result.configuration.label)"
        table.add(
          row, "median", Cell(text: result.unit.text(result.figure), isMet: result.goal?.isMet(by: result.figure)))
        if result.histogram != nil {
          for (text, place) in [("99 %", 2), ("99.9 %", 3), ("most", 5)] {
            table.add(row, text, Cell(text: result.percentileText(place)))
          }
        }
        for ratio in ratios where ratio.of == result.configuration {
          table.add(row, "times \(ratio.to.transport.rawValue)", Cell(text: "\(ratio.judged.short) \u{00D7}", isMet: ratio.isMet))
        }
      }
    }
    return table.isEmpty ? "" : table.html
  }

  private var footprintTable: String {
    var table = Pivot("Process")
    for result in results {
      table.add(
        result.configuration.transport.rawValue, result.configuration.variant,
        Cell(text: result.unit.text(result.figure), isMet: result.goal?.isMet(by: result.figure)))
    }
    return table.isEmpty ? "" : table.html
  }

  private var countTable: String {
    var table = Pivot("What")
    for result in results {
      let configuration = result.configuration
      let mode = configuration.mode == .none ? "" : ", \(Wait(configuration).text.lowercased())"
      let interface = configuration.payloadBytes == 65_536 ? ", \(configuration.interface.rawValue)" : ""
      table.add(
        configuration.variant + mode + interface, configuration.transport.rawValue,
        Cell(
          text: result.unit.text(result.figure), note: result.ceiling.map { "ceiling \($0.short)" } ?? "",
          isMet: result.isTooHigh ? false : result.goal?.isMet(by: result.figure)))
    }
    return table.isEmpty ? "" : table.html
  }
}
