// What is left of version 2: its text authentication, and its advertisements beside those of
// version 3 (RFC 2338 §5.3.6, §5.3.10; RFC 3768 §5.3.6; RFC 9568 §8.4.2).

extension Advertisement {
    /// The authentication of version 2, which RFC 3768 §5.3.6 keeps for the sake of RFC 2338 only.
    package struct Authentication: Equatable, Sendable, BitwiseCopyable {
        /// 0 is none, 1 a text, 2 the Authentication Header of IP; others are not defined.
        package var type: UInt8
        /// Eight bytes, the first one in the most significant place.
        package var data: UInt64

        package init(type: UInt8, data: UInt64) {
            self.type = type
            self.data = data
        }

        /// A password of 1…8 bytes in UTF-8, filled up with zeros (RFC 2338 §5.3.10); nil for any
        /// other, and for one with a zero in it, which could not be told from the filling.
        package init?(text: String) {
            let bytes = text.utf8
            guard (1...8).contains(bytes.count), !bytes.contains(0) else { return nil }
            type = Self.textType
            data = bytes.reduce(0) { $0 << 8 | UInt64($1) } << (8 * UInt64(8 - bytes.count))
        }

        /// Whether `received` are our eight bytes. Takes the same time wherever they differ, so
        /// that a password cannot be found byte by byte.
        package func matches(_ received: UInt64) -> Bool { data ^ received == 0 }

        /// Simple text password (RFC 2338 §5.3.6).
        package static let textType: UInt8 = 1
        /// 2, IP Authentication Header (RFC 2338 §5.3.6), which we do not speak.
        package static let lastDefinedType: UInt8 = 2
    }
}

extension Advertisement.Authentication: CustomStringConvertible {
    /// Not the data: they may be a password.
    package var description: String { "authentication type \(type)" }
}

extension Advertisement {
    /// The Adver Int of version 2 for an interval of version 3: whole seconds, 1…255.
    ///
    /// A router that speaks both versions sends both at the rate of version 3, even below a second,
    /// and announces in version 2 the nearest number of seconds but never 0 (RFC 9568 §8.4.2):
    /// max(1, round(centiseconds / 100)), halves upwards. An interval outside of what version 3 can
    /// say, 10 ms…40.95 s, is first brought there.
    package static func version2Interval(for interval: Duration) -> Duration {
        let centiseconds = Int(centiseconds(interval))
        return .seconds(min(max((centiseconds + 50) / 100, 1), 255))
    }

    /// The same in version 2, to be sent beside version 3 (RFC 9568 §8.4.2).
    package func inVersion2(authentication: Authentication? = nil) -> Advertisement {
        var other = self
        other.version = .v2
        other.maxAdvertiseInterval = Self.version2Interval(for: maxAdvertiseInterval)
        other.authentication = authentication
        return other
    }
}
