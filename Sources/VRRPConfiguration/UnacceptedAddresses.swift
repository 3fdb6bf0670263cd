// Which addresses take no packets from the network: those of virtual routers without Accept_Mode
// that do not own them (RFC 9568 §6.1). Pure; the packet filter is made from it.

package import VRRPWire

/// What `accept: false` asks of the packet filter, whatever state the routers are in: so it is there
/// before an address is, and a takeover does not wait for it.
package struct UnacceptedAddresses: Equatable, Sendable {
    /// IPv4, and IPv6 that is not link-local: whatever interface a packet comes in through.
    package private(set) var everywhere: Set<IPAddress> = []
    /// Link-local IPv6, by the name of the interface that it is on: on others, the same number is
    /// somebody else.
    package private(set) var onLink: [String: Set<IPAddress>] = [:]

    /// Nothing at all.
    package init() {}

    package init(_ configuration: Configuration) {
        for router in configuration.routers where !router.acceptsPackets {
            // What somebody else moves is somebody else's to filter.
            for virtual in router.addresses where virtual.kind != .external {
                let address = virtual.address.address
                if address.needsInterface {
                    onLink[virtual.interface ?? router.interface, default: []].insert(address)
                } else {
                    everywhere.insert(address)
                }
            }
        }
    }

    package var isEmpty: Bool { everywhere.isEmpty && onLink.isEmpty }
}

extension Configuration {
    /// The routers of one network namespace, with the names that interfaces have in it; nil is the
    /// daemon's own.
    package func part(in namespace: String?) -> Configuration {
        var part = self
        part.routers = routers.compactMap { router in
            guard router.networkNamespace == namespace else { return nil }
            guard let namespace else { return router }
            func local(_ name: String) -> String { String(name.dropFirst(namespace.count + 1)) }
            var router = router
            router.networkNamespace = nil
            router.interface = local(router.interface)
            router.macvlanName = router.macvlanName.map(local)
            for index in router.addresses.indices {
                router.addresses[index].interface = router.addresses[index].interface.map(local)
            }
            return router
        }
        return part
    }
}

extension VirtualRouterConfiguration {
    /// Whether packets to the addresses are taken while Active: an owner's always are (RFC 9568
    /// §6.4.3).
    package var acceptsPackets: Bool { acceptMode || priority == .owner }
}

extension Configuration {
    /// Whether a router here has the address and accepts what is sent to it. `interface` counts
    /// for link-local IPv6 only.
    package func accepts(_ address: IPAddress, on interface: String) -> Bool {
        routers.contains { router in
            router.acceptsPackets
                && router.addresses.contains {
                    $0.address.address == address && $0.kind != .external
                        && (!address.needsInterface
                            || ($0.interface ?? router.interface) == interface)
                }
        }
    }
}

extension IPAddress {
    /// Means nothing without the interface that it is on.
    fileprivate var needsInterface: Bool { family == .ipv6 && isLinkLocal }
}
