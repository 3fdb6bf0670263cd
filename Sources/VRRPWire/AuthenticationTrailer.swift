// The trailer that authenticates an advertisement: draft-cassen-vrrp-auth-hmac, keepalived 2.4.2.
// Only its layout and what is hashed. HMAC-SHA256 itself, the keys and the replay window belong to
// others: this target imports nothing.

/// Why 28 bytes behind a message are not a trailer that we understand.
package enum AuthenticationTrailerError: Error, Equatable, Sendable, BitwiseCopyable {
    /// There are not as many bytes; the number of those there are.
    case truncated(Int)
    /// Not 1, HMAC-SHA256.
    case type(UInt8)
    /// Not 0.
    case reserved(UInt16)
}

/// 28 bytes behind a message of either version over either family: type 1, key identifier, two
/// zeros, when it was sent, and the first half of an HMAC-SHA256.
///
/// The IP length counts the trailer. The checksum of VRRP over IPv4 does not cover it; the one over
/// IPv6 does, pseudo-header included, since kernels compute it over all of the payload. Whoever does
/// not know the trailer discards the message for its length (RFC 9568 §7.1).
package struct AuthenticationTrailer: Equatable, Sendable, BitwiseCopyable {
    /// 1…255; 0 is the identifier of no key.
    package var keyID: UInt8
    package var stamp: Stamp
    package var tag: Tag

    /// When an advertisement was sent; grows from each to the next, so that none is heard twice.
    package struct Stamp: Hashable, Sendable, BitwiseCopyable {
        /// Seconds since 1970 modulo 2³², then 1/65536 s, then a counter, of 32, 16 and 16 bits.
        package var rawValue: UInt64

        package init(rawValue: UInt64) {
            self.rawValue = rawValue
        }

        /// `unixTime` is the time since 1970, of any sign and size.
        package init(unixTime: Duration, counter: UInt16 = 0) {
            let (seconds, attoseconds) = unixTime.components
            let perUnit: Int64 = 1_000_000_000_000_000_000 >> 16
            // Both components have the same sign; a fraction is counted from the second before.
            let isNegative = attoseconds < 0
            let fraction = isNegative ? attoseconds + 1_000_000_000_000_000_000 : attoseconds
            let whole = seconds &- (isNegative ? 1 : 0)
            let units = UInt64(clamping: min(fraction / perUnit, 0xffff))
            rawValue =
                UInt64(UInt32(truncatingIfNeeded: whole)) << 32 | units << 16 | UInt64(counter)
        }

        package var seconds: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
        /// In 1/65536 s.
        package var fraction: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 16) }
        package var counter: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

        /// Whether this one is later, by the arithmetic of serial numbers, which survives the end of
        /// the 32 bits (RFC 1982 §3.2).
        package func isAfter(_ other: Stamp) -> Bool {
            Int64(bitPattern: rawValue &- other.rawValue) > 0
        }

        /// The next one, even if the clock stands still or was set back.
        package var successor: Stamp { Stamp(rawValue: rawValue &+ 1) }
    }

    /// The first 16 bytes of an HMAC-SHA256.
    package struct Tag: Equatable, Sendable, BitwiseCopyable {
        fileprivate var high: UInt64
        fileprivate var low: UInt64

        fileprivate init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }

        /// Takes the first 16 bytes of a digest; nil when there are fewer.
        package init?(_ digest: some Sequence<UInt8>) {
            var iterator = digest.makeIterator()
            var halves: (UInt64, UInt64) = (0, 0)
            for _ in 0..<Self.byteCount {
                guard let byte = iterator.next() else { return nil }
                halves = (halves.0 << 8 | halves.1 >> 56, halves.1 << 8 | UInt64(byte))
            }
            (high, low) = halves
        }

        /// Takes the same time wherever the two differ.
        package static func == (left: Tag, right: Tag) -> Bool {
            (left.high ^ right.high) | (left.low ^ right.low) == 0
        }

        /// What stands there while the hash is computed. No receiver accepts it.
        package static let zero = Tag(high: 0, low: 0)
        package static let byteCount = 16
    }

    package init(keyID: UInt8, stamp: Stamp, tag: Tag = .zero) {
        self.keyID = keyID
        self.stamp = stamp
        self.tag = tag
    }
}

// MARK: Bytes

extension AuthenticationTrailer {
    package static let byteCount = 28
    /// HMAC-SHA256 of which 128 bits are sent; the only type there is.
    package static let hmacSHA256: UInt8 = 1
    /// Family, version, VRID, a zero, and the source address in 16 bytes.
    private static let pseudoHeaderByteCount = 20

    /// Reads the last 28 bytes of a message whose header says that it has a trailer.
    package init(endOf message: RawSpan) throws(AuthenticationTrailerError) {
        let start = message.byteCount - Self.byteCount
        guard start >= 0 else { throw .truncated(message.byteCount) }
        var reader = ByteReader(at: start)
        do {
            let type = try reader.byte(message)
            guard type == Self.hmacSHA256 else { throw AuthenticationTrailerError.type(type) }
            keyID = try reader.byte(message)
            let reserved = try reader.uint16(message)
            guard reserved == 0 else { throw AuthenticationTrailerError.reserved(reserved) }
            stamp = Stamp(rawValue: try reader.uint64(message))
            tag = Tag(high: try reader.uint64(message), low: try reader.uint64(message))
        } catch let error as AuthenticationTrailerError {
            throw error
        } catch {
            throw .truncated(message.byteCount)
        }
    }

    /// Appends what the tag is the hash of: a pseudo-header that binds family, version, VRID and
    /// sender, the message with a checksum of zero, and the trailer with a tag of zero.
    ///
    /// `message` ends with the trailer's 28 bytes, received or reserved; only their number counts,
    /// the fields are those of this value. Neither addresses nor hop limit of the IP header go in,
    /// but for the source.
    package func appendAuthenticatedBytes(
        of message: RawSpan, source: IPAddress, to buffer: inout [UInt8]
    ) {
        let end = max(message.byteCount - Self.byteCount, 0)
        let start = buffer.count
        buffer.reserveCapacity(start + Self.pseudoHeaderByteCount + end + Self.byteCount)
        buffer.append(source.family.rawValue)
        buffer.append(end > 0 ? message.byte(at: 0) >> 4 : 0)
        buffer.append(end > 1 ? message.byte(at: 1) : 0)
        buffer.append(0)
        buffer.append(source)
        buffer.append(
            contentsOf: repeatElement(0, count: start + Self.pseudoHeaderByteCount - buffer.count))
        let checksum = Advertisement.checksumOffset..<Advertisement.checksumOffset + 2
        for offset in 0..<end {
            buffer.append(checksum.contains(offset) ? 0 : message.byte(at: offset))
        }
        var unsigned = self
        unsigned.tag = .zero
        unsigned.append(to: &buffer)
    }

    /// Appends 28 bytes.
    package func append(to buffer: inout [UInt8]) {
        let words = words
        for index in words.indices { buffer.append(bigEndian: words[index]) }
    }

    /// Overwrites the trailer of an encoded message in place, and over IPv6 mends the checksum, word
    /// by word (RFC 1624 §3).
    ///
    /// `range` is the whole message, trailer included. A buffer that ends before the message does,
    /// or a message without room for a trailer, is left as it is.
    package func store(
        inMessageAt range: Range<Int>, of buffer: inout [UInt8], family: AddressFamily
    ) {
        guard
            range.lowerBound >= 0, range.upperBound <= buffer.count,
            range.count >= AdvertisementHeader.addressesOffset + Self.byteCount
        else { return }
        let words = words
        let field = range.lowerBound + Advertisement.checksumOffset
        var checksum = InternetChecksum()
        checksum.add(~buffer.word(at: field))
        var offset = range.upperBound - Self.byteCount
        for index in words.indices {
            checksum.add(~buffer.word(at: offset))
            checksum.add(words[index])
            buffer.store(bigEndian: words[index], at: offset)
            offset += 2
        }
        if family == .ipv6 { buffer.store(bigEndian: checksum.value, at: field) }
    }

    /// The bytes in pairs.
    private var words: [14 of UInt16] {
        [14 of UInt16] { index in
            switch index {
            case 0: UInt16(Self.hmacSHA256) << 8 | UInt16(keyID)
            case 1: 0
            case 2..<6: Self.word(index - 2, of: stamp.rawValue)
            case 6..<10: Self.word(index - 6, of: tag.high)
            default: Self.word(index - 10, of: tag.low)
            }
        }
    }

    private static func word(_ index: Int, of value: UInt64) -> UInt16 {
        UInt16(truncatingIfNeeded: value >> (48 - 16 * UInt64(index)))
    }
}
