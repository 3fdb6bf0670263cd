// Events to a tree, within bounds: size, depth, and how much anchors may multiply.
// What is YAML but not ours (tags, several documents, keys that are not text) is refused here.

/// Thrown once the mistake has been reported and the rest of the file makes no sense.
struct Unreadable: Error {}

/// Composes the tree of one file.
struct Composer {
    /// A finished value that an alias may stand for.
    private struct Anchored {
        var node: Node
        /// Values in it, itself included, with its aliases expanded.
        var count: Int
        /// Levels of lists and mappings in it.
        var height: Int
    }

    private let collector: DiagnosticCollector
    private let file: Int
    private let reader: EventReader
    /// Only finished values are here, so no value can contain itself.
    private var anchors: [String: Anchored] = [:]
    private var nodeCount = 0
    /// Within `authentication`. Known already here, since a file that cannot be read to its end is
    /// walked by nobody, and its mistakes are shown all the same.
    private var isSecret = false

    private init(file: Int, text: [UInt8], collector: DiagnosticCollector) {
        self.file = file
        self.collector = collector
        reader = EventReader(text)
    }

    /// The file's one document; nil once it was reported why there is none.
    static func compose(file: Int, collector: DiagnosticCollector) -> Node? {
        let text = collector.files[file].text
        let start = Place(file: file, line: 1, column: 1)
        guard text.count <= SourceFile.maximumByteCount else {
            collector.report(
                start, "the file is larger than 4 MiB", advice: "is it a configuration file?")
            return nil
        }
        guard let bad = firstInvalidByte(in: text) else {
            let mark: [UInt8] = [0xef, 0xbb, 0xbf]
            let body = text.starts(with: mark) ? Array(text.dropFirst(mark.count)) : text
            var composer = Composer(file: file, text: body, collector: collector)
            return try? composer.document()
        }
        let (line, column) = collector.lines(ofFile: file).position(ofByte: bad)
        collector.report(
            Place(file: file, line: line, column: column), "the file is not UTF-8 text",
            advice: "save it as UTF-8")
        return nil
    }

    private mutating func document() throws(Unreadable) -> Node? {
        var root: Node?
        while true {
            let event = try next()
            let place = place(of: event)
            switch event.kind {
            case .streamStart, .documentEnd:
                continue
            case .documentStart where root == nil:
                root = try node(try next(), depth: 0).node
            case .documentStart:
                collector.report(
                    place, "a second YAML document begins here",
                    advice: "write one document per file: remove this `---` or use a drop-in file")
                return root
            case .streamEnd:
                guard let root, !root.isAbsent else {
                    collector.report(
                        Place(file: file, line: 1, column: 1), "the file is empty",
                        advice: "a configuration has at least one entry under `routers`")
                    return nil
                }
                return root
            case .alias, .scalar, .sequenceStart, .sequenceEnd, .mappingStart, .mappingEnd:
                throw stop(place, "this is not YAML")
            }
        }
    }

    private mutating func node(_ event: Event, depth: Int) throws(Unreadable) -> Anchored {
        let place = place(of: event)
        if isSecret { collector.hide(place) }
        var result = Anchored(
            node: Node(place: place, content: .scalar("", plain: true)), count: 1, height: 0)
        let properties: Event.Properties
        switch event.kind {
        case .alias(let name):
            guard let anchored = anchors[name] else {
                throw stop(
                    place, "no anchor \(quoted(name)) ends before this alias",
                    advice: "write `&\(name)` in front of an earlier value")
            }
            try count(anchored.count, at: place)
            try checkDepth(depth + anchored.height, at: place)
            return anchored
        case .scalar(let text, let plain, let own):
            properties = own
            try count(1, at: place)
            result.node.content = .scalar(text, plain: plain)
        case .sequenceStart(let own):
            properties = own
            try count(1, at: place)
            try checkDepth(depth + 1, at: place)
            result.node.content = .sequence(try sequence(depth: depth + 1, into: &result))
        case .mappingStart(let own):
            properties = own
            try count(1, at: place)
            try checkDepth(depth + 1, at: place)
            result.node.content = .mapping(try mapping(depth: depth + 1, into: &result))
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw stop(place, "this is not YAML")
        }
        if let tag = properties.tag {
            collector.report(
                place, "tags such as \(quoted(tag)) are not used here", advice: "remove the tag")
        }
        if let anchor = properties.anchor { anchors[anchor] = result }
        return result
    }

    private mutating func sequence(
        depth: Int, into whole: inout Anchored
    ) throws(Unreadable) -> [Node] {
        var items: [Node] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { return items }
            let item = try node(event, depth: depth)
            whole.count += item.count
            whole.height = max(whole.height, item.height)
            items.append(item.node)
        }
    }

    private mutating func mapping(
        depth: Int, into whole: inout Anchored
    ) throws(Unreadable) -> [Entry] {
        var entries: [Entry] = []
        var places: [String: Place] = [:]
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { return entries }
            let place = place(of: event)
            let key = try node(event, depth: depth)
            let wasSecret = isSecret
            if case .scalar(let name, plain: _) = key.node.content, Self.namesSecret(name) {
                isSecret = true
            }
            let value = try node(try next(), depth: depth)
            isSecret = wasSecret
            whole.count += key.count + value.count
            whole.height = max(whole.height, key.height, value.height)
            guard case .scalar(let text, plain: _) = key.node.content else {
                collector.report(
                    place, "a key must be text, not \(key.node.kindName)",
                    advice: "write `key: value`")
                continue
            }
            if let first = places[text] {
                collector.report(
                    place, "the key \(quoted(text)) is here twice",
                    advice: "it is first defined at \(collector.name(of: first))")
                continue
            }
            places[text] = place
            entries.append(Entry(key: text, place: place, value: value.node))
        }
    }

    private func next() throws(Unreadable) -> Event {
        do {
            return try reader.next()
        } catch {
            let lines = collector.lines(ofFile: file)
            let (line, column) =
                switch error.position {
                case .lineAndColumn(let line, let column): (line, column)
                case .byte(let offset): lines.position(ofByte: offset)
                }
            let tab = lines.hasTabInIndentation(line: line, column: column)
            let place = Place(file: file, line: line, column: column)
            if isSecret { collector.hide(place) }
            throw stop(
                place, error.message,
                advice: tab ? "indent with spaces: YAML does not take tabs" : nil)
        }
    }

    private mutating func count(_ more: Int, at place: Place) throws(Unreadable) {
        nodeCount += more
        guard nodeCount <= Self.maximumNodeCount else {
            throw stop(
                place, "the file has more than \(Self.maximumNodeCount) values here",
                advice: "an alias counts with everything in its anchor; use fewer")
        }
    }

    private func checkDepth(_ depth: Int, at place: Place) throws(Unreadable) {
        guard depth <= Self.maximumDepth else {
            throw stop(
                place, "lists and mappings are more than \(Self.maximumDepth) levels deep here",
                advice: "no key of vrrpd needs that many")
        }
    }

    private func place(of event: Event) -> Place {
        Place(file: file, line: event.line, column: event.column)
    }

    private func stop(_ place: Place, _ message: String, advice: String? = nil) -> Unreadable {
        collector.report(place, message, advice: advice)
        return Unreadable()
    }

    private static let maximumNodeCount = 100_000
    private static let maximumDepth = 16
}

extension Composer {
    /// Whether a secret may stand below a key, also where it is misspelt or belongs to another
    /// program: what is not understood is shown with its line.
    private static func namesSecret(_ key: String) -> Bool {
        let key = key.lowercased()
        return ["auth", "pass", "secret", "hmac"].contains { key.contains($0) }
            || nearest(to: key, among: ["authentication"]) != nil
    }
}
