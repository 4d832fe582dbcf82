// What the page says in each chapter.

extension Chapter {
  var title: String {
    switch name {
    case Limits.name: "Limits"
    case RoundTrips.name: "Request and reply"
    case Peers.name: "Beside others"
    case OneWay.name: "One way, at a rate"
    case Throughput.name: "Throughput"
    case Routing.name: "What a send costs"
    case Deaths.name: "Noticing a death"
    case Footprint.name: "Footprint"
    case Counts.name: "Counted"
    default: name
    }
  }

  private var introduction: String {
    switch name {
    case Limits.name:
      "What this machine can do at best. None of it involves the bus. Waking another processor of a virtual machine costs several times what it costs on bare metal."
    case RoundTrips.name:
      "A Request and its Reply, with every guarantee of the bus; the Reply has 64 bytes. Filled and read in place (loan), or copied in and out (copy). Spinning: both sides look again and again. Sleeping: they sleep at once. In epoll: on a descriptor, the full one or the fast one. In tasks: suspended. As the library does: it spins for a while, and then sleeps."
    case Peers.name:
      "The same round trips and the same crowds, over other means of communication, each doing the same work for a message."
    case OneWay.name:
      "Announcements sent by the clock, whether or not the listener keeps up. A message's time counts from when it was to be sent, so that a sender that is held up can't hide it."
    case Throughput.name:
      "Announcements a second, of 64 bytes. Every listener hears each of them, and checks that none is missing or out of order."
    case Routing.name:
      "A send to a listener that has room and need not be woken, all in one process: the work of sending itself."
    case Deaths.name:
      "From kill -9 of a Replier that holds Requests until the requester, which sleeps, has read what the bus answers in its place. Beside it what the kernel has to offer."
    case Footprint.name: "A process that has one connection and waits."
    case Counts.name: "The same on every run and on a busy machine, so that a build can be held to it."
    default: ""
    }
  }

  var html: String {
    """
    <section id="\(name)"><h2>\(title) <small>\(seconds.fixed(0)) s</small></h2><p>\(introduction)</p>
    \(plots.isEmpty ? "" : "<div class=\"plots\">\(plots.joined(separator: "\n"))</div>")
    \(tables.joined(separator: "\n"))
    \(omitted)</section>
    """
  }

  private var omitted: String {
    guard !omissions.isEmpty else { return "" }
    let items = omissions.map { "<li>\($0.what.escaped): \($0.isFailure ? "<b>failed</b>: " : "")\($0.why.escaped)</li>" }
    return "<h3>Not measured</h3><ul class=\"omitted\">\(items.joined())</ul>"
  }

  // Plots

  private var plots: [String] {
    switch name {
    case RoundTrips.name: plottedWaits.flatMap { wait in [Interface.loan, .copy].map { roundTripPlot(wait, $0) } } + [sizePlot]
    case Peers.name: plottedWaits.map { roundTripPlot($0) } + crowdBars
    case OneWay.name: [Mode.spin, .sleep].map(oneWayPlot)
    case Throughput.name: crowdBars
    case Routing.name: [routingPlot, fanOutBars]
    case Deaths.name: [0, 256 << 20].map(deathBars)
    case Footprint.name: [Footprint.Quantity.resident, .libraries].map(footprintBars)
    default: []
    }
  }

  /// Ways to wait that results have, in the order in which they were measured. Both descriptors, and tasks on one core and two, share a
  /// plot.
  private var plottedWaits: [String] {
    var waits: [String] = []
    for result in results(of: RoundTrips.name) {
      let wait = Wait(result.configuration).plotted
      if !waits.contains(wait) { waits.append(wait) }
    }
    return waits
  }

  /// Of 64 bytes, with one interface; of peers, who have one each as a rule, whatever that is.
  private func roundTripPlot(_ wait: String, _ interface: Interface? = nil) -> String {
    let results = results(of: RoundTrips.name).filter { result in
      let configuration = result.configuration
      return Wait(configuration).plotted == wait && configuration.payloadBytes == 64
        && (interface == nil || configuration.interface == interface || configuration.transport.isLimit)
    }
    let labelled = results.map { result in
      let configuration = result.configuration
      return (
        label: configuration.transport.rawValue + (interface == nil ? configuration.interfaceBesides : "")
          + Wait(configuration).plottedBesides, result: result
      )
    }
    let way = interface.map { $0 == .loan ? ", in place" : ", copied" } ?? ""
    return Plot.percentiles("\(wait), 64 bytes\(way)", labelled).html
  }

  private var sizePlot: String {
    let ours = results(of: RoundTrips.name).filter {
      $0.configuration.mode == .spin && [.bus, .limit("copy")].contains($0.configuration.transport)
    }
    func series(_ label: String, _ transport: Transport, _ interface: Interface) -> Plot.Series {
      let points = ours.filter { $0.configuration.transport == transport && $0.configuration.interface == interface }
        .map { (x: Double($0.configuration.payloadBytes), y: $0.figure) }
      return Plot.Series(label: label, points: points.sorted { $0.x < $1.x })
    }
    let marks = RoundTrips.sizes.map { size -> (x: Double, text: String) in
      var configuration = Configuration(scenario: RoundTrips.name, transport: .bus)
      configuration.payloadBytes = size
      return (Double(size), configuration.bytesText)
    }
    return Plot(
      title: "Spinning, by size of the payload",
      series: [
        series("kbus, loan", .bus, .loan), series("kbus, copy", .bus, .copy),
        series("limit.copy: memcpy in and out", .limit("copy"), .copy),
      ], marks: marks, unit: .nanoseconds, hasDots: true
    ).html
  }

  private func oneWayPlot(_ mode: Mode) -> String {
    let results = results.filter { $0.configuration.mode == mode }.map {
      (label: "\($0.configuration.transport.rawValue), \($0.configuration.rate.grouped)/s", result: $0)
    }
    return Plot.percentiles(mode == .spin ? "Listener spins" : "Listener sleeps", results).html
  }

  private var crowdBars: [String] {
    let crowds = results(of: Throughput.name).filter { $0.configuration.senders == 1 }
    return [1, 4, 16].map { listeners in
      let crowd = crowds.filter { $0.configuration.listeners == listeners }
      let bars = crowd.filter { !$0.configuration.transport.isLimit }.map { result in
        return (label: result.configuration.transport.rawValue + result.configuration.interfaceBesides, value: result.figure, note: "")
      }
      let limit = crowd.first { $0.configuration.transport == .ring }.map { ", limit.ring: \($0.unit.text($0.figure))" } ?? ""
      return Bars(
        title: (listeners == 1 ? "To one listener" : "To \(listeners) listeners") + limit, unit: .messagesPerSecond,
        bars: bars.sorted { $0.value > $1.value }
      ).html
    }
  }

  private var routingPlot: String {
    let variants = Routing.Recall.allCases.flatMap { recall in Routing.forms.map { Routing.variant($0, recall) } }
    let series = variants.map { variant in
      let points = results(of: Routing.name).filter { $0.configuration.variant == variant && $0.configuration.bystanders == 1 }
        .map { (x: Double($0.configuration.bindings), y: $0.amortised ?? $0.figure) }
      return Plot.Series(label: "kbus, \(variant)", points: points)
    }
    let marks = Routing.bindings.map { (x: Double($0), text: $0.grouped) }
    return Plot(title: "A send, by bindings on the bus", series: series, marks: marks, unit: .nanoseconds, hasDots: true).html
  }

  private var fanOutBars: String {
    let bars = results(of: "fanout").map { result in
      let count = result.configuration.listeners
      return (label: "kbus, \(count == 1 ? "1 listener" : "\(count) listeners")", value: result.amortised ?? result.figure, note: "")
    }
    return Bars(title: "A send, by listeners", unit: .nanoseconds, bars: bars).html
  }

  private func deathBars(_ memory: Int) -> String {
    let bars = results.filter { $0.configuration.memoryBytes == memory }.map { result in
      let requests = result.configuration.requests
      let words = result.configuration.transport.isLimit ? "" : ", \(result.configuration.variant)" + (requests == 1 ? "" : ", \(requests)")
      return (label: result.configuration.transport.rawValue + words, value: result.figure, note: "")
    }
    let title = memory == 0 ? "Small victim" : "Victim with \(memory >> 20) MB"
    return Bars(title: title + ", until the status is read", unit: .nanoseconds, bars: bars, isLogarithmic: true).html
  }

  private func footprintBars(_ quantity: Footprint.Quantity) -> String {
    let bars = results.filter { $0.configuration.variant == quantity.rawValue }.map {
      (label: $0.configuration.transport.rawValue, value: $0.figure, note: "")
    }
    return Bars(title: quantity.rawValue.prefix(1).uppercased() + quantity.rawValue.dropFirst(), unit: .bytes, bars: bars).html
  }
}

extension Configuration {
  /// The interface, unless it is what goes without saying: in place on the bus, copied by others.
  var interfaceBesides: String { transport.isLimit || interface == (transport.isBus ? .loan : .copy) ? "" : ", \(interface.rawValue)" }
}

/// How both sides of a round trip wait, and where.
struct Wait: Hashable {
  private let mode: Mode
  private let cores: Int

  init(_ configuration: Configuration) {
    mode = configuration.mode
    cores = configuration.cores
  }

  var way: String {
    switch mode {
    case .spin: "Spinning"
    case .sleep: "Sleeping"
    case .descriptor: "In epoll"
    case .fastDescriptor: "In epoll, fast"
    case .async: "In tasks"
    case .standard: "As the library does"
    case .none: ""
    }
  }

  var place: String { cores == 1 ? "one core" : "two cores" }

  var text: String { "\(way), \(place)" }

  /// What it is plotted with, and what tells it from that.
  var plotted: String {
    switch mode {
    case .async: way
    case .fastDescriptor: "In epoll, \(place)"
    case .standard: "Spinning, \(place)"
    default: text
    }
  }

  var plottedBesides: String {
    switch mode {
    case .async: ", \(place)"
    case .fastDescriptor: ", fast"
    case .standard: ", standard"
    default: ""
    }
  }
}
