/// Horizontal bars, one for each figure, longest first or in the order given.
struct Bars {
  var title: String
  var unit: Unit
  var bars: [(label: String, value: Double, note: String)]
  /// Lengths are logarithms: for figures that lie far apart.
  var isLogarithmic = false

  private static let width = 520.0
  private static let left = 170.0
  private static let right = 96.0
  private static let pitch = 26.0

  var html: String {
    guard !bars.isEmpty else { return "" }
    let height = Double(bars.count) * Bars.pitch + 8, room = Bars.width - Bars.left - Bars.right
    let most = bars.map { $0.value }.max() ?? 1
    let axis = LogAxis(over: bars.map { $0.value } + [most / 10], from: 6, to: room)
    var svg = "<svg viewBox=\"0 0 \(Bars.width.at) \(height.at)\" role=\"img\" aria-label=\"\(title.escaped)\">"
    for (index, bar) in bars.enumerated() {
      let y = Double(index) * Bars.pitch + 4
      let length = most > 0 && bar.value > 0 ? max(2, isLogarithmic ? axis.place(bar.value) : bar.value / most * room) : 0
      svg += "<text class=\"name\" x=\"\((Bars.left - 10).at)\" y=\"\((y + 15).at)\" text-anchor=\"end\">\(bar.label.escaped)</text>"
      let name = Palette.bar(of: bar.label)
      svg += "<rect class=\"\(name)\" x=\"\(Bars.left.at)\" y=\"\((y + 2).at)\" width=\"\(length.at)\" height=\"18\" rx=\"3\"/>"
      svg += "<text class=\"value\" x=\"\((Bars.left + length + 8).at)\" y=\"\((y + 15).at)\">\(unit.text(bar.value).escaped)"
      svg += bar.note.isEmpty ? "</text>" : "<tspan class=\"note\" dx=\"6\">\(bar.note.escaped)</tspan></text>"
    }
    svg += "</svg>"
    return "<figure><figcaption>\(title.escaped)\(isLogarithmic ? " <small>logarithmic</small>" : "")</figcaption>\(svg)</figure>"
  }
}
