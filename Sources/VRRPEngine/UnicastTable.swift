// Whose a unicast advertisement is: by the address of ours that it was sent to, since it may come in
// through any interface.

import VRRPConfiguration
import VRRPWire

/// The virtual routers with unicast peers. Computed from the routers; not part of a checkpoint.
struct UnicastTable {
    private struct Key: Hashable {
        var local: IPAddress
        /// A link-local address says nothing without it; of any other only the namespace matters.
        var interface: Int32
        var vrid: VirtualRouterID
        /// Two routers may send from one address to different peers.
        var peer: IPAddress
    }

    private var places: [Key: Int] = [:]
    /// Those with a configured source, which may be on any interface, as one that is routed to often
    /// is.
    private(set) var fromAnywhere: [Int] = []

    init() {}

    init(_ routers: [RouterEntry]) {
        for (place, router) in routers.enumerated() where router.configuration.isUnicast {
            if router.configuration.source != nil { fromAnywhere.append(place) }
            guard let source = router.source else { continue }
            for peer in router.configuration.peers {
                let key = Key(
                    local: source, interface: Self.interface(router.interface ?? 0, of: source),
                    vrid: router.configuration.vrid, peer: peer)
                places[key] = place
            }
        }
    }

    var isEmpty: Bool { places.isEmpty }

    func router(_ vrid: VirtualRouterID, _ header: DatagramHeader, on interface: Int32) -> Int? {
        let local = header.destination
        let key = Key(
            local: local, interface: Self.interface(interface, of: local), vrid: vrid,
            peer: header.source)
        return places[key]
    }

    static func interface(_ index: Int32, of address: IPAddress) -> Int32 {
        address.isLinkLocal && address.family == .ipv6
            ? index : InterfaceHandle.anywhere(near: index)
    }
}
