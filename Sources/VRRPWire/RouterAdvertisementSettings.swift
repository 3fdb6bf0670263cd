// What a router is told about its advertisements: the variables of RFC 4861 §6.2.1, §10.
// Values and their ranges; whoever builds them from text checks them.

/// How a virtual router advertises itself to the hosts while it is Active.
package struct RouterAdvertisementSettings: Codable, Equatable, Sendable {
    /// AdvDefaultLifetime: zero (not a default router), or `maximumInterval`…9000 s.
    package var lifetime: Duration
    /// MaxRtrAdvInterval: 4 s…1800 s.
    package var maximumInterval: Duration
    /// MinRtrAdvInterval: 3 s…0.75 × `maximumInterval`. Each pause is drawn from between the two.
    package var minimumInterval: Duration
    /// AdvCurHopLimit: 1…255, or 0 for "not said".
    package var currentHopLimit: UInt8
    /// AdvManagedFlag: hosts get addresses from DHCPv6.
    package var isManaged: Bool
    /// AdvOtherConfigFlag: hosts get other things from DHCPv6.
    package var hasOtherConfiguration: Bool
    /// RFC 4191 §2.1.
    package var preference: RouterPreference
    /// AdvReachableTime: 1 ms…1 h, or zero for "not said".
    package var reachableTime: Duration
    /// AdvRetransTimer: 1 ms or more, or zero for "not said".
    package var retransmissionInterval: Duration
    /// AdvLinkMTU: at least 1280; nil for "not said".
    package var mtu: UInt32?
    /// AdvPrefixList. Never the link-local prefix.
    package var prefixes: [PrefixInformation]
    package var resolvers: [RecursiveResolvers]

    /// Where they are not given, `minimumInterval` and `lifetime` follow from `maximumInterval` as
    /// RFC 4861 §6.2.1 says.
    package init(
        maximumInterval: Duration = Self.defaultMaximumInterval, minimumInterval: Duration? = nil,
        lifetime: Duration? = nil, currentHopLimit: UInt8 = 64, isManaged: Bool = false,
        hasOtherConfiguration: Bool = false, preference: RouterPreference = .medium,
        reachableTime: Duration = .zero, retransmissionInterval: Duration = .zero,
        mtu: UInt32? = nil, prefixes: [PrefixInformation] = [],
        resolvers: [RecursiveResolvers] = []
    ) {
        self.maximumInterval = maximumInterval
        self.minimumInterval =
            minimumInterval ?? Self.defaultMinimumInterval(maximumInterval: maximumInterval)
        self.lifetime = lifetime ?? Self.defaultLifetime(maximumInterval: maximumInterval)
        self.currentHopLimit = currentHopLimit
        self.isManaged = isManaged
        self.hasOtherConfiguration = hasOtherConfiguration
        self.preference = preference
        self.reachableTime = reachableTime
        self.retransmissionInterval = retransmissionInterval
        self.mtu = mtu
        self.prefixes = prefixes
        self.resolvers = resolvers
    }

    /// What the Active Router sends; `hardwareAddress` is where hosts are to send their packets: the
    /// virtual router's MAC address (RFC 9568 §8.2.3).
    package func advertisement(hardwareAddress: MACAddress) -> RouterAdvertisement {
        RouterAdvertisement(
            lifetime: lifetime, currentHopLimit: currentHopLimit, isManaged: isManaged,
            hasOtherConfiguration: hasOtherConfiguration, preference: preference,
            reachableTime: reachableTime, retransmissionInterval: retransmissionInterval,
            sourceLinkLayerAddress: hardwareAddress, mtu: mtu, prefixes: prefixes,
            resolvers: resolvers)
    }

    /// The last one, with a lifetime of zero (RFC 4861 §6.2.5): for a virtual router that goes away
    /// for good. One that another router takes over must not send it: the hosts know both by one
    /// address, and would lose the new Active Router with the old one.
    package func ceasingAdvertisement(hardwareAddress: MACAddress) -> RouterAdvertisement {
        var last = advertisement(hardwareAddress: hardwareAddress)
        last.lifetime = .zero
        return last
    }
}

// MARK: Ranges and defaults

extension RouterAdvertisementSettings {
    package static let maximumIntervalRange: ClosedRange<Duration> = .seconds(4)...(.seconds(1800))
    package static let defaultMaximumInterval: Duration = .seconds(600)

    /// From 3 s on; a `maximumInterval` outside of its range is first brought there.
    package static func minimumIntervalRange(
        maximumInterval: Duration
    ) -> ClosedRange<Duration> {
        .seconds(3)...(clamped(maximumInterval) * 3 / 4)
    }

    /// A third, or three quarters of an interval below 9 s, but not below 3 s.
    package static func defaultMinimumInterval(maximumInterval: Duration) -> Duration {
        let maximum = clamped(maximumInterval)
        return max(maximum >= .seconds(9) ? maximum * 33 / 100 : maximum * 3 / 4, .seconds(3))
    }

    /// Of a default router; zero is allowed, too. RFC 8319 §4 allows up to 65 535 s, but old hosts
    /// may not.
    package static func lifetimeRange(maximumInterval: Duration) -> ClosedRange<Duration> {
        clamped(maximumInterval)...(.seconds(9000))
    }

    /// Three times the longest pause, so that a host may miss two in a row.
    package static func defaultLifetime(maximumInterval: Duration) -> Duration {
        clamped(maximumInterval) * 3
    }

    package static let reachableTimeRange: ClosedRange<Duration> = .zero...(.seconds(3600))
    /// The upper end is that of the field, 2³² − 1 ms.
    package static let retransmissionIntervalRange: ClosedRange<Duration> =
        .zero...(.milliseconds(Int64(UInt32.max)))
    /// The upper end is that of an Ethernet interface as Linux knows it.
    package static let mtuRange: ClosedRange<UInt32> = 1280...65_535

    /// A new Active Router sends its first ones, this many, at most `initialInterval` apart
    /// (MAX_INITIAL_RTR_ADVERTISEMENTS, MAX_INITIAL_RTR_ADVERT_INTERVAL).
    package static let initialCount = 3
    package static let initialInterval: Duration = .seconds(16)
    /// Between two to all nodes there is at least this (MIN_DELAY_BETWEEN_RAS).
    package static let minimumSpacing: Duration = .seconds(3)
    /// A solicitation is answered after a random pause of at most this (MAX_RA_DELAY_TIME).
    package static let maximumAnswerDelay: Duration = .milliseconds(500)

    private static func clamped(_ interval: Duration) -> Duration {
        min(max(interval, maximumIntervalRange.lowerBound), maximumIntervalRange.upperBound)
    }
}
