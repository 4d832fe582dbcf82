import Glibc
import Histogram

/// A drawing of lines over two logarithmic axes.
struct Plot {
  struct Series {
    var label: String
    /// What the legend says besides.
    var note = ""
    var points: [(x: Double, y: Double)]
  }

  var title: String
  var series: [Series]
  /// What stands at places on the horizontal axis.
  var marks: [(x: Double, text: String)]
  var unit: Unit
  var hasDots = false

  private static let width = 520.0
  private static let height = 290.0
  private static let left = 64.0
  private static let right = 12.0
  private static let top = 12.0
  private static let bottom = 30.0

  var html: String {
    let series = series.filter { !$0.points.isEmpty }
    guard !series.isEmpty else { return "" }
    let across = LogAxis(
      over: marks.map { $0.x } + series.flatMap { $0.points.map { $0.x } }, from: Plot.left, to: Plot.width - Plot.right)
    let up = LogAxis(over: series.flatMap { $0.points.map { $0.y } }, from: Plot.height - Plot.bottom, to: Plot.top)
    let classes = Palette.classes(of: series.map { $0.label })
    var svg = "<svg viewBox=\"0 0 \(Plot.width.at) \(Plot.height.at)\" role=\"img\" aria-label=\"\(title.escaped)\">"
    for tick in up.ticks {
      let y = up.place(tick)
      svg += "<line class=\"grid\" x1=\"\(Plot.left.at)\" x2=\"\((Plot.width - Plot.right).at)\" y1=\"\(y.at)\" y2=\"\(y.at)\"/>"
      svg += "<text class=\"tick\" x=\"\((Plot.left - 8).at)\" y=\"\((y + 4).at)\" text-anchor=\"end\">\(unit.tick(tick))</text>"
    }
    for mark in marks {
      let x = across.place(mark.x)
      svg += "<line class=\"grid\" y1=\"\(Plot.top.at)\" y2=\"\((Plot.height - Plot.bottom).at)\" x1=\"\(x.at)\" x2=\"\(x.at)\"/>"
      // What would stick out at the right ends there.
      let isLast = x > Plot.width - Plot.right - 20
      svg += "<text class=\"tick\" x=\"\((isLast ? Plot.width - 2 : x).at)\" y=\"\((Plot.height - 10).at)\" "
      svg += "text-anchor=\"\(isLast ? "end" : "middle")\">\(mark.text.escaped)</text>"
    }
    for (line, name) in zip(series, classes).reversed() {
      let points = line.points.map { "\(across.place($0.x).at),\(up.place($0.y).at)" }
      let title = "<title>\(line.label.escaped)</title>"
      svg += "<polyline class=\"\(name)\" points=\"\(points.joined(separator: " "))\">\(title)</polyline>"
      guard hasDots else { continue }
      for point in line.points {
        svg += "<circle class=\"\(name)\" cx=\"\(across.place(point.x).at)\" cy=\"\(up.place(point.y).at)\" r=\"3\">"
        svg += "<title>\(line.label.escaped): \(unit.text(point.y))</title></circle>"
      }
    }
    svg += "</svg>"
    let legend = zip(series, classes).map {
      "<li><i class=\"\($1)\"></i>\($0.label.escaped)<small>\($0.note.escaped)</small></li>"
    }
    return "<figure><figcaption>\(title.escaped)</figcaption>\(svg)<ul class=\"legend\">\(legend.joined())</ul></figure>"
  }
}

extension Plot {
  /// Latencies by percentile. The further right, the rarer: the distance from 90 to 99 % is that from 99 to 99.9.
  static func percentiles(_ title: String, _ results: [(label: String, result: Result)]) -> Plot {
    let steps = (0...40).map { Double($0) / 10 }
    let series = results.compactMap { label, result -> Series? in
      guard let histogram = result.histogram else { return nil }
      // No further than there are samples.
      let points = steps.filter { pow(10, $0) <= Double(histogram.totalCount) }.map { step -> (x: Double, y: Double) in
        let rarity = pow(10, step)
        return (rarity, Double(histogram.valueAtPercentile(100 - 100 / rarity)))
      }
      return Series(
        label: label, note: "\(result.percentileText(0)), 99 %: \(result.percentileText(2))", points: points)
    }
    return Plot(
      title: title, series: series,
      marks: [(1, ""), (2, "50 %"), (10, "90 %"), (100, "99 %"), (1000, "99.9 %"), (10_000, "99.99 %")], unit: .nanoseconds)
  }
}
