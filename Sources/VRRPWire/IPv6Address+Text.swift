// The text of an IPv6 address: read as RFC 4291 §2.2 allows, written as RFC 5952 asks.

extension IPv6Address {
    /// Reads every form of RFC 4291 §2.2: full, shortened by one `::`, and with an IPv4 address in
    /// the last 32 bits. A zone (`%eth0`) is not part of an address and is refused.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard (2...45).contains(bytes.count) else { return nil }
        guard let gap = Self.firstGap(in: bytes[...]) else {
            guard let all = Self.groups(in: bytes[...]), all.count == 8 else { return nil }
            self.init(leading: all, trailing: [])
            return
        }
        let head = bytes[..<gap]
        let tail = bytes[(gap + 2)...]
        guard
            // A second `::`, or a third colon, makes the text ambiguous.
            Self.firstGap(in: bytes[(gap + 1)...]) == nil,
            let leading = head.isEmpty ? [] : Self.groups(in: head, mayEndInIPv4: false),
            let trailing = tail.isEmpty ? [] : Self.groups(in: tail),
            leading.count + trailing.count < 8
        else { return nil }
        self.init(leading: leading, trailing: trailing)
    }

    private init(leading: [UInt16], trailing: [UInt16]) {
        let firstTrailing = 8 - trailing.count
        self.init(
            groups: [8 of UInt16] { index in
                if index < leading.count { return leading[index] }
                return index >= firstTrailing ? trailing[index - firstTrailing] : 0
            })
    }

    /// The index of the first `::`.
    private static func firstGap(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.indices.dropLast().first { bytes[$0] == colon && bytes[$0 + 1] == colon }
    }

    private static func groups(
        in bytes: ArraySlice<UInt8>, mayEndInIPv4: Bool = true
    ) -> [UInt16]? {
        var result: [UInt16] = []
        let parts = bytes.split(separator: colon, omittingEmptySubsequences: false)
        for (position, part) in parts.enumerated() {
            if mayEndInIPv4, position == parts.count - 1, part.contains(UInt8(ascii: ".")) {
                guard let address = IPv4Address(String(decoding: part, as: UTF8.self)) else {
                    return nil
                }
                result.append(UInt16(address.rawValue >> 16))
                result.append(UInt16(truncatingIfNeeded: address.rawValue))
            } else {
                guard let group = group(part) else { return nil }
                result.append(group)
            }
        }
        return result.count <= 8 ? result : nil
    }

    private static func group(_ digits: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(digits.count) else { return nil }
        var value: UInt16 = 0
        for digit in digits {
            guard let number = hexadecimalDigit(digit) else { return nil }
            value = value << 4 | UInt16(number)
        }
        return value
    }

    private static let colon = UInt8(ascii: ":")
}

/// The value of one hexadecimal digit in either case.
func hexadecimalDigit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}

extension IPv6Address: CustomStringConvertible {
    /// RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the
    /// first of equals) as `::`; an IPv4-mapped address ends in dotted decimals.
    package var description: String {
        if high == 0, low >> 32 == 0xffff {
            return "::ffff:\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)))"
        }
        let groups = self.groups
        let zeros = longestZeroRun
        var text = ""
        var index = 0
        while index < 8 {
            if let zeros, index == zeros.lowerBound {
                text += "::"
                index = zeros.upperBound
                continue
            }
            if index > 0, index != zeros?.upperBound { text += ":" }
            text += String(groups[index], radix: 16)
            index += 1
        }
        return text
    }

    private var longestZeroRun: Range<Int>? {
        let groups = self.groups
        var best: Range<Int>?
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start >= 2, end - start > (best?.count ?? 0) { best = start..<end }
            start = end + 1
        }
        return best
    }
}
