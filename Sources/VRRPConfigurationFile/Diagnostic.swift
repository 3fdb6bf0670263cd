// A mistake in a configuration file: where it is, what it is, what to write instead.
// Text only; who prints it decides where it goes.

/// One mistake.
package struct Diagnostic: Error, Equatable, Sendable {
    /// The file's name as it was given.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int
    /// What is wrong, without a full stop.
    package var message: String
    /// What to write instead.
    package var advice: String?
    /// The line, or the part of a very long one around the column.
    package var sourceLine: String?
    /// Where the caret stands below `sourceLine`, from 1.
    package var sourceColumn: Int

    /// `sourceColumn` is `column` unless told otherwise.
    package init(
        file: String, line: Int, column: Int, message: String, advice: String? = nil,
        sourceLine: String? = nil, sourceColumn: Int? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.advice = advice
        self.sourceLine = sourceLine
        self.sourceColumn = sourceColumn ?? column
    }

    /// Several lines without a newline at the end:
    ///
    ///     vrrpd.yaml:4:11: error: `vrid` must be 1 to 255, not `300`
    ///      4 |     vrid: 300
    ///        |           ^
    ///        = help: ...
    package func rendered() -> String {
        var text = "\(file):\(line):\(column): error: \(message)"
        let number = String(line)
        let margin = String(repeating: " ", count: number.utf8.count)
        if let sourceLine {
            // Tabs stay tabs, so that the caret stands below its character at any tab width.
            var indent = ""
            for scalar in sourceLine.unicodeScalars.prefix(max(0, sourceColumn - 1)) {
                indent += scalar == "\t" ? "\t" : " "
            }
            text += "\n \(number) | \(sourceLine)\n \(margin) | \(indent)^"
        }
        if let advice { text += "\n \(margin) = help: \(advice)" }
        return text
    }
}

/// Every mistake of the files that were given, in the order of the text.
package struct InvalidConfiguration: Error, Equatable, Sendable {
    /// Never empty.
    package var diagnostics: [Diagnostic]

    package init(diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    /// All of them, one after the other, without a newline at the end.
    package func rendered() -> String {
        diagnostics.map { $0.rendered() }.joined(separator: "\n")
    }
}
