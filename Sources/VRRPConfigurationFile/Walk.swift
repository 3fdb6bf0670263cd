// What every part of the schema walk shares: keys, node-keyed values, text with its expansions.
// Readers report and return nil; nil means "reported", so nobody complains about it again.

/// The walk through the trees of all files.
final class Walk {
    let collector: DiagnosticCollector
    /// Every node that some value is keyed by.
    private(set) var nodes: Set<String> = []
    /// This router's name; nil when the file's own `node` is wrong, which is reported already.
    var node: String?
    private let environment: [String: String]
    private let credential: (String) -> String?

    init(
        collector: DiagnosticCollector, node: String?, environment: [String: String],
        credential: @escaping (String) -> String?
    ) {
        self.collector = collector
        self.node = node
        self.environment = environment
        self.credential = credential
    }

    /// One value per node, or one for all.
    struct Keyed<Value> {
        /// This node's.
        var own: Value
        /// Where this node's stands.
        var place: Place
        /// Every node's that could be read.
        var all: [(value: Value, place: Place, node: String?)]

        /// A node's; the one for all, where there is only one.
        func value(on node: String?) -> Value? {
            all.first { $0.node == nil || $0.node == node }?.value
        }
    }

    func note(node: String) {
        nodes.insert(node)
    }

    func report(_ place: Place, _ message: String, advice: String? = nil) {
        collector.report(place, message, advice: advice)
    }

    /// Reports unknown keys. `unavailable` maps keys of later versions to what to do instead.
    func checkKeys(
        _ entries: [Entry], in what: String, known: [String], unavailable: [String: String] = [:]
    ) {
        for entry in entries where !known.contains(entry.key) {
            if let advice = unavailable[entry.key] {
                report(entry.place, Self.notAvailable(entry.key), advice: advice)
            } else if entry.key == "<<" {
                report(
                    entry.place, "merge keys (`<<`) are not used here",
                    advice: "put what routers share under `defaults`")
            } else {
                let all = known + unavailable.keys.sorted()
                let guess = nearest(to: entry.key, among: all)
                report(
                    entry.place, "unknown key \(quoted(entry.key)) in \(what)",
                    advice: guess.map { "did you mean `\($0)`?" }
                        ?? "the keys here are \(quotedList(known))")
            }
        }
    }

    static func notAvailable(_ what: String) -> String {
        "`\(what)` is not available in this version of vrrpd"
    }

    /// A mapping's entries.
    func entries(_ node: Node, of key: String) -> [Entry]? {
        if case .mapping(let entries) = node.content { return entries }
        if node.isAbsent {
            report(node.place, "`\(key)` has no value", advice: "give it keys, or remove it")
        } else {
            report(node.place, "`\(key)` takes a mapping, not \(node.kindName)")
        }
        return nil
    }

    /// Reads a value that may be keyed by node. Every node's value is read, so that the file is
    /// right on all of them when it is right on one.
    func keyed<Value>(_ entry: Entry, _ read: (Node, String) -> Value?) -> Keyed<Value>? {
        guard case .mapping(let entries) = entry.value.content else {
            guard let value = read(entry.value, entry.key) else { return nil }
            let place = entry.value.place
            return Keyed(own: value, place: place, all: [(value, place, nil)])
        }
        var own: (value: Value, place: Place, node: String?)?
        var all: [(value: Value, place: Place, node: String?)] = []
        for candidate in entries {
            guard checkName(candidate.key, at: candidate.place, what: "a node's name") else {
                continue
            }
            nodes.insert(candidate.key)
            guard case .some(let value) = read(candidate.value, entry.key) else { continue }
            all.append((value, candidate.value.place, candidate.key))
            if candidate.key == node { own = all.last }
        }
        if let node, entries[node] == nil {
            let there = entries.map(\.key)
            report(
                entry.value.place, "`\(entry.key)` has no value for node \(quoted(node))",
                advice: there.isEmpty
                    ? "write `\(node): VALUE` in it"
                    : "the nodes here are \(quotedList(there)); add this one, or set `node`")
        }
        return own.map { Keyed(own: $0.value, place: $0.place, all: all) }
    }

    /// Text as it is meant, `${...}` expanded.
    func text(_ node: Node, _ key: String) -> String? {
        guard case .scalar(let raw, plain: _) = node.content else {
            report(node.place, "`\(key)` takes one value, not \(node.kindName)")
            return nil
        }
        if node.isAbsent {
            report(node.place, "`\(key)` has no value", advice: "give it one, or remove the key")
            return nil
        }
        return raw.contains("${") ? expand(raw, at: node.place) : raw
    }

    /// The text as it is written: what messages repeat, so that no secret is ever printed.
    func written(_ node: Node) -> String {
        guard case .scalar(let raw, plain: _) = node.content else { return node.kindName }
        return quoted(raw)
    }

    /// `${env:NAME}` and `${cred:NAME}`; `$${` stands for `${`.
    private func expand(_ raw: String, at place: Place) -> String? {
        var result = ""
        var rest = raw[...]
        while let dollar = rest.firstRange(of: "${") {
            if rest[..<dollar.lowerBound].hasSuffix("$") {
                result += rest[..<dollar.lowerBound] + "{"
                rest = rest[dollar.upperBound...]
                continue
            }
            result += rest[..<dollar.lowerBound]
            guard let end = rest[dollar.upperBound...].firstIndex(of: "}") else {
                report(place, "`${` without `}`", advice: "write `${env:NAME}` or `${cred:NAME}`")
                return nil
            }
            let name = rest[dollar.upperBound..<end]
            guard let value = value(of: name, at: place) else { return nil }
            result += value
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private func value(of reference: Substring, at place: Place) -> String? {
        let parts = reference.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.count == 2 ? String(parts[1]) : ""
        guard Self.isName(name), parts[0] == "env" || parts[0] == "cred" else {
            report(
                place, "\(quoted("${\(reference)}")) is neither `${env:NAME}` nor `${cred:NAME}`",
                advice: "write `$${` where `${` itself is meant")
            return nil
        }
        if parts[0] == "env" {
            if let value = environment[name] { return value }
            report(
                place, "the environment has no variable \(quoted(name))",
                advice: "set it where vrrpd is started, for example `Environment=` in its unit")
            return nil
        }
        if let value = credential(name) {
            return value.hasSuffix("\n") ? String(value.dropLast()) : value
        }
        report(
            place, "there is no credential \(quoted(name))",
            advice: "add `LoadCredential=\(name):PATH` to the unit of vrrpd")
        return nil
    }

    /// Letters, digits, `-`, `_` and `.`, beginning with a letter, a digit or `_`.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !"-.".utf8.contains(first) else { return false }
        return text.utf8.count <= 64
            && text.unicodeScalars.allSatisfy { scalar in
                ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                    || ("0"..."9").contains(scalar) || "-_.".unicodeScalars.contains(scalar)
            }
    }

    func checkName(_ text: String, at place: Place, what: String) -> Bool {
        if Self.isName(text) { return true }
        report(
            place, "\(quoted(text)) is not \(what)",
            advice:
                "use up to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit")
        return false
    }
}
