// Columns for people: aligned, and coloured only where a terminal asked for it.

/// What a colour means; whoever renders decides whether there are colours at all.
enum Emphasis: Sendable {
    case none, heading, good, caution, bad

    /// The parameter of SGR, "select graphic rendition" (ECMA-48 §8.3.117).
    var code: String? {
        switch self {
        case .none: nil
        case .heading: "1"
        case .good: "32"
        case .caution: "33"
        case .bad: "31"
        }
    }
}

/// A text with an emphasis.
struct Cell: Sendable {
    var text: String
    var emphasis: Emphasis

    init(_ text: String, _ emphasis: Emphasis = .none) {
        self.text = text
        self.emphasis = emphasis
    }

    func rendered(colour: Bool) -> String {
        guard colour, let code = emphasis.code else { return text }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }
}

/// Rows of cells. The last column is not padded.
struct TextTable: Sendable {
    private var rows: [[Cell]] = []

    init(headings: [String]) {
        rows.append(headings.map { Cell($0, .heading) })
    }

    mutating func append(_ row: [Cell]) {
        rows.append(row)
    }

    /// One line a row, each with its newline.
    func rendered(colour: Bool) -> String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.text.count)
            }
        }
        var text = ""
        for row in rows {
            for (column, cell) in row.enumerated() {
                text += cell.rendered(colour: colour)
                guard column + 1 < row.count else { continue }
                text += String(repeating: " ", count: widths[column] - cell.text.count + 2)
            }
            text += "\n"
        }
        return text
    }
}
