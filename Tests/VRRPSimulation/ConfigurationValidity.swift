// What the loader demands of a configuration, said once more in few lines and over values: the
// generator throws away what it would not accept.

package import VRRPConfiguration
import VRRPWire

extension ConfigurationGenerator {
    /// Whether the loader of configuration files would accept this.
    package static func isValid(_ configuration: Configuration) -> Bool {
        var names: Set<String> = []
        var identities: Set<Identity> = []
        var owned: Set<Owned> = []
        for router in configuration.routers {
            let identity = Identity(
                interface: router.interface, family: router.family, vrid: router.vrid)
            guard
                names.insert(router.name).inserted, identities.insert(identity).inserted,
                isValid(router)
            else { return false }
            for virtual in router.addresses {
                let place = Owned(
                    interface: virtual.interface ?? router.interface,
                    address: virtual.address.address)
                guard owned.insert(place).inserted else { return false }
            }
        }
        return true
    }

    private struct Identity: Hashable {
        var interface: String
        var family: AddressFamily
        var vrid: VirtualRouterID
    }

    private struct Owned: Hashable {
        var interface: String
        var address: IPAddress
    }

    /// What one router must satisfy alone.
    private static func isValid(_ router: VirtualRouterConfiguration) -> Bool {
        let addresses = router.addresses.map(\.address.address)
        guard
            let first = addresses.first, addresses.count <= (router.family == .ipv4 ? 255 : 90),
            Set(addresses).count == addresses.count,
            addresses.allSatisfy({ $0.family == router.family && !$0.isMulticast }),
            router.family == .ipv4 || first.isLinkLocal,
            router.priority != .leaving,
            router.preemptDelay >= .zero, router.startDelay >= .zero,
            (1...100).contains(router.announce.count),
            (.milliseconds(10) ... .seconds(60)).contains(router.announce.spacing),
            (.seconds(1) ... .seconds(86_400)).contains(router.announce.refresh ?? .seconds(1))
        else { return false }
        let interval = router.advertisementInterval.microseconds
        switch router.version {
        case .v2:
            return !router.alsoVersion2 && router.family == .ipv4 && interval % 1_000_000 == 0
                && (1...255).contains(interval / 1_000_000)
        case .v3:
            return interval % 10_000 == 0 && (1...4095).contains(interval / 10_000)
        }
    }
}
