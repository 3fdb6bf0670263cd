// `authentication`: passwords and keys. Messages here repeat nothing of what stands in the file, not
// even where another word was expected: it may be a secret at the wrong place.

import VRRPConfiguration
import VRRPWire

extension Walk {
    func authentication(_ entry: Entry) -> Keyed<AuthenticationPolicy>? {
        collector.hide(entry.value)
        guard case .mapping(let entries) = entry.value.content, !entries.isEmpty else {
            report(
                entry.place, "`authentication` takes a mapping with `text` or `hmac`",
                advice: "write `authentication: {text: PASSWORD}`, or `{hmac: …}` for version 3")
            return nil
        }
        for unknown in entries where unknown.key != "text" && unknown.key != "hmac" {
            collector.hide(unknown.place)
            report(
                unknown.place, "unknown key in `authentication`",
                advice: "the keys here are `text` and `hmac`")
        }
        if let second = entries["hmac"], entries["text"] != nil {
            report(
                second.place, "`authentication` is either `text` or `hmac`",
                advice: "remove `text`: everybody on the LAN can read it")
            return nil
        }
        if let hmac = entries["hmac"] { return self.hmac(hmac) }
        guard let text = entries["text"] else { return nil }
        return keyed(text) { node, key in
            guard let password = self.text(node, key) else { return nil }
            guard Advertisement.Authentication(text: password) != nil else {
                report(
                    node.place,
                    "`text` takes a password of 1 to 8 bytes; this one has \(password.utf8.count)",
                    advice: "version 2 has room for 8; use the same on every router")
                return nil
            }
            return .text(password)
        }
    }

    /// All keys are required: a default would be a guess about what the other routers do.
    private func hmac(_ entry: Entry) -> Keyed<AuthenticationPolicy>? {
        guard let entries = entries(entry.value, of: entry.key) else { return nil }
        for unknown in entries where !Self.hmacKeys.contains(where: { $0.key == unknown.key }) {
            collector.hide(unknown.place)
            report(
                unknown.place, "unknown key in `hmac`",
                advice: "the keys here are \(quotedList(Self.hmacKeys.map(\.key)))")
        }
        for (key, advice) in Self.hmacKeys where entries[key] == nil {
            report(entry.place, "`hmac` needs the key `\(key)`", advice: advice)
        }
        let keys = entries["keys"].flatMap(secrets)
        let active = entries["active"].flatMap { keyed($0, self.keyNumber) }
        let mode = entries["mode"].flatMap { keyed($0, self.mode) }
        guard let keys else { return nil }
        var isGood = true
        for (number, place, _) in active?.all ?? [] where !keys.contains(where: { $0.id == number })
        {
            isGood = false
            report(
                place, "`active` is none of `keys`",
                advice: "the keys here are \(quotedList(keys.map { "\($0.id)" }))")
        }
        guard
            isGood, let active, let mode,
            let policy = HMACPolicy(keys: keys, active: active.own, mode: mode.own)
        else { return nil }
        return Keyed(
            own: .hmac(policy), place: entry.place, all: [(.hmac(policy), entry.place, nil)])
    }

    private static let hmacKeys = [
        (key: "keys", advice: "for example `keys: {1: \"${cred:vrrp-key}\"}`"),
        (key: "active", advice: "write the number of the key that this router sends with"),
        (key: "mode", advice: "begin with `receive-only` on every router, end with `enforce`"),
    ]

    private func secrets(_ entry: Entry) -> [HMACPolicy.Key]? {
        guard let entries = entries(entry.value, of: entry.key) else { return nil }
        guard !entries.isEmpty else {
            report(
                entry.place, "`keys` is empty", advice: "write at least one, `NUMBER: SECRET`")
            return nil
        }
        let keys = entries.compactMap { entry -> HMACPolicy.Key? in
            let secret = secret(entry.value)
            guard let number = Self.keyNumber(entry.key) else {
                collector.hide(entry.place)
                report(entry.place, "the number of a key is from 1 to 255")
                return nil
            }
            return secret.map { HMACPolicy.Key(id: number, secret: $0) }
        }
        return keys.count == entries.count ? keys : nil
    }

    private func secret(_ node: Node) -> Secret? {
        guard let text = text(node, "keys") else { return nil }
        let bytes: [UInt8]
        if text.hasPrefix(Self.hexadecimalMark) {
            guard let decoded = Self.bytes(hexadecimal: text.dropFirst(4)) else {
                report(
                    node.place, "behind `hex:` there are two hexadecimal digits for each byte",
                    advice: "`openssl rand -hex 32` makes 32 bytes")
                return nil
            }
            bytes = decoded
        } else if text.hasPrefix("file:") {
            // As keepalived writes it. Taken for the secret itself, nobody would share it.
            report(
                node.place, "a secret is not read from a file named here",
                advice: "write `${cred:NAME}`, with `LoadCredential=NAME:PATH` in vrrpd's unit")
            return nil
        } else {
            bytes = Array(text.utf8)
        }
        guard (32...64).contains(bytes.count) else {
            report(
                node.place, "a secret has 32 to 64 bytes; this one has \(bytes.count)",
                advice: "`openssl rand -hex 32` makes one, to be written behind `hex:`")
            return nil
        }
        return Secret(bytes)
    }

    private static let hexadecimalMark = "hex:"

    private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[place], let low = digits[place + 1] else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }

    private static func keyNumber(_ text: String) -> UInt8? {
        guard let number = decimal(text), (1...255).contains(number) else { return nil }
        return UInt8(number)
    }

    private func keyNumber(_ node: Node, _ key: String) -> UInt8? {
        guard let text = text(node, key) else { return nil }
        guard let number = Self.keyNumber(text) else {
            report(node.place, "`\(key)` takes the number of a key, from 1 to 255")
            return nil
        }
        return number
    }

    private func mode(_ node: Node, _ key: String) -> HMACPolicy.Mode? {
        guard let text = text(node, key) else { return nil }
        guard let mode = HMACPolicy.Mode(rawValue: text) else {
            let words = HMACPolicy.Mode.allCases.map(\.rawValue)
            report(
                node.place, "`\(key)` takes \(quotedList(words, "or"))",
                advice: nearest(to: text, among: words).map { "did you mean `\($0)`?" })
            return nil
        }
        return mode
    }
}
