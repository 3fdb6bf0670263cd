// The tree that a YAML file becomes: text, lists and mappings with their places. No types are
// guessed: `no` and `012` are text until a key asks for something else.

/// One value of the file.
struct Node {
    var place: Place
    var content: Content

    enum Content {
        /// `plain` is text without quotes.
        case scalar(String, plain: Bool)
        case sequence([Node])
        case mapping([Entry])
    }

    /// What messages call it.
    var kindName: String {
        switch content {
        case .scalar: "text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Nothing, `~` or `null` without quotes: what a generator writes for a value it does not have.
    var isAbsent: Bool {
        guard case .scalar(let text, plain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null"
    }
}

/// One key of a mapping with its value.
struct Entry {
    var key: String
    var place: Place
    var value: Node
}

extension [Entry] {
    subscript(key: String) -> Entry? { first { $0.key == key } }
}
