// An advertisement as it is received: RFC 9568 §5.2 and §7.1, RFC 3768 §5.3 for version 2.
// Allocates nothing: the addresses stay in the packet and are compared there.

/// The fixed fields of a received advertisement whose bytes have passed every check that needs no
/// configuration.
package struct AdvertisementHeader: Equatable, Sendable, BitwiseCopyable {
    package var version: VRRPVersion
    /// The family of the carrying IP header, hence of the addresses (RFC 9568 §5.2.9).
    package var family: AddressFamily
    package var vrid: VirtualRouterID
    package var priority: Priority
    /// 1…255.
    package var addressCount: Int
    /// Max Advertise Interval, or the Adver Int of version 2. Never zero.
    package var maxAdvertiseInterval: Duration
    /// Version 2 only, as received; 0 in version 3. Whoever knows the configuration compares it.
    package var authenticationType: UInt8
    /// Which form a version 3 message over IPv4 was sent with; nil for everything else. If both
    /// match, as they do for some pair of addresses, the one of RFC 9568 counts.
    package var checksumForm: ChecksumForm?
    /// Whether an authentication trailer follows, which nobody has verified yet. Only ever true
    /// where it was asked for.
    package var hasTrailer: Bool

    /// Where the addresses start, in both versions.
    package static let addressesOffset = 8

    /// Reads a message, from Version to its end; `header` belongs to the datagram it came in.
    ///
    /// The exact length is demanded: bytes behind the list are no padding, which IP has already
    /// removed, but something that we do not understand. With `acceptsTrailer` exactly the 28 bytes
    /// of an `AuthenticationTrailer` may follow, and `hasTrailer` tells whether they do.
    /// `minimumHopLimit` is less than 255 only for unicast peers behind other routers.
    package init(
        decoding message: RawSpan, header: DatagramHeader,
        minimumHopLimit: UInt8 = DatagramHeader.requiredHopLimit, acceptsTrailer: Bool = false
    ) throws(DiscardReason) {
        guard header.hopLimit >= minimumHopLimit else {
            throw .hopLimit(header.hopLimit, minimum: minimumHopLimit)
        }
        guard message.byteCount >= Self.addressesOffset else {
            throw .truncated(message.byteCount)
        }
        family = header.source.family
        let versionAndType = message.byte(at: 0)
        guard
            let version = VRRPVersion(rawValue: versionAndType >> 4),
            version == .v3 || family == .ipv4
        else { throw .version(versionAndType >> 4) }
        guard versionAndType & 0xf == Self.advertisementType else {
            throw .type(versionAndType & 0xf)
        }
        self.version = version
        addressCount = Int(message.byte(at: 3))
        let expected = Self.byteCount(version, family, addressCount: addressCount)
        let excess = message.byteCount - expected
        guard excess == 0 || acceptsTrailer && excess == AuthenticationTrailer.byteCount else {
            throw .length(expected: expected, actual: message.byteCount)
        }
        hasTrailer = excess > 0
        // The checksum of IPv6 covers the trailer, that of IPv4 does not: see the trailer.
        checksumForm = try Self.verifyChecksum(
            of: family == .ipv6 ? message : message.extracting(0..<expected), version: version,
            header: header)
        guard let vrid = VirtualRouterID(message.byte(at: 1)) else { throw .unknownVRID(0) }
        self.vrid = vrid
        priority = Priority(message.byte(at: 2))
        guard addressCount > 0 else { throw .addressCountZero }
        switch version {
        case .v2:
            authenticationType = message.byte(at: 4)
            maxAdvertiseInterval = .seconds(Int(message.byte(at: 5)))
        case .v3:
            authenticationType = 0
            // The upper four bits are reserved and ignored on receipt (RFC 9568 §5.2.6).
            let centiseconds = Int(message.byte(at: 4) & 0xf) << 8 | Int(message.byte(at: 5))
            maxAdvertiseInterval = .milliseconds(10 * centiseconds)
        }
        guard maxAdvertiseInterval > .zero else { throw .intervalZero }
        if family == .ipv6 {
            guard let first = address(at: 0, in: message), first.isLinkLocal else {
                throw .firstAddressNotLinkLocal
            }
        }
    }

    /// Verifies the checksum and tells its form where there are two.
    private static func verifyChecksum(
        of message: RawSpan, version: VRRPVersion, header: DatagramHeader
    ) throws(DiscardReason) -> ChecksumForm? {
        var checksum = InternetChecksum()
        checksum.add(message)
        let messageOnlyMatches = checksum.value == 0
        switch (version, header.source.family) {
        case (.v2, _):
            guard messageOnlyMatches else { throw .checksum }
            return nil
        case (.v3, .ipv4):
            if messageOnlyMatches { return .rfc9568 }
            checksum.addPseudoHeader(header, length: message.byteCount)
            guard checksum.value == 0 else { throw .checksum }
            return .rfc5798
        case (.v3, .ipv6):
            checksum.addPseudoHeader(header, length: message.byteCount)
            guard checksum.value == 0 else { throw .checksum }
            return nil
        }
    }

    /// The only type there is (RFC 9568 §5.2.2).
    package static let advertisementType: UInt8 = 1
    /// What version 2 has behind the addresses, whatever its authentication type (RFC 3768 §5.3.10).
    package static let authenticationDataByteCount = 8

    /// The length of a whole message.
    package static func byteCount(
        _ version: VRRPVersion, _ family: AddressFamily, addressCount: Int
    ) -> Int {
        let trailer = version == .v2 ? authenticationDataByteCount : 0
        return addressesOffset + addressCount * family.addressByteCount + trailer
    }
}

// What is behind the fixed fields. `message` is the span that this header was decoded from; any
// other one is safe, too, and merely answers nil or false.
extension AdvertisementHeader {
    /// Whether the message lists these addresses, in whatever order.
    ///
    /// The order is only recommended to be the same on all routers (RFC 9568 §5.2.9), so it is not
    /// compared; the common case of the same order costs one pass.
    package func addressesMatch(_ addresses: [IPAddress], in message: RawSpan) -> Bool {
        guard addresses.count == addressCount else { return false }
        var index = 0
        while index < addressCount, address(at: index, in: message) == addresses[index] {
            index += 1
        }
        if index == addressCount { return true }
        for index in 0..<addressCount {
            guard
                let received = address(at: index, in: message), addresses.contains(received),
                lists(addresses[index], in: message)
            else { return false }
        }
        return true
    }

    /// The address at an index below `addressCount`.
    package func address(at index: Int, in message: RawSpan) -> IPAddress? {
        guard index >= 0, index < addressCount else { return nil }
        var reader = ByteReader(at: Self.addressesOffset + index * family.addressByteCount)
        return try? reader.address(family, message)
    }

    /// The Authentication Data of version 2, the first byte in the most significant place.
    package func authenticationData(in message: RawSpan) -> UInt64? {
        guard version == .v2 else { return nil }
        let addresses = addressCount * family.addressByteCount
        var reader = ByteReader(at: Self.addressesOffset + addresses)
        return try? reader.uint64(message)
    }

    /// Compares the authentication of version 2 with ours, in constant time where it is a secret.
    ///
    /// Nil demands type 0, whose data are ignored (RFC 3768 §5.3.10). The reasons are told apart as
    /// RFC 2787 counts them: an unknown type, another type than ours, another password. Version 3
    /// has no authentication and passes.
    package func checkAuthentication(
        _ expected: Advertisement.Authentication?, in message: RawSpan
    ) throws(DiscardReason) {
        guard version == .v2 else { return }
        let expectedType = expected?.type ?? 0
        guard authenticationType == expectedType else {
            throw authenticationType <= Advertisement.Authentication.lastDefinedType
                ? .authenticationTypeMismatch(authenticationType)
                : .authenticationType(authenticationType)
        }
        guard let expected, expectedType != 0 else { return }
        guard let data = authenticationData(in: message), expected.matches(data) else {
            throw .authenticationFailure
        }
    }

    /// The trailer behind the message; nil where `hasTrailer` is false.
    package func trailer(
        in message: RawSpan
    ) throws(AuthenticationTrailerError) -> AuthenticationTrailer? {
        hasTrailer ? try AuthenticationTrailer(endOf: message) : nil
    }

    private func lists(_ wanted: IPAddress, in message: RawSpan) -> Bool {
        for index in 0..<addressCount where address(at: index, in: message) == wanted {
            return true
        }
        return false
    }
}
