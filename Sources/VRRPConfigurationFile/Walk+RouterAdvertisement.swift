// `router-advertisement` of a virtual router: what hosts are told (RFC 4861 §6.2.1, RFC 8106 §5.1).
// All routers of a group say the same (RFC 9568 §8.2.3), so nothing in it may differ between nodes.

import VRRPConfiguration
import VRRPWire

extension Walk {
    /// Router Advertisements as they were read, with the places that later checks point at.
    struct PlacedAdvertisement {
        var value: RouterAdvertisementSettings
        var place: Place
    }

    private static let advertisementKeys = [
        "lifetime", "interval", "prefixes", "managed", "other", "mtu", "dns",
    ]

    /// Nil for `off`, and for what is wrong and reported.
    func routerAdvertisement(_ entry: Entry) -> PlacedAdvertisement? {
        if case .scalar(let word, plain: _) = entry.value.content, word == "off" { return nil }
        guard case .mapping(let entries) = entry.value.content else {
            report(
                entry.value.place,
                entry.value.isAbsent
                    ? "`\(entry.key)` has no value"
                    : "`\(entry.key)` takes a mapping, not \(entry.value.kindName)",
                advice: "write for example `\(entry.key): {prefixes: [2001:db8:1::/64]}`, or `off`")
            return nil
        }
        checkKeys(entries, in: "`\(entry.key)`", known: Self.advertisementKeys)
        let interval = entries["interval"].flatMap {
            common($0, duration(RouterAdvertisementSettings.maximumIntervalRange))
        }
        var settings = RouterAdvertisementSettings(
            maximumInterval: interval ?? RouterAdvertisementSettings.defaultMaximumInterval)
        if let lifetime = entries["lifetime"] {
            // Without an interval that can be read there is nothing to hold it against.
            let isComparable = entries["interval"] == nil || interval != nil
            settings.lifetime =
                routerLifetime(lifetime, isComparable ? settings.maximumInterval : nil)
                ?? settings.lifetime
        }
        settings.isManaged = entries["managed"].flatMap { common($0, boolean) } ?? false
        settings.hasOtherConfiguration = entries["other"].flatMap { common($0, boolean) } ?? false
        let range = RouterAdvertisementSettings.mtuRange
        settings.mtu = entries["mtu"].flatMap {
            common($0, integer(Int(range.lowerBound)...Int(range.upperBound)))
        }.map { UInt32($0) }
        settings.prefixes = entries["prefixes"].map(prefixes) ?? []
        if let list = entries["dns"].flatMap({ resolvers($0, settings.maximumInterval) }) {
            settings.resolvers = [list]
        }
        return PlacedAdvertisement(value: settings, place: entry.place)
    }

    /// One value for all nodes.
    private func common<Value>(_ entry: Entry, _ read: (Node, String) -> Value?) -> Value? {
        guard case .mapping = entry.value.content else { return read(entry.value, entry.key) }
        report(
            entry.value.place,
            "`\(entry.key)` cannot differ between nodes: to hosts they are one router",
            advice: "write one value for all of them (RFC 9568 8.2.3)")
        return nil
    }

    /// Zero, or from the longest pause to 9000 s. `interval` is nil when it is not known.
    private func routerLifetime(_ entry: Entry, _ interval: Duration?) -> Duration? {
        let range = RouterAdvertisementSettings.lifetimeRange(
            maximumInterval: interval ?? RouterAdvertisementSettings.maximumIntervalRange.lowerBound
        )
        guard let lifetime = common(entry, seconds(.zero...range.upperBound)) else { return nil }
        guard lifetime > .zero, lifetime < range.lowerBound else { return lifetime }
        let third = max(
            lifetime / 3, RouterAdvertisementSettings.maximumIntervalRange.lowerBound)
        report(
            entry.value.place,
            "`lifetime` is shorter than `interval`, \(Self.text(of: range.lowerBound)): hosts would"
                + " lose their router between two advertisements",
            advice: lifetime < third
                ? "write \(Self.text(of: range.lowerBound)) or more, or `0s` for no default router"
                : "write `interval: \(third.components.seconds)s`, or a longer lifetime, or `0s` for"
                    + " no default router")
        return nil
    }

    /// A duration that the wire can say.
    private func seconds(_ range: ClosedRange<Duration>) -> (Node, String) -> Duration? {
        { [self] node, key in
            guard let value = duration(range)(node, key) else { return nil }
            guard value.components.attoseconds == 0 else {
                report(
                    node.place, "`\(key)` is in whole seconds, not \(written(node))",
                    advice: "write for example `30s`")
                return nil
            }
            return value
        }
    }

    /// Whole seconds, or `infinite`.
    private func advertisedLifetime(_ node: Node, _ key: String) -> AdvertisedLifetime? {
        if case .scalar("infinite", plain: _) = node.content { return .infinite }
        return seconds(.zero...(.seconds(4_294_967_294)))(node, key).map { .limited($0) }
    }

    // MARK: Prefixes

    private func prefixes(_ entry: Entry) -> [PrefixInformation] {
        let example = "write `prefixes: [2001:db8:1::/64]`"
        guard let items = items(of: entry, advice: example) else { return [] }
        var result: [PrefixInformation] = []
        for item in items {
            guard let prefix = prefix(item) else { continue }
            let isThere = result.contains {
                $0.prefix == prefix.prefix && $0.prefixLength == prefix.prefixLength
            }
            guard !isThere else {
                report(
                    item.place, "\(quoted(Self.text(of: prefix))) is in `prefixes` twice",
                    advice: "remove one of the two")
                continue
            }
            result.append(prefix)
        }
        return result
    }

    private func items(of entry: Entry, advice: String) -> [Node]? {
        guard case .sequence(let items) = entry.value.content else {
            report(
                entry.value.place,
                entry.value.isAbsent
                    ? "`\(entry.key)` has no value"
                    : "`\(entry.key)` takes a list, not \(entry.value.kindName)", advice: advice)
            return nil
        }
        guard items.isEmpty else { return items }
        report(entry.value.place, "`\(entry.key)` is empty", advice: "\(advice), or remove the key")
        return nil
    }

    /// `PREFIX/LENGTH`, or a mapping.
    private func prefix(_ node: Node) -> PrefixInformation? {
        guard case .mapping(let entries) = node.content else {
            return prefix(node, "prefixes", isAutonomous: true)
        }
        checkKeys(
            entries, in: "a prefix",
            known: ["prefix", "on-link", "autonomous", "valid-lifetime", "preferred-lifetime"])
        let isAutonomous = entries["autonomous"].map { common($0, boolean) } ?? true
        let isOnLink = entries["on-link"].map { common($0, boolean) } ?? true
        let valid =
            entries["valid-lifetime"].map { common($0, advertisedLifetime) }
            ?? PrefixInformation.defaultValidLifetime
        let preferred = entries["preferred-lifetime"].map { common($0, advertisedLifetime) }
        if let valid, let entry = entries["preferred-lifetime"], let preferred = preferred ?? nil,
            preferred > valid
        {
            let other =
                entries["valid-lifetime"] == nil ? "`valid-lifetime`, 720h" : "`valid-lifetime`"
            report(
                entry.value.place, "`preferred-lifetime` is longer than \(other)",
                advice: "an address is preferred only while it is valid: swap or change the two")
            return nil
        }
        guard let entry = entries["prefix"] else {
            report(
                node.place, "a prefix needs the key `prefix`",
                advice: "for example `prefix: 2001:db8:1::/64`")
            return nil
        }
        // Nil within these is a value that is there and wrong.
        guard
            var result = prefix(entry.value, "prefix", isAutonomous: isAutonomous ?? false),
            let isOnLink, let isAutonomous, let valid
        else { return nil }
        result.isOnLink = isOnLink
        result.isAutonomous = isAutonomous
        result.validLifetime = valid
        result.preferredLifetime =
            (preferred ?? nil) ?? min(PrefixInformation.defaultPreferredLifetime, valid)
        return result
    }

    private func prefix(_ node: Node, _ key: String, isAutonomous: Bool) -> PrefixInformation? {
        guard let text = text(node, key) else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard case .v6(let address)? = IPAddress(parts[0]), parts.count <= 2 else {
            report(
                node.place, "\(written(node)) is not an IPv6 prefix",
                advice: "write for example `2001:db8:1::/64`")
            return nil
        }
        guard
            parts.count == 2, let length = Self.decimal(String(parts[1])),
            let result = PrefixInformation(address, prefixLength: length)
        else {
            report(
                node.place,
                "\(written(node)) has \(parts.count == 2 ? "a wrong" : "no") prefix length",
                advice: "write `\(parts[0])/64`")
            return nil
        }
        guard result.prefix == address else {
            report(
                node.place, "\(written(node)) has bits behind its length of \(length)",
                advice: "write `\(Self.text(of: result))`")
            return nil
        }
        if let (what, advice) = Self.refusal(result, isAutonomous: isAutonomous) {
            report(node.place, "\(written(node)) cannot be advertised: \(what)", advice: advice)
            return nil
        }
        return result
    }

    /// What hosts would ignore, or be harmed by, and what to do.
    private static func refusal(
        _ value: PrefixInformation, isAutonomous: Bool
    ) -> (what: String, advice: String)? {
        if value.prefix.isMulticast || value.prefix.high == 0 {
            return ("no host has such an address", "write the prefix of the LAN")
        }
        if value.prefix.isLinkLocal {
            return ("it is link-local, and every link has it already", "remove it")
        }
        guard isAutonomous, value.prefixLength != 64 else { return nil }
        return (
            "hosts form addresses by themselves only in a prefix of 64 bits",
            "write a prefix of /64, or `{prefix: \(text(of: value)), autonomous: false}`"
        )
    }

    private static func text(of value: PrefixInformation) -> String {
        "\(IPAddress.v6(value.prefix))/\(value.prefixLength)"
    }

    // MARK: Resolvers

    /// A list of addresses, or a mapping with their lifetime. The default is what RFC 8106 §5.1
    /// advises: three of the longest pauses.
    private func resolvers(_ entry: Entry, _ interval: Duration) -> RecursiveResolvers? {
        let standard = AdvertisedLifetime.limited(
            RouterAdvertisementSettings.defaultLifetime(maximumInterval: interval).roundedUp)
        let example = "write `\(entry.key): [2001:db8:1::53]`"
        guard case .mapping(let entries) = entry.value.content else {
            return servers(entry, advice: example).map {
                RecursiveResolvers(addresses: $0, lifetime: standard)
            }
        }
        checkKeys(entries, in: "`\(entry.key)`", known: ["servers", "lifetime"])
        var lifetime = standard
        if let given = entries["lifetime"], let read = common(given, advertisedLifetime) {
            if read > .limited(.zero), read < .limited(interval) {
                report(
                    given.value.place,
                    "`lifetime` is shorter than `interval`, \(Self.text(of: interval)): hosts would"
                        + " lose their resolvers between two advertisements",
                    advice: "remove the key; three intervals are the default")
            }
            lifetime = read
        }
        guard let list = entries["servers"] else {
            report(
                entry.place, "`\(entry.key)` needs the key `servers`",
                advice: "for example `servers: [2001:db8:1::53]`")
            return nil
        }
        return servers(list, advice: "write `servers: [2001:db8:1::53]`").map {
            RecursiveResolvers(addresses: $0, lifetime: lifetime)
        }
    }

    private func servers(_ entry: Entry, advice: String) -> [IPv6Address]? {
        guard let items = items(of: entry, advice: advice) else { return nil }
        var result: [IPv6Address] = []
        for item in items {
            guard let text = text(item, entry.key) else { continue }
            guard
                case .v6(let address)? = IPAddress(text), !address.isMulticast, address != .any,
                address != .loopback
            else {
                report(
                    item.place, "\(written(item)) is not the IPv6 address of a resolver",
                    advice: "Router Advertisements name resolvers by IPv6 addresses, for example"
                        + " `2001:db8:1::53`")
                continue
            }
            guard !result.contains(address) else {
                report(
                    item.place, "\(written(item)) is in `\(entry.key)` twice",
                    advice: "remove one of the two")
                continue
            }
            result.append(address)
        }
        return result
    }
}

extension Duration {
    /// In whole seconds: what is longer by a fraction is a second longer.
    fileprivate var roundedUp: Duration {
        .seconds(components.seconds + (components.attoseconds > 0 ? 1 : 0))
    }
}

// MARK: Checks

extension RouterChecks {
    /// What the addresses of the router have to do with it.
    func checkAdvertisement(_ entry: RouterEntry, addresses: [Walk.PlacedAddress]) {
        guard let advertisement = entry.routerAdvertisement else { return }
        let list = addresses.filter { $0.value.address.address.family == .ipv6 }
        guard let first = list.first else {
            walk.report(
                advertisement.place,
                "router `\(entry.name)` has no IPv6 addresses, and hosts learn none but IPv6 routers"
                    + " from `router-advertisement`",
                advice: "add a link-local address, for example `fe80::1/64`; where the key comes"
                    + " from `defaults`, write `router-advertisement: off` in this router")
            return
        }
        if let other = first.value.interface, other != entry.interface?.own {
            walk.report(
                first.place,
                "router `\(entry.name)` advertises itself from this address, which is on another"
                    + " interface, \(quoted(other))",
                advice: "remove `interface` from it")
        }
        if first.value.kind == .external {
            walk.report(
                first.place,
                "router `\(entry.name)` advertises itself from this address, which is external",
                advice: "move it to `addresses`: hosts are told of a router that is here")
        }
        // The option with the MAC address has the same length for all of them.
        let byteCount = advertisement.value.advertisement(
            hardwareAddress: MACAddress(rawValue: 0)
        ).byteCount
        let maximum = RouterAdvertisement.maximumByteCount
        guard byteCount > maximum else { return }
        walk.report(
            advertisement.place,
            "the Router Advertisement of router `\(entry.name)` takes \(byteCount) bytes; one message"
                + " holds \(maximum)",
            advice: "each prefix takes 32 bytes, each resolver 16: remove some")
    }
}
