// What concerns several keys, or several routers, at once. Only values that could be read are
// compared: what is wrong by itself has been reported where it stands.

import VRRPConfiguration
import VRRPWire

/// Turns entries into virtual routers, and holds every new one against those before it.
struct RouterChecks {
    private struct Identity: Hashable {
        var interface: String
        var family: AddressFamily
        var vrid: VirtualRouterID
    }
    private struct Owned: Hashable {
        var interface: String
        var address: IPAddress
    }

    let walk: Walk
    private var identities: [Identity: (router: String, place: Place)] = [:]
    private var owned: [Owned: (router: String, place: Place)] = [:]
    /// The routers that gave their macvlan a name, by that name.
    private var deviceNames: [String: String] = [:]
    private(set) var routers: [VirtualRouterConfiguration] = []
    /// Where the routers' sources are written, by name.
    private var sources: [String: Place] = [:]

    init(walk: Walk) {
        self.walk = walk
    }

    mutating func add(_ entry: RouterEntry) {
        // Where a namespace is wrong, nobody knows which interface is meant.
        guard let entry = entry.qualified else { return }
        checkOwner(entry)
        checkInterval(entry)
        guard let addresses = entry.addresses else { return }
        let advertised = addresses.filter { $0.value.kind != .unadvertised }
        let families = AddressFamily.allCases.filter { family in
            advertised.contains { $0.value.address.address.family == family }
        }
        for family in families {
            checkList(
                advertised.filter { $0.value.address.address.family == family }, family, of: entry)
        }
        checkUnadvertised(entry, addresses: addresses, families: families)
        checkPeers(entry, families: families)
        checkPassword(entry)
        checkMixture(entry)
        checkVersion(entry, addresses: addresses, families: families)
        checkDuplicates(entry, addresses: addresses, families: families)
        checkDevice(entry, families: families)
        checkAdvertisement(entry, addresses: addresses)
        for family in families {
            append(
                entry, family: family, isDual: families.count > 1,
                addresses: addresses.map(\.value).filter { $0.address.address.family == family })
        }
    }

    private mutating func append(
        _ entry: RouterEntry, family: AddressFamily, isDual: Bool, addresses: [VirtualAddress]
    ) {
        guard
            let interface = entry.interface?.own,
            let vrid = entry.vrid.flatMap({ VirtualRouterID(UInt8(clamping: $0.own)) })
        else { return }
        var router = VirtualRouterConfiguration(
            name: isDual ? "\(entry.name)/\(family)" : entry.name, family: family,
            interface: interface, networkNamespace: entry.networkNamespace?.own, vrid: vrid,
            addresses: addresses)
        switch entry.version?.own ?? .three {
        case .three: break
        case .two: router.version = .v2
        case .both: router.alsoVersion2 = family == .ipv4
        }
        router.source = source(entry, family)
        router.peers = peers(entry, family)
        if let hops = entry.hops { router.hops = UInt8(clamping: hops.own) }
        switch entry.authentication?.own {
        case .text? where family == .ipv6: break
        case let policy: router.authentication = policy
        }
        if let priority = entry.priority { router.priority = priority.own }
        if let advertise = entry.advertise { router.advertisementInterval = advertise.own }
        if let preempt = entry.preempt { router.preemptMode = preempt }
        if let delay = entry.preemptDelay { router.preemptDelay = delay }
        if let delay = entry.startDelay { router.startDelay = delay }
        if let accept = entry.accept { router.acceptMode = accept }
        // The file's default is what RFC 9568 §7.3 asks for. An owner's addresses are its
        // interface's own, which answers for them with its own MAC address. Where nothing is
        // installed there is nothing to answer for.
        let installsNothing = addresses.allSatisfy { $0.kind == .external }
        router.mac =
            entry.mac ?? (router.priority == .owner || installsNothing ? .interface : .virtual)
        router.macvlanName = entry.macvlanName?.own
        if let checksum = entry.checksum { router.checksum = checksum }
        if let announce = entry.announce { router.announce = announce }
        if let track = entry.trackInterface { router.trackInterface = track }
        if family == .ipv6 { router.routerAdvertisement = entry.routerAdvertisement?.value }
        if router.source != nil {
            sources[router.name] = entry.unicast?.place ?? entry.source?.place
        }
        routers.append(router)
    }

    /// What only shows once all routers are known.
    func checkSources() {
        for (number, router) in routers.enumerated() {
            guard let source = router.source, let place = sources[router.name] else { continue }
            let owner = routers.first { other in
                other.name != router.name && other.priority != .owner
                    && other.networkNamespace == router.networkNamespace
                    && other.addresses.contains { $0.address.address == source }
            }
            if let owner {
                walk.report(
                    place,
                    "router `\(router.name)` sends from \(quoted("\(source)")), a virtual address of"
                        + " router `\(owner.name)`, which moves",
                    advice: "write an address that this router has of its own")
            }
            let twin = routers[..<number].first { other in
                other.source == source && other.vrid == router.vrid
                    && other.networkNamespace == router.networkNamespace
                    && !Set(other.peers).isDisjoint(with: router.peers)
            }
            if let twin {
                walk.report(
                    place,
                    "routers `\(twin.name)` and `\(router.name)` have the same `vrid`, source and"
                        + " peer: nothing tells their advertisements apart",
                    advice: "give one of them another `vrid`")
            }
        }
    }

    /// Addresses have one owner (RFC 9568 §6.1).
    private func checkOwner(_ entry: RouterEntry) {
        let owners = (entry.priority?.all ?? []).filter { $0.value == .owner }
        for second in owners.dropFirst() {
            walk.report(
                second.place, "only one node of router `\(entry.name)` can be `owner`",
                advice: "give the others a priority from 1 to 254")
        }
    }

    /// A name of a macvlan is for one macvlan.
    private mutating func checkDevice(_ entry: RouterEntry, families: [AddressFamily]) {
        if entry.priority?.own == .owner, entry.mac == .virtual {
            walk.report(
                entry.priority?.place ?? entry.place,
                "router `\(entry.name)` owns its addresses: they are the interface's own, which"
                    + " answers for them with its own MAC address, too",
                advice: "write `mac: interface` for the owner, or give it a priority from 1 to 254"
                    + " and an address of its own")
        }
        guard let name = entry.macvlanName else { return }
        if entry.mac == .interface {
            walk.report(
                name.place, "`macvlan-name` names nothing: router `\(entry.name)` has no macvlan",
                advice: "remove the key, or write `mac: virtual`")
        } else if families.count > 1 {
            walk.report(
                name.place,
                "router `\(entry.name)` has two macvlans, one for each family of its addresses",
                advice: "remove `macvlan-name`, or make a router of each family")
        } else if let other = deviceNames.updateValue(entry.name, forKey: name.own) {
            walk.report(
                name.place, "router `\(other)` has a macvlan named `\(name.own)` already",
                advice: "give each router's macvlan a name of its own")
        }
    }

    /// The list of one family as it is advertised.
    private func checkList(
        _ list: [Walk.PlacedAddress], _ family: AddressFamily, of entry: RouterEntry
    ) {
        // What an Ethernet frame of 1500 bytes holds, where the count does not end before.
        let hasTrailer = entry.authentication?.own.hmac != nil
        let maximum = family == .ipv4 ? 255 : hasTrailer ? 89 : 90
        if list.count > maximum {
            walk.report(
                list[maximum].place,
                "router `\(entry.name)` has \(list.count) \(Self.name(family)) addresses; "
                    + "one advertisement holds \(maximum)"
                    + (hasTrailer ? " beside its authentication" : ""),
                advice: "move some to another router with another `vrid`")
        }
        if family == .ipv6, let first = list.first, !first.value.address.address.isLinkLocal,
            entry.version?.own != .two
        {
            walk.report(
                first.place, "the first IPv6 address of a router must be link-local",
                advice: "put one in front, for example `fe80::1/64` (RFC 9568 5.2.9)")
        }
    }

    private mutating func checkDuplicates(
        _ entry: RouterEntry, addresses: [Walk.PlacedAddress], families: [AddressFamily]
    ) {
        var own: Set<IPAddress> = []
        var fresh: [(Owned, Place)] = []
        for address in addresses {
            let number = address.value.address.address
            guard own.insert(number).inserted else {
                walk.report(
                    address.place, "\(quoted("\(number)")) is in router `\(entry.name)` twice",
                    advice: "remove one of the two")
                continue
            }
            guard let interface = address.value.interface ?? entry.interface?.own else { continue }
            let key = Owned(interface: interface, address: number)
            if let first = owned[key] {
                walk.report(
                    address.place == first.place ? entry.place : address.place,
                    "\(quoted("\(number)")) is on `\(interface)` twice: "
                        + "in routers `\(first.router)` and `\(entry.name)`",
                    advice: "it is first defined at \(walk.collector.name(of: first.place))")
            } else {
                fresh.append((key, address.place))
            }
        }
        for (key, place) in fresh { owned[key] = (entry.name, place) }
        guard let interface = entry.interface?.own, let vrid = entry.vrid,
            let number = VirtualRouterID(UInt8(clamping: vrid.own))
        else { return }
        for family in families {
            let key = Identity(interface: interface, family: family, vrid: number)
            if let first = identities[key] {
                walk.report(
                    vrid.place == first.place ? entry.place : vrid.place,
                    "`vrid` \(number) is on `\(interface)` twice for \(Self.name(family)): "
                        + "in routers `\(first.router)` and `\(entry.name)`",
                    advice: "it is first defined at \(walk.collector.name(of: first.place))")
            } else {
                identities[key] = (entry.name, vrid.place)
            }
        }
    }

    /// They go where the advertised ones of their family go.
    private func checkUnadvertised(
        _ entry: RouterEntry, addresses: [Walk.PlacedAddress], families: [AddressFamily]
    ) {
        for address in addresses where address.value.kind == .unadvertised {
            let family = address.value.address.address.family
            guard !families.contains(family) else { continue }
            walk.report(
                address.place,
                "router `\(entry.name)` advertises no \(Self.name(family)) address, so that this"
                    + " one has nothing to go with",
                advice: "put one of its family in `addresses`")
        }
    }

    static func name(_ family: AddressFamily) -> String {
        family == .ipv4 ? "IPv4" : "IPv6"
    }
}

extension RouterEntry {
    /// With its interfaces' names as `VirtualRouterConfiguration` writes them; nil when its namespace
    /// is wrong.
    fileprivate var qualified: RouterEntry? {
        guard let namespace = networkNamespace?.own else {
            return hasNetworkNamespace ? nil : self
        }
        func qualify(_ name: String) -> String { "\(namespace)/\(name)" }
        var result = self
        result.interface?.own = qualify(interface?.own ?? "")
        if let name = macvlanName?.own { result.macvlanName?.own = qualify(name) }
        result.addresses = addresses?.map { placed in
            var placed = placed
            placed.value.interface = placed.value.interface.map(qualify)
            return placed
        }
        return result
    }
}
