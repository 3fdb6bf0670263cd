// How values stand in a file that people read: addresses as text, bytes in hexadecimal, durations
// in nanoseconds. The standard library's Codable only; which format it becomes is not known here.

/// A value whose text says all of it.
package protocol TextCodable: Codable, CustomStringConvertible {
    init?(_ text: String)
}

extension TextCodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "`\(text)` is not the text of \(Self.self)")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension IPv4Address: TextCodable {}
extension IPv6Address: TextCodable {}
extension IPAddress: TextCodable {}
extension InterfaceAddress: TextCodable {}
extension MACAddress: TextCodable {}

/// Bytes as pairs of hexadecimal digits: `3133650100640b29c0000201`.
package struct HexadecimalBytes: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension HexadecimalBytes: TextCodable {
    package init?(_ text: String) {
        let digits = text.utf8.compactMap(hexadecimalDigit)
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    package var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(Self.digit(byte >> 4))
            text.append(Self.digit(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

// MARK: Numbers

extension AddressFamily: Codable {}
extension VRRPVersion: Codable {}
extension ChecksumForm: Codable {}

extension VirtualRouterID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(try container.decode(UInt8.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no virtual router has VRID 0")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension Priority: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(UInt8.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
