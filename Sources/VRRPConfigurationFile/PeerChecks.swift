// Where advertisements come from and go to, held against the rest of a router: every family has its
// source, every peer is another router.

import VRRPConfiguration
import VRRPWire

extension RouterChecks {
    /// Reports what does not fit together. `families` are those that are advertised.
    func checkPeers(_ entry: RouterEntry, families: [AddressFamily]) {
        let virtual = Set((entry.addresses ?? []).map(\.value.address.address))
        if let hops = entry.hops, entry.unicast == nil, !entry.hasUnicast {
            walk.report(
                hops.place, "`hops` is for unicast, and router `\(entry.name)` sends to the group",
                advice: "remove the key, or name the other routers in `unicast`")
        }
        for (hosts, place, _) in entry.source?.all ?? [] {
            checkHosts(hosts, at: place, of: entry, families: families, virtual: virtual)
            if entry.unicast == nil { checkLinkLocal(hosts, of: entry) }
        }
        guard let unicast = entry.unicast else { return }
        if unicast.own == nil {
            if entry.source == nil, !entry.hasSource {
                walk.report(
                    unicast.place, "`unicast` as a list needs `source`",
                    advice: "write `source: ADDRESS`, or key the list by node:"
                        + " `unicast: {gw1: ADDRESS, gw2: ADDRESS}`")
            }
            checkTwins(unicast.peers, of: entry)
        } else if let source = entry.source {
            walk.report(
                source.place, "`unicast` says already what router `\(entry.name)` sends from",
                advice: "remove `source`, or write `unicast` as a list")
        }
        for (_, hosts, place) in unicast.entries {
            checkHosts(hosts, at: place, of: entry, families: families, virtual: virtual)
        }
        checkTwins(unicast.entries.flatMap(\.hosts), of: entry)
        checkKinds(
            unicast.entries.flatMap(\.hosts) + (unicast.own == nil ? unicast.peers : [])
                + (entry.source?.all ?? []).flatMap(\.value))
        guard unicast.own == nil else { return }
        for peer in unicast.peers {
            checkHost(peer, of: entry, families: families, virtual: virtual)
        }
        for family in families {
            checkReach(unicast, family, of: entry)
        }
    }

    /// A link-local address reaches the link only, and is reached from it only.
    private func checkKinds(_ hosts: [Walk.PlacedHost]) {
        let hosts = hosts.filter { $0.value.family == .ipv6 }
        guard let first = hosts.first,
            let other = hosts.first(where: { $0.value.isLinkLocal != first.value.isLinkLocal })
        else { return }
        walk.report(
            other.place,
            "\(quoted("\(other.value)")) and \(quoted("\(first.value)")) do not reach each other:"
                + " one of them is link-local",
            advice: "write the link-local addresses of all routers, or of none")
    }

    /// A list that names only this router would be no unicast at all, on whichever node.
    private func checkReach(
        _ unicast: Walk.Unicast, _ family: AddressFamily, of entry: RouterEntry
    ) {
        let listed = unicast.peers.map(\.value).filter { $0.family == family }
        let sources = (entry.source?.all ?? []).map { source in
            (source.node, source.value.map(\.value).first { $0.family == family })
        }
        let lonely = sources.first { own in listed.allSatisfy { $0 == own.1 } }
        guard listed.isEmpty || lonely != nil else { return }
        let node = lonely?.0.map { " on node \(quoted($0))" } ?? ""
        walk.report(
            unicast.place,
            "router `\(entry.name)` has \(Self.name(family)) addresses, and `unicast` no other"
                + " router's \(Self.name(family)) address\(node)",
            advice: "write one of every router, of each family: `[192.0.2.2, fe80::2]`")
    }

    /// What a router's own half of `unicast` or `source` is for one family.
    func source(_ entry: RouterEntry, _ family: AddressFamily) -> IPAddress? {
        (entry.unicast?.own ?? entry.source?.own ?? []).map(\.value).first { $0.family == family }
    }

    /// In the order of the file; the list may be the same on all routers, and name this one, too.
    func peers(_ entry: RouterEntry, _ family: AddressFamily) -> [IPAddress] {
        let own = source(entry, family)
        return (entry.unicast?.peers ?? []).map(\.value).filter { $0.family == family && $0 != own }
    }

    private func checkHosts(
        _ hosts: [Walk.PlacedHost], at place: Place, of entry: RouterEntry,
        families: [AddressFamily], virtual: Set<IPAddress>
    ) {
        for host in hosts { checkHost(host, of: entry, families: families, virtual: virtual) }
        for family in families {
            let several = hosts.filter { $0.value.family == family }
            if several.count > 1 {
                walk.report(
                    several[1].place, "a router sends from one \(Self.name(family)) address",
                    advice: "remove one of the two")
            } else if several.isEmpty, entry.unicast?.own != nil {
                walk.report(
                    place,
                    "there is no \(Self.name(family)) address here, and router"
                        + " `\(entry.name)` has \(Self.name(family)) addresses",
                    advice: "write one of each family in brackets")
            }
        }
    }

    private func checkHost(
        _ host: Walk.PlacedHost, of entry: RouterEntry, families: [AddressFamily],
        virtual: Set<IPAddress>
    ) {
        if !families.contains(host.value.family) {
            walk.report(
                host.place,
                "router `\(entry.name)` has no \(Self.name(host.value.family)) addresses",
                advice: "write an address of the family that it advertises")
        } else if virtual.contains(host.value), entry.priority?.own != .owner,
            entry.priority?.all.contains(where: { $0.value == .owner }) != true
        {
            walk.report(
                host.place,
                "\(quoted("\(host.value)")) is a virtual address of router"
                    + " `\(entry.name)`, which moves",
                advice: "write an address that the router has of its own")
        }
    }

    /// RFC 9568 §5.1.2.1.
    private func checkLinkLocal(_ hosts: [Walk.PlacedHost], of entry: RouterEntry) {
        for host in hosts
        where host.value.family == .ipv6 && !host.value.isLinkLocal && !entry.hasUnicast {
            walk.report(
                host.place, "the source of IPv6 advertisements to the group must be link-local",
                advice: "write a link-local address of the interface (RFC 9568 5.1.2.1)")
        }
    }

    private func checkTwins(_ hosts: [Walk.PlacedHost], of entry: RouterEntry) {
        var seen: Set<IPAddress> = []
        for host in hosts where !seen.insert(host.value).inserted {
            walk.report(
                host.place, "\(quoted("\(host.value)")) is in `unicast` twice",
                advice: "every router has an address of its own")
        }
    }
}
