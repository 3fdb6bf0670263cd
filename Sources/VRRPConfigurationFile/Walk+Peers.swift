// Who advertisements come from and go to: `source`, `unicast`.

import VRRPConfiguration
import VRRPWire

extension Walk {
    /// The address of a host with the place that later checks point at.
    struct PlacedHost {
        var value: IPAddress
        var place: Place
    }

    /// `unicast` as it was written.
    struct Unicast {
        var place: Place
        /// This node's own entry; nil where `source` says it.
        var own: [PlacedHost]?
        var peers: [PlacedHost]
        /// Every node's entry; empty for a plain list.
        var entries: [(node: String, hosts: [PlacedHost], place: Place)] = []
    }

    /// One address, or one of each family.
    func hosts(_ node: Node, _ key: String) -> [PlacedHost]? {
        guard case .sequence(let items) = node.content else {
            return host(node, key).map { [$0] }
        }
        guard !items.isEmpty else {
            report(node.place, "`\(key)` is empty", advice: "write at least one address")
            return nil
        }
        let read = items.map { host($0, key) }
        let good = read.compactMap { $0 }
        return good.count == read.count ? good : nil
    }

    /// Node-keyed, or a list beside `source`.
    func unicast(_ entry: Entry) -> Unicast? {
        guard case .mapping(let entries) = entry.value.content else {
            return hosts(entry.value, entry.key).map {
                Unicast(place: entry.value.place, peers: $0)
            }
        }
        var result = Unicast(place: entry.value.place, peers: [])
        var isGood = true
        for candidate in entries {
            guard checkName(candidate.key, at: candidate.place, what: "a node's name"),
                let hosts = hosts(candidate.value, entry.key)
            else {
                isGood = false
                continue
            }
            note(node: candidate.key)
            result.entries.append((candidate.key, hosts, candidate.value.place))
            if candidate.key == node { result.own = hosts } else { result.peers += hosts }
        }
        guard isGood else { return nil }
        if let node, result.own == nil {
            report(
                entry.value.place, "`unicast` has no address for node \(quoted(node))",
                advice: "write `\(node): ADDRESS` in it, the address this router sends from")
            return nil
        }
        guard result.entries.count > 1 else {
            report(
                entry.value.place, "`unicast` names no other router",
                advice: "write the address of every other router under its node's name")
            return nil
        }
        return result
    }

    private func host(_ node: Node, _ key: String) -> PlacedHost? {
        guard let text = text(node, key) else { return nil }
        guard let address = IPAddress(text) else {
            let plain = text.split(separator: "/").first.flatMap { IPAddress($0) }
            report(
                node.place, "`\(key)` takes the address of a router, not \(written(node))",
                advice: plain.map { "write `\($0)`, without a prefix length" }
                    ?? "write for example `192.0.2.2` or `fe80::2`")
            return nil
        }
        let isUnusable =
            switch address {
            case .v4(let address):
                address.isLoopback || address.rawValue >> 24 == 0 || address == .limitedBroadcast
            case .v6(let address): address == .any || address == .loopback
            }
        guard !isUnusable, !address.isMulticast else {
            report(
                node.place, "\(written(node)) is not the address of one router",
                advice: "write an address that one of its interfaces has")
            return nil
        }
        return PlacedHost(value: address, place: node.place)
    }
}
