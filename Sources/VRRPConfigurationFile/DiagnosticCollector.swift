// Where mistakes are gathered while files are read, so that one run reports all of them.

/// Gathers mistakes. A mistake at one place is reported once, however often the text there is read:
/// `defaults` and anchors are read once per router.
final class DiagnosticCollector {
    private struct Mistake: Hashable {
        var place: Place
        var message: String
    }

    let files: [SourceFile]
    private var lines: [Int: SourceLines] = [:]
    private var advice: [Mistake: String?] = [:]
    /// Lines that hold a secret, which no message repeats.
    private var hidden: Set<Line> = []

    private struct Line: Hashable {
        var file: Int
        var line: Int
    }

    init(files: [SourceFile]) {
        self.files = files
    }

    var isEmpty: Bool { advice.isEmpty }

    /// Another node, while the file is read as it would be there.
    var node: String?

    func report(_ place: Place, _ message: String, advice: String? = nil) {
        var message = message
        if let node, !message.contains(quoted(node)) {
            message = "on node \(quoted(node)): \(message)"
        }
        let mistake = Mistake(place: place, message: message)
        guard self.advice[mistake] == nil else { return }
        self.advice[mistake] = .some(advice)
    }

    /// Keeps every line of a value out of all messages.
    func hide(_ node: Node) {
        hide(node.place)
        switch node.content {
        case .scalar: break
        case .sequence(let items): for item in items { hide(item) }
        case .mapping(let entries): for entry in entries { hide(entry.value) }
        }
    }

    /// Keeps a line out of all messages.
    func hide(_ place: Place) {
        hidden.insert(Line(file: place.file, line: place.line))
    }

    /// `file:line`, for a message about another place.
    func name(of place: Place) -> String {
        "\(files[place.file].name):\(place.line)"
    }

    func lines(ofFile index: Int) -> SourceLines {
        if let known = lines[index] { return known }
        let lines = SourceLines(files[index].text)
        self.lines[index] = lines
        return lines
    }

    /// All mistakes in the order of the text; of very many, the first ones and how many follow.
    func diagnostics() -> [Diagnostic] {
        let sorted = advice.keys.sorted { ($0.place, $0.message) < ($1.place, $1.message) }
        var shown = sorted.prefix(Self.maximumCount).map {
            diagnostic($0, advice: advice[$0] ?? nil)
        }
        if sorted.count > Self.maximumCount, let last = shown.popLast() {
            var summary = last
            summary.message = "\(sorted.count - Self.maximumCount + 1) more mistakes from here on"
            summary.advice = "correct the ones above first"
            shown.append(summary)
        }
        return shown
    }

    private func diagnostic(_ mistake: Mistake, advice: String?) -> Diagnostic {
        let place = mistake.place
        let lines = lines(ofFile: place.file)
        let (line, column) = lines.within(line: place.line, column: place.column)
        let isHidden = hidden.contains(Line(file: place.file, line: place.line))
        let excerpt = isHidden ? nil : lines.excerpt(line: line, column: column)
        return Diagnostic(
            file: files[place.file].name, line: line, column: column,
            message: mistake.message, advice: advice, sourceLine: excerpt?.text,
            sourceColumn: excerpt?.column)
    }

    /// Nobody reads more at once, and a generated file may have one per line.
    private static let maximumCount = 500
}

/// Text from a file inside a message: in backquotes, without control characters, not too long.
func quoted(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(64) {
        if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) {
            shown += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
            shown.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.count > 64 ? "`\(shown)...`" : "`\(shown)`"
}

/// `a`, `b` and `c`.
func quotedList(_ words: [String], _ conjunction: String = "and") -> String {
    let words = words.map(quoted)
    guard words.count > 1, let last = words.last else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) " + last
}
