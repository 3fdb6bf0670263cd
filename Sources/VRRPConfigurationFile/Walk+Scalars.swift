// Text to values: exactly what a key asks for and nothing that looks similar.

extension Walk {
    /// `true` or `false`.
    func boolean(_ node: Node, _ key: String) -> Bool? {
        guard let text = text(node, key) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            let guess: String? =
                switch text.lowercased() {
                case "yes", "on", "y", "1", "true", "enabled": "write `true`"
                case "no", "off", "n", "0", "false", "disabled": "write `false`"
                default: nil
                }
            report(
                node.place, "`\(key)` takes `true` or `false`, not \(written(node))", advice: guess)
            return nil
        }
    }

    /// A decimal integer without sign, leading zeros or exponent.
    func integer(_ range: ClosedRange<Int>, _ advice: String? = nil) -> (Node, String) -> Int? {
        { [self] node, key in
            guard let text = text(node, key) else { return nil }
            guard let value = Self.decimal(text) else {
                let padded = text.drop { $0 == "0" }
                report(
                    node.place, "`\(key)` takes a whole number, not \(written(node))",
                    advice: Self.decimal(String(padded)).map { "write `\($0)`, without zeros" }
                        ?? "write a decimal number from \(range.lowerBound) to \(range.upperBound)")
                return nil
            }
            guard range.contains(value) else {
                report(
                    node.place,
                    "`\(key)` must be from \(range.lowerBound) to \(range.upperBound), "
                        + "not \(written(node))", advice: advice)
                return nil
            }
            return value
        }
    }

    /// At most nine digits.
    static func decimal(_ text: String) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy(isDigit) else { return nil }
        guard text == "0" || !text.hasPrefix("0") else { return nil }
        return Int(text)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// One of a few words.
    func word(_ words: [String]) -> (Node, String) -> String? {
        { [self] node, key in
            guard let text = text(node, key) else { return nil }
            guard words.contains(text) else {
                report(
                    node.place,
                    "`\(key)` takes \(quotedList(words, "or")), not \(written(node))",
                    advice: nearest(to: text, among: words).map { "did you mean `\($0)`?" })
                return nil
            }
            return text
        }
    }

    /// A case of an enumeration by its word.
    func choice<Value: RawRepresentable & CaseIterable>(
        _ type: Value.Type
    ) -> (Node, String) -> Value? where Value.RawValue == String {
        { [self] node, key in
            word(Value.allCases.map(\.rawValue))(node, key).flatMap(Value.init(rawValue:))
        }
    }

    /// A duration with its unit, within a range.
    func duration(_ range: ClosedRange<Duration>) -> (Node, String) -> Duration? {
        { [self] node, key in
            guard let text = text(node, key) else { return nil }
            guard let value = Self.duration(text) else {
                if Self.isNumber(text) {
                    let advice =
                        text == "0" ? "write `0s`" : "write for example `\(text)s` or `\(text)ms`"
                    report(
                        node.place, "`\(key)` needs a unit: \(written(node)) is only a number",
                        advice: advice)
                } else {
                    report(
                        node.place, "`\(key)` takes a duration, not \(written(node))",
                        advice: "write a number and a unit without a space: "
                            + "`500us`, `200ms`, `1.5s`, `2m` or `1h`")
                }
                return nil
            }
            guard range.contains(value) else {
                report(
                    node.place,
                    "`\(key)` must be from \(Self.text(of: range.lowerBound)) to "
                        + "\(Self.text(of: range.upperBound)), not \(written(node))")
                return nil
            }
            return value
        }
    }

    private static func isNumber(_ text: String) -> Bool {
        duration(text + "s") != nil
    }

    /// Exact: up to nine digits on either side of the point.
    static func duration(_ text: String) -> Duration? {
        let number = text.prefix { ("0"..."9").contains($0) || $0 == "." }
        guard let unit = units.first(where: { $0.name == text[number.endIndex...] })?.unit else {
            return nil
        }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = decimal(String(parts[0])) else {
            return nil
        }
        guard parts.count == 2 else { return unit * whole }
        let digits = parts[1].utf8
        guard (1...9).contains(digits.count), digits.allSatisfy(isDigit),
            let fraction = Int(parts[1])
        else { return nil }
        return unit * whole + unit * fraction / digits.reduce(1) { power, _ in power * 10 }
    }

    /// As a user would write it.
    static func text(of duration: Duration) -> String {
        for (name, unit) in units.reversed() where duration >= unit {
            let milli = duration / (unit / 1000)
            guard milli.rounded() == milli, name != "h" || milli.remainder(dividingBy: 1000) == 0
            else { continue }
            let whole = Int(milli) / 1000
            let rest = Int(milli) % 1000
            guard rest > 0 else { return "\(whole)\(name)" }
            if name == "m" { continue }
            var digits = String(String(1000 + rest).dropFirst())
            while digits.hasSuffix("0") { digits.removeLast() }
            return "\(whole).\(digits)\(name)"
        }
        return "0s"
    }

    private static let units: [(name: String, unit: Duration)] = [
        ("us", .microseconds(1)), ("ms", .milliseconds(1)), ("s", .seconds(1)),
        ("m", .seconds(60)), ("h", .seconds(3600)),
    ]

    /// A name the kernel takes for an interface.
    func interfaceName(_ node: Node, _ key: String) -> String? {
        guard let text = text(node, key) else { return nil }
        let isGood =
            (1...15).contains(text.utf8.count) && text != "." && text != ".."
            && text.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0 != "/" && $0 != ":" && $0.value >= 0x20
                    && $0.value != 0x7f
            }
        guard isGood else {
            report(
                node.place, "\(written(node)) is not an interface's name",
                advice: "names have 1 to 15 characters without `/`, `:` and blanks")
            return nil
        }
        return text
    }

    /// A name below /run/netns, or the absolute path of a namespace.
    func networkNamespace(_ node: Node, _ key: String) -> String? {
        guard let text = text(node, key) else { return nil }
        let isPath =
            text.hasPrefix("/") && text.utf8.count <= 200 && !text.hasSuffix("/")
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7f }
        guard isPath || Self.isName(text) else {
            report(
                node.place, "\(written(node)) is not a network namespace",
                advice: "write its name below /run/netns, as `ip netns` shows it, or a path")
            return nil
        }
        // One namespace has one name, so that its interfaces have one, too.
        for folder in ["/run/netns/", "/var/run/netns/"] where text.hasPrefix(folder) {
            let name = String(text.dropFirst(folder.count))
            if Self.isName(name) { return name }
        }
        return text
    }

    /// An absolute path that fits into a socket's address.
    func socketPath(_ node: Node, _ key: String) -> String? {
        guard let text = text(node, key) else { return nil }
        guard text.hasPrefix("/"), text.utf8.count <= 107, !text.utf8.contains(0) else {
            report(
                node.place,
                "`\(key)` takes an absolute path of at most 107 bytes, not \(written(node))")
            return nil
        }
        return text
    }
}
