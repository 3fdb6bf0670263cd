// Counters that were added after recordings were made: where one is absent, it is zero.

/// A counter that an older checkpoint does not have.
@propertyWrapper
package struct LaterCounter: Codable, Equatable, Sendable, BitwiseCopyable {
    package var wrappedValue: UInt64

    package init(wrappedValue: UInt64) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        wrappedValue = try decoder.singleValueContainer().decode(UInt64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

extension KeyedDecodingContainer {
    /// The synthesised members of Codable types choose this over the general one.
    func decode(_: LaterCounter.Type, forKey key: Key) throws -> LaterCounter {
        try decodeIfPresent(LaterCounter.self, forKey: key) ?? LaterCounter(wrappedValue: 0)
    }
}
