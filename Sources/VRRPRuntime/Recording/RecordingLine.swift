// The format of a recording: JSON Lines, one value a line, readable with `grep`. The first line
// says what the file is, the second the engine as it was (new, or a whole checkpoint), the others
// what went into it and what it told. Instants are nanoseconds of the boot clock; the first line ties them to the wall clock.

package import FoundationEssentials
import VRRPControl
package import VRRPCore
package import VRRPEngine
package import VRRPWire

/// The first line.
package struct RecordingHeader: Codable, Equatable, Sendable {
    package var format: Int
    package var release: String
    package var node: String
    /// One moment on both clocks.
    package var at: Instant
    package var wall: Nanoseconds
    /// `wall` again, for people.
    package var time: String

    package init(release: String, node: String, at: Instant, wall: Duration) {
        format = Self.format
        self.release = release
        self.node = node
        self.at = at
        self.wall = Nanoseconds(wall)
        time = rfc3339(sinceEpoch: wall)
    }

    /// Raised when a recording of before could not be replayed as it was meant.
    package static let format = 1
    /// What every recording begins with.
    package static let firstBytes = Array(#"{"recording":{"#.utf8)

    package func wall(of instant: Instant) -> Duration { wall.duration + (instant - at) }
}

package enum RecordingLine: Sendable {
    case header(RecordingHeader)
    /// An engine of this name that has been given nothing yet.
    case start(node: String, at: Instant)
    case checkpoint(EngineCheckpoint, at: Instant)
    case input(EngineInput, at: Instant)
    /// What operators were told: for comparison, not an input.
    case told(String, at: Instant)
    /// So many inputs had no room in the queue or in the file.
    case lost(UInt64)
    /// The file was finished properly, and why.
    case end(String)
}

/// What is wrong with a line, as a clause for people.
package struct RecordingDamage: Error, Equatable, Sendable {
    package var message: String
}

// MARK: Writing

extension RecordingLine {
    /// With the line feed. `at` comes first, so that lines align.
    package func encoded(with encoder: JSONEncoder) throws -> [UInt8] {
        switch self {
        case .header(let header):
            try Self.line(nil, encoder.encode(["recording": header]))
        case .start(let node, let now):
            try Self.line(now, encoder.encode(["start": node]))
        case .checkpoint(let checkpoint, let now):
            try Self.line(now, encoder.encode(["checkpoint": checkpoint]))
        case .input(let input, let now):
            try Self.line(now, encoder.encode(input))
        case .told(let text, let now):
            try Self.line(now, encoder.encode(["told": text]))
        case .lost(let count):
            try Self.line(nil, encoder.encode(["lost": count]))
        case .end(let reason):
            try Self.line(nil, encoder.encode(["end": reason]))
        }
    }

    private static func line(_ instant: Instant?, _ object: Data) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(object.count + 32)
        if let instant {
            let (seconds, attoseconds) = instant.sinceOrigin.components
            line += Array(#"{"at":\#(seconds * 1_000_000_000 + attoseconds / 1_000_000_000),"#.utf8)
            line += object.dropFirst()
        } else {
            line += object
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    package static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

// MARK: Reading

extension RecordingLine: Decodable {
    /// One line, without its line feed.
    package init(decoding line: some Sequence<UInt8>) throws(RecordingDamage) {
        do {
            self = try JSONDecoder().decode(RecordingLine.self, from: Data(line))
        } catch let damage as RecordingDamage {
            throw damage
        } catch let error as DecodingError {
            throw RecordingDamage(error)
        } catch {
            throw RecordingDamage(message: "this line cannot be read: \(error)")
        }
    }

    private struct Word: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Word.self)
        let words = container.allKeys.map(\.stringValue).filter { $0 != "at" }.sorted()
        guard let word = words.first, words.count == 1 else {
            throw RecordingDamage(message: "a line says one thing, this one says \(words.count)")
        }
        let key = Word(stringValue: word)
        func instant() throws -> Instant {
            try container.decode(Instant.self, forKey: Word(stringValue: "at"))
        }
        switch word {
        case "recording":
            self = .header(try Self.header(container.superDecoder(forKey: key)))
        case "start":
            self = .start(
                node: try container.decode(String.self, forKey: key), at: try instant())
        case "checkpoint":
            let checkpoint = try container.decode(EngineCheckpoint.self, forKey: key)
            if let fault = checkpoint.fault {
                throw RecordingDamage(message: "the checkpoint contradicts itself: \(fault)")
            }
            self = .checkpoint(checkpoint, at: try instant())
        case "told":
            self = .told(try container.decode(String.self, forKey: key), at: try instant())
        case "lost":
            self = .lost(try container.decode(UInt64.self, forKey: key))
        case "end":
            self = .end(try container.decode(String.self, forKey: key))
        default:
            self = .input(try Self.input(word, decoder), at: try instant())
        }
    }

    private static func input(_ word: String, _ decoder: any Decoder) throws -> EngineInput {
        do {
            let input = try EngineInput(from: decoder)
            if let fault = input.fault { throw RecordingDamage(message: fault) }
            return input
        } catch DecodingError.typeMismatch(let type, _) where type == EngineInput.self {
            throw RecordingDamage(message: "`\(word)` is no input that this vrrpd knows")
        }
    }

    /// The format first: the rest of another one may look different.
    private static func header(_ decoder: any Decoder) throws -> RecordingHeader {
        let container = try decoder.container(keyedBy: Word.self)
        let format = try container.decode(Int.self, forKey: Word(stringValue: "format"))
        guard format == RecordingHeader.format else {
            let release = try? container.decode(String.self, forKey: Word(stringValue: "release"))
            throw RecordingDamage(
                message: "this recording has format \(format), and this vrrpd reads format"
                    + " \(RecordingHeader.format): replay it with vrrpd \(release ?? "of its time")"
            )
        }
        return try RecordingHeader(from: decoder)
    }
}

extension RecordingDamage {
    fileprivate init(_ error: DecodingError) {
        func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
            (context.codingPath + (last.map { [$0] } ?? [])).map {
                $0.intValue.map(String.init) ?? $0.stringValue
            }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            message = "`\(path(context, key))` is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context),
            .dataCorrupted(let context):
            message =
                context.codingPath.isEmpty
                ? "this is not a JSON object" : "`\(path(context))`: \(context.debugDescription)"
        @unknown default:
            message = "this line cannot be read: \(error)"
        }
    }
}
