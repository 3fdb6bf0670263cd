// One address cannot both accept packets and refuse them: what is not link-local is matched on
// whatever interface a packet comes in through.

import VRRPConfiguration
import VRRPWire

/// Holds every router's `accept` against those before it.
struct AcceptChecks {
    private let walk: Walk
    private var seen: [Place: (router: String, accepts: Bool)] = [:]

    private struct Place: Hashable {
        var address: IPAddress
        var namespace: String?
    }

    init(walk: Walk) {
        self.walk = walk
    }

    mutating func add(_ entry: RouterEntry) {
        guard entry.isAcceptKnown else { return }
        let accepts = entry.accept != false || entry.priority?.own == .owner
        for address in entry.addresses ?? [] {
            let number = address.value.address.address
            if number.family == .ipv6, number.isLinkLocal { continue }
            if address.value.kind == .external { continue }
            let key = Place(address: number, namespace: entry.networkNamespace?.own)
            let other = seen[key] ?? (entry.name, accepts)
            seen[key] = other
            guard other.accepts != accepts else { continue }
            walk.report(
                address.place,
                "\(quoted("\(number)")) is in routers `\(other.router)` and `\(entry.name)`, and"
                    + " only `\(accepts ? entry.name : other.router)` accepts packets",
                advice:
                    "write the same `accept` in both: packets to an address are taken or dropped"
                    + " on all interfaces alike")
        }
    }
}
