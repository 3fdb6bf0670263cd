// What a version of the protocol has and has not: intervals, families, passwords, and which routers of
// two versions may be mixed.

import VRRPConfiguration
import VRRPWire

extension RouterChecks {
    /// The interval as the version has it on the wire, on every node.
    func checkInterval(_ entry: RouterEntry) {
        guard entry.isVersionKnown else { return }
        for (interval, place, node) in entry.advertise?.all ?? [] {
            let spoken = node == nil ? entry.version?.own : entry.version?.value(on: node)
            let version: VRRPVersion = spoken == .two ? .v2 : .v3
            let range =
                "router `\(entry.name)` speaks version \(version.rawValue), in which `advertise`"
            switch version {
            case .v2 where interval < .seconds(1) || interval.components.attoseconds != 0:
                walk.report(
                    place, "\(range) is whole seconds from 1s to 255s",
                    advice: "write for example `1s`, or use `version: 3`")
            case .v3 where interval > .milliseconds(40_950):
                walk.report(
                    place, "\(range) is at most 40.95s", advice: "write `40s` or less")
            case .v3 where interval.components.attoseconds % 10_000_000_000_000_000 != 0:
                walk.report(
                    place, "\(range) is a multiple of 10ms", advice: "write for example `100ms`")
            case .v2, .v3:
                break
            }
        }
    }

    func checkVersion(
        _ entry: RouterEntry, addresses: [Walk.PlacedAddress], families: [AddressFamily]
    ) {
        guard
            entry.version?.own == .two,
            let first = addresses.first(where: { $0.value.address.address.family == .ipv6 })
        else { return }
        walk.report(
            first.place, "version 2 has no IPv6, and router `\(entry.name)` speaks version 2",
            advice: families.count > 1
                ? "move the IPv6 addresses to another router with `version: 3`"
                : "write `version: 3`")
    }

    /// Only version 2 has one.
    func checkPassword(_ entry: RouterEntry) {
        guard entry.isVersionKnown, let authentication = entry.authentication,
            case .text = authentication.own, entry.version?.own ?? .three == .three
        else { return }
        walk.report(
            authentication.place,
            "`text` is of version 2, and router `\(entry.name)` speaks version 3",
            advice: "remove the key, or write `hmac`; version 3 has no passwords (RFC 9568 9)")
    }

    /// A router of version 2 hears one that also speaks version 3 say "every second" at the least. If
    /// it is preferred to one that is faster than that, it takes over late, and flaps
    /// (RFC 9568 §8.4.2.1).
    func checkMixture(_ entry: RouterEntry) {
        guard let version = entry.version, let interval = entry.advertise,
            let priority = entry.priority
        else { return }
        let nodes = version.all.compactMap(\.node)
        for old in nodes where version.value(on: old) == .two {
            let fast = nodes.first { node in
                guard version.value(on: node) == .both, let interval = interval.value(on: node),
                    let above = priority.value(on: old), let below = priority.value(on: node)
                else { return false }
                return interval < .seconds(1) && above > below
            }
            guard let fast else { continue }
            walk.report(
                version.place,
                "node `\(old)` speaks version 2 and is preferred to `\(fast)`, which advertises more"
                    + " than once a second in both versions",
                advice: "give `\(old)` the lower priority, or `\(fast)` an `advertise` of `1s` or"
                    + " more (RFC 9568 8.4.2.1)")
        }
    }
}
