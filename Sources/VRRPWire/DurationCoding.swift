// Durations in files: nanoseconds, which people can read, and nothing is lost.

/// A duration as a number of nanoseconds. Where these are not exact (a Skew_Time at 10 ms is a
/// multiple of half a nanosecond), a pair: nanoseconds, and the attoseconds beyond them.
package struct Nanoseconds: Codable, Equatable, Sendable, BitwiseCopyable {
    package var duration: Duration

    package init(_ duration: Duration) {
        self.duration = duration
    }

    package init(from decoder: any Decoder) throws {
        if let whole = try? decoder.singleValueContainer().decode(Int64.self) {
            duration = .nanoseconds(whole)
            return
        }
        var pair = try decoder.unkeyedContainer()
        let whole = try pair.decode(Int64.self)
        let rest = try pair.decode(Int64.self)
        duration = .nanoseconds(whole) + Duration(secondsComponent: 0, attosecondsComponent: rest)
    }

    package func encode(to encoder: any Encoder) throws {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (whole, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !overflow, !carry else {
            throw EncodingError.invalidValue(
                duration,
                EncodingError.Context(
                    codingPath: encoder.codingPath,
                    debugDescription: "a duration of more than 292 years"))
        }
        let rest = attoseconds % 1_000_000_000
        if rest == 0 {
            var container = encoder.singleValueContainer()
            try container.encode(whole)
        } else {
            var pair = encoder.unkeyedContainer()
            try pair.encode(whole)
            try pair.encode(rest)
        }
    }
}

// The synthesised members of Codable types choose these over the general ones, and so write every
// `Duration` as `Nanoseconds`.

extension KeyedEncodingContainer {
    package mutating func encode(_ duration: Duration, forKey key: Key) throws {
        try encode(Nanoseconds(duration), forKey: key)
    }

    package mutating func encodeIfPresent(_ duration: Duration?, forKey key: Key) throws {
        if let duration { try encode(Nanoseconds(duration), forKey: key) }
    }
}

extension KeyedDecodingContainer {
    package func decode(_: Duration.Type, forKey key: Key) throws -> Duration {
        try decode(Nanoseconds.self, forKey: key).duration
    }

    package func decodeIfPresent(_: Duration.Type, forKey key: Key) throws -> Duration? {
        try decodeIfPresent(Nanoseconds.self, forKey: key)?.duration
    }
}
