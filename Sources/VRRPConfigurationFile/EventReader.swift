// libyaml's event parser behind a safe surface: events with their places, as values.
// The only file that touches libyaml. What libyaml allocates it frees, on every way out.

private import CYAML

/// One event with the place where its text begins.
struct Event {
    var kind: Kind
    /// From 1.
    var line: Int
    /// From 1, in Unicode scalars.
    var column: Int

    enum Kind {
        case streamStart, streamEnd
        case documentStart, documentEnd
        case alias(String)
        case scalar(String, plain: Bool, Properties)
        case sequenceStart(Properties), sequenceEnd
        case mappingStart(Properties), mappingEnd
    }

    /// What may stand in front of a value.
    struct Properties {
        var anchor: String?
        var tag: String?
    }
}

/// Text that is not YAML.
struct SyntaxError: Error {
    enum Position {
        /// From 1.
        case lineAndColumn(Int, Int)
        case byte(Int)
    }
    var message: String
    var position: Position
}

/// Reads the events of one text. A class, because libyaml keeps the address of its parser.
final class EventReader {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>
    private let initialized: Bool

    /// `text` is UTF-8 without a byte order mark.
    init(_ text: [UInt8]) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        initialized = yaml_parser_initialize(parser) == 1
        self.text = .allocate(capacity: max(1, text.count))
        _ = self.text.initialize(from: text)
        if initialized {
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, self.text.baseAddress, text.count)
        }
    }

    deinit {
        if initialized { yaml_parser_delete(parser) }
        parser.deinitialize(count: 1)
        parser.deallocate()
        text.deallocate()
    }

    /// The next event; after `streamEnd` and after an error there is none.
    func next() throws(SyntaxError) -> Event {
        guard initialized else {
            throw SyntaxError(message: "out of memory", position: .byte(0))
        }
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
        defer { yaml_event_delete(&event) }
        return Event(
            kind: Self.kind(of: event), line: event.start_mark.line + 1,
            column: event.start_mark.column + 1)
    }

    private static func kind(of event: yaml_event_t) -> Event.Kind {
        switch event.type {
        case YAML_STREAM_START_EVENT:
            return .streamStart
        case YAML_DOCUMENT_START_EVENT:
            return .documentStart
        case YAML_DOCUMENT_END_EVENT:
            return .documentEnd
        case YAML_ALIAS_EVENT:
            return .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                String(decoding: bytes, as: UTF8.self),
                plain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                Event.Properties(anchor: string(scalar.anchor), tag: string(scalar.tag)))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return .sequenceStart(
                Event.Properties(anchor: string(start.anchor), tag: string(start.tag)))
        case YAML_SEQUENCE_END_EVENT:
            return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return .mappingStart(
                Event.Properties(anchor: string(start.anchor), tag: string(start.tag)))
        case YAML_MAPPING_END_EVENT:
            return .mappingEnd
        default:
            // YAML_STREAM_END_EVENT, and YAML_NO_EVENT for whoever asks again after it.
            return .streamEnd
        }
    }

    private func syntaxError() -> SyntaxError {
        let problem = Self.string(parser.pointee.problem) ?? "this is not YAML"
        switch parser.pointee.error {
        case YAML_READER_ERROR:
            return SyntaxError(message: problem, position: .byte(parser.pointee.problem_offset))
        case YAML_MEMORY_ERROR:
            return SyntaxError(message: "out of memory", position: .byte(0))
        default:
            let mark = parser.pointee.problem_mark
            let context = Self.string(parser.pointee.context).map { " (\($0))" } ?? ""
            return SyntaxError(
                message: problem + context,
                position: .lineAndColumn(mark.line + 1, mark.column + 1))
        }
    }

    private static func string(_ text: UnsafePointer<yaml_char_t>?) -> String? {
        text.map { String(cString: $0) }
    }

    private static func string(_ text: UnsafePointer<CChar>?) -> String? {
        text.map { String(cString: $0) }
    }
}
