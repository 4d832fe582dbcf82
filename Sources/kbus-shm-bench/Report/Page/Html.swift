// Little pieces of HTML and SVG.

extension String {
  /// With what has a meaning in HTML made harmless.
  var escaped: String {
    var text = ""
    for character in self {
      switch character {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      default: text.append(character)
      }
    }
    return text
  }
}

/// What an axis or a table shows of a number of a unit.
struct Cell {
  var text: String
  /// Smaller, below.
  var note = ""
  /// Whether a goal is met, if there is one.
  var isMet: Bool?
}

/// A table: a heading for each row and column, and a cell for each pair that there is.
struct Pivot {
  var corner: String
  private(set) var columns: [String] = []
  private(set) var rows: [String] = []
  private var cells: [String: [String: Cell]] = [:]

  init(_ corner: String) { self.corner = corner }

  mutating func add(_ row: String, _ column: String, _ cell: Cell) {
    if !rows.contains(row) { rows.append(row) }
    if !columns.contains(column) { columns.append(column) }
    cells[row, default: [:]][column] = cell
  }

  var isEmpty: Bool { rows.isEmpty }

  var html: String {
    var html = "<div class=\"wide\"><table><thead><tr><th>\(corner.escaped)</th>"
    for column in columns { html += "<th class=\"n\">\(column.escaped)</th>" }
    html += "</tr></thead><tbody>"
    for row in rows {
      html += "<tr class=\"\(Palette.family(of: row))\"><th>\(row.escaped)</th>"
      for column in columns {
        guard let cell = cells[row]?[column] else {
          html += "<td class=\"n none\">&middot;</td>"
          continue
        }
        let verdict = cell.isMet.map { $0 ? " met" : " missed" } ?? ""
        html += "<td class=\"n\(verdict)\">\(cell.text.escaped)"
        if !cell.note.isEmpty { html += "<small>\(cell.note.escaped)</small>" }
        html += "</td>"
      }
      html += "</tr>"
    }
    return html + "</tbody></table></div>"
  }
}
