// The text of one file and where its lines begin, so that a diagnostic can show its line.
// Whoever calls has opened and read the file; nothing here touches the file system.

/// One configuration file as it was read.
package struct SourceFile: Sendable {
    /// What diagnostics call it: usually its path.
    package var name: String
    /// Its bytes, at most 4 MiB of UTF-8.
    package var text: [UInt8]

    package init(name: String, text: [UInt8]) {
        self.name = name
        self.text = text
    }

    /// Larger files are refused unread.
    static let maximumByteCount = 4 << 20
}

/// Where something stands in the files that were given.
struct Place: Hashable, Comparable, Sendable {
    /// Index of the file.
    var file: Int
    /// From 1.
    var line: Int
    /// From 1, in Unicode scalars, as libyaml counts.
    var column: Int

    static func < (left: Place, right: Place) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}

/// A file's lines. Line ends are those of YAML 1.1, because libyaml numbers its lines by them.
struct SourceLines {
    private let text: [UInt8]
    /// Offsets of the first byte of every line.
    private let starts: [Int]

    init(_ text: [UInt8]) {
        var starts = [0]
        var index = 0
        while index < text.count {
            let length = Self.lineEndLength(text, at: index)
            index += max(1, length)
            if length > 0 { starts.append(index) }
        }
        self.text = text
        self.starts = starts
    }

    /// Line and column, both from 1, of a byte.
    func position(ofByte offset: Int) -> (line: Int, column: Int) {
        let offset = min(max(0, offset), text.count)
        // The last line that begins at or before the byte.
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        let before = text[starts[low]..<offset]
        return (low + 1, before.count { !Self.isContinuation($0) } + 1)
    }

    /// The place itself, or the end of the text when it lies behind: libyaml ends a last line that
    /// has no end of its own, and counts one more.
    func within(line: Int, column: Int) -> (line: Int, column: Int) {
        line <= starts.count ? (line, column) : position(ofByte: text.count)
    }

    /// What is shown of a line, and the column in it that stands for `column`. Lines wider than
    /// `width` are cut around it: a JSON file may be one line of megabytes.
    func excerpt(line: Int, column: Int, width: Int = 120) -> (text: String, column: Int)? {
        guard line >= 1, line <= starts.count else { return nil }
        var end = starts[line - 1]
        while end < text.count, Self.lineEndLength(text, at: end) == 0 { end += 1 }
        let decoded = String(decoding: text[starts[line - 1]..<end], as: UTF8.self)
        let scalars = decoded.unicodeScalars.map { Self.isPrintable($0) ? $0 : "\u{fffd}" }
        let first = scalars.count <= width ? 0 : max(0, min(column - 1, scalars.count) - width / 2)
        let last = min(scalars.count, first + width)
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: scalars[first..<last])
        let prefix = first > 0 ? "..." : ""
        let suffix = last < scalars.count ? "..." : ""
        return (prefix + String(shown) + suffix, column - first + prefix.count)
    }

    /// Bytes of the line end at `index`, 0 where there is none.
    private static func lineEndLength(_ text: [UInt8], at index: Int) -> Int {
        func byte(_ offset: Int) -> UInt8? {
            index + offset < text.count ? text[index + offset] : nil
        }
        switch text[index] {
        case 0x0a: return 1
        case 0x0d: return byte(1) == 0x0a ? 2 : 1
        case 0xc2: return byte(1) == 0x85 ? 2 : 0
        case 0xe2: return byte(1) == 0x80 && (byte(2) == 0xa8 || byte(2) == 0xa9) ? 3 : 0
        default: return 0
        }
    }

    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }

    /// Terminals obey control characters; a diagnostic must not repeat them.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || !(scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value))
    }
}

extension SourceLines {
    /// Whether a tab stands in front of or at the column with nothing but blanks before it.
    func hasTabInIndentation(line: Int, column: Int) -> Bool {
        guard let shown = excerpt(line: line, column: column) else { return false }
        let indentation = shown.text.prefix { $0 == " " || $0 == "\t" }
        return indentation.contains("\t")
    }
}

/// The offset of the first byte that is not UTF-8, nil when all of it is.
func firstInvalidByte(in text: [UInt8]) -> Int? {
    guard String(validating: text, as: UTF8.self) == nil else { return nil }
    var offset = 0
    var decoder = UTF8()
    var bytes = text.makeIterator()
    while case .scalarValue(let scalar) = decoder.decode(&bytes) {
        offset += UTF8.width(scalar)
    }
    return offset
}
