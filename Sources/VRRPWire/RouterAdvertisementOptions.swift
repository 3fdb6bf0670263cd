// What a router advertisement carries beyond its fixed fields: prefixes (RFC 4861 §4.6.2),
// resolvers (RFC 8106 §5.1), and how long they and the router hold.

/// How long something that was advertised holds, in whole seconds on the wire.
package enum AdvertisedLifetime: Codable, Hashable, Sendable, BitwiseCopyable {
    /// 0…4 294 967 294 s (136 years).
    case limited(Duration)
    /// Written as 4 294 967 295.
    case infinite

    /// The field for it: to the nearest second, at least 1 for what is not nothing.
    var seconds: UInt32 {
        switch self {
        case .limited(let duration): duration.wholeUnits(perSecond: 1, maximum: .max - 1)
        case .infinite: .max
        }
    }

    init(seconds: UInt32) {
        self = seconds == .max ? .infinite : .limited(.seconds(Int64(seconds)))
    }
}

extension AdvertisedLifetime: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.limited(let left), .limited(let right)): left < right
        case (.limited, .infinite): true
        case (.infinite, _): false
        }
    }
}

/// Which of several default routers a host is to prefer (RFC 4191 §2.1).
package enum RouterPreference: String, Codable, CaseIterable, Sendable, BitwiseCopyable {
    case low
    case medium
    case high

    /// Two bits, in the place where the flags byte of the message has them.
    var flags: UInt8 {
        switch self {
        case .high: 0x08
        case .medium: 0x00
        case .low: 0x18
        }
    }

    /// Reserved bits mean medium (RFC 4191 §2.2).
    init(flags: UInt8) {
        self = Self.allCases.first { $0.flags == flags & Self.mask } ?? .medium
    }

    private static let mask: UInt8 = 0x18
}

/// Addresses that are on the link, and that hosts may make their own from (RFC 4861 §4.6.2).
package struct PrefixInformation: Codable, Hashable, Sendable, BitwiseCopyable {
    /// The bits behind the length are zero.
    package let prefix: IPv6Address
    /// 0…128.
    package let prefixLength: UInt8
    /// L: neighbours with such an address are reached without a router.
    package var isOnLink: Bool
    /// A: hosts configure addresses of it by themselves (RFC 4862). Needs a length of 64 on Ethernet.
    package var isAutonomous: Bool
    /// How long the prefix is on-link, and addresses from it can be used.
    package var validLifetime: AdvertisedLifetime
    /// How long such addresses are chosen for new connections. Not above `validLifetime`; what is
    /// above it is not sent.
    package var preferredLifetime: AdvertisedLifetime

    /// Clears the bits behind the length. Nil when the length is not in 0…128. The lifetimes default
    /// to 30 days and 7 days (RFC 4861 §6.2.1).
    package init?(
        _ prefix: IPv6Address, prefixLength: Int, isOnLink: Bool = true,
        isAutonomous: Bool = true,
        validLifetime: AdvertisedLifetime = Self.defaultValidLifetime,
        preferredLifetime: AdvertisedLifetime = Self.defaultPreferredLifetime
    ) {
        guard (0...128).contains(prefixLength) else { return nil }
        self.prefix = prefix.masked(to: prefixLength)
        self.prefixLength = UInt8(prefixLength)
        self.isOnLink = isOnLink
        self.isAutonomous = isAutonomous
        self.validLifetime = validLifetime
        self.preferredLifetime = preferredLifetime
    }

    package static let defaultValidLifetime = AdvertisedLifetime.limited(.seconds(2_592_000))
    package static let defaultPreferredLifetime = AdvertisedLifetime.limited(.seconds(604_800))
}

extension PrefixInformation {
    static let byteCount = 32

    /// Reads an option; nil for one that hosts ignore: of another size, with an impossible length of
    /// prefix, or preferred for longer than valid (RFC 4862 §5.5.3 c).
    init?(decoding message: RawSpan, at option: Range<Int>) {
        guard option.count == Self.byteCount else { return nil }
        var reader = ByteReader(at: option.lowerBound + 2)
        guard
            let length = try? reader.byte(message), let flags = try? reader.byte(message),
            let valid = try? reader.uint32(message), let preferred = try? reader.uint32(message),
            (try? reader.skip(4, message)) != nil, let prefix = try? reader.ipv6Address(message),
            preferred <= valid
        else { return nil }
        self.init(
            prefix, prefixLength: Int(length), isOnLink: flags & Self.onLinkFlag != 0,
            isAutonomous: flags & Self.autonomousFlag != 0,
            validLifetime: AdvertisedLifetime(seconds: valid),
            preferredLifetime: AdvertisedLifetime(seconds: preferred))
    }

    func append(to buffer: inout [UInt8]) {
        buffer.append(NeighborOptionType.prefixInformation)
        buffer.append(UInt8(Self.byteCount / NeighborOptions.unit))
        buffer.append(prefixLength)
        buffer.append((isOnLink ? Self.onLinkFlag : 0) | (isAutonomous ? Self.autonomousFlag : 0))
        buffer.append(bigEndian: validLifetime.seconds)
        buffer.append(bigEndian: min(preferredLifetime, validLifetime).seconds)
        buffer.append(bigEndian: UInt32(0))
        buffer.append(.v6(prefix))
    }

    private static let onLinkFlag: UInt8 = 0x80
    private static let autonomousFlag: UInt8 = 0x40
}

/// Resolvers for DNS (RFC 8106 §5.1).
package struct RecursiveResolvers: Codable, Hashable, Sendable {
    /// 1…127; any beyond are not sent, and an empty list is no option.
    package var addresses: [IPv6Address]
    /// How long they may be used; zero takes them back. At least three times the longest interval
    /// between advertisements is advised.
    package var lifetime: AdvertisedLifetime

    package init(addresses: [IPv6Address], lifetime: AdvertisedLifetime) {
        self.addresses = addresses
        self.lifetime = lifetime
    }

    package static let maximumCount = 127
}

extension RecursiveResolvers {
    /// 0 for an empty list.
    var byteCount: Int {
        addresses.isEmpty ? 0 : Self.fixedByteCount + 16 * min(addresses.count, Self.maximumCount)
    }

    /// Reads an option; nil for one whose size is not that of a list of at least one address.
    init?(decoding message: RawSpan, at option: Range<Int>) {
        let room = option.count - Self.fixedByteCount
        guard room >= 16, room.isMultiple(of: 16) else { return nil }
        var reader = ByteReader(at: option.lowerBound + 4)
        guard let seconds = try? reader.uint32(message) else { return nil }
        lifetime = AdvertisedLifetime(seconds: seconds)
        addresses = []
        addresses.reserveCapacity(room / 16)
        for _ in 0..<room / 16 {
            guard let address = try? reader.ipv6Address(message) else { return nil }
            addresses.append(address)
        }
    }

    func append(to buffer: inout [UInt8]) {
        guard !addresses.isEmpty else { return }
        buffer.append(NeighborOptionType.recursiveResolvers)
        buffer.append(UInt8(clamping: byteCount / NeighborOptions.unit))
        buffer.append(bigEndian: UInt16(0))
        buffer.append(bigEndian: lifetime.seconds)
        for address in addresses.prefix(Self.maximumCount) { buffer.append(.v6(address)) }
    }

    private static let fixedByteCount = 8
}

extension Duration {
    /// In units of 1/`perSecond` s (a divisor of 10¹⁸), to the nearest, within 0…`maximum`; what is
    /// positive does not become 0, which often means something else.
    func wholeUnits(perSecond: Int64, maximum: UInt32) -> UInt32 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        // Beyond the bound the answer is known, and the arithmetic below it cannot overflow.
        guard seconds <= Int64(maximum) / perSecond else { return maximum }
        let unit = 1_000_000_000_000_000_000 / perSecond
        let rounded = seconds * perSecond + (attoseconds + unit / 2) / unit
        return UInt32(clamping: min(max(rounded, 1), Int64(maximum)))
    }
}

extension IPv6Address {
    /// The same with zeros behind the first `length` bits, 0…128.
    func masked(to length: Int) -> IPv6Address {
        // A shift by 64 or more gives 0, one by a negative number goes the other way and is not asked
        // for.
        IPv6Address(
            high: high & ~(UInt64.max >> UInt64(min(length, 64))),
            low: low & ~(UInt64.max >> UInt64(max(length - 64, 0))))
    }
}
