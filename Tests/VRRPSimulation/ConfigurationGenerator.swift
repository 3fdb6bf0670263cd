// Random configurations that the loader would accept, and random changes to one: what a reload is
// tested with. Short lists and few values, so that changes collide; now and then an extreme.

package import VRRPConfiguration
import VRRPWire

/// Draws valid configurations from a seed.
package struct ConfigurationGenerator: Sendable {
    private var random: SeededGenerator
    /// Where routers are put; the first ones more often.
    private var interfaces: [String] = []

    package init(generator: SeededGenerator) {
        random = generator
    }

    package init(seed: UInt64) {
        self.init(generator: SeededGenerator(seed: seed))
    }

    /// A valid configuration with about as many routers as wanted, all on `interfaces`.
    package mutating func configuration(
        node: String, interfaces: [String], routers: ClosedRange<Int>
    ) -> Configuration {
        self.interfaces = interfaces
        var result = Configuration(node: node, routers: [])
        for _ in 0..<random.number(routers) { result = attempt(result, Self.addRouter) }
        return result
    }

    /// One to three valid changes. Rarely, none of those drawn was valid and nothing changes.
    package mutating func change(_ configuration: Configuration) -> Configuration {
        if interfaces.isEmpty {
            for router in configuration.routers where !interfaces.contains(router.interface) {
                interfaces.append(router.interface)
            }
        }
        var result = configuration
        for _ in 0..<random.number(1...3) {
            result = attempt(result) { generator, routers in generator.mutate(&routers) }
        }
        return result
    }

    /// Tries until the outcome is valid and another one.
    private mutating func attempt(
        _ configuration: Configuration,
        _ edit: (inout Self, inout [VirtualRouterConfiguration]) -> Void
    ) -> Configuration {
        for _ in 0..<20 {
            var routers = configuration.routers
            edit(&self, &routers)
            let result = Configuration(
                node: configuration.node, routers: routers, control: configuration.control,
                log: configuration.log)
            if result != configuration, Self.isValid(result) { return result }
        }
        return configuration
    }
}

// MARK: Routers

extension ConfigurationGenerator {
    private static func addRouter(
        _ generator: inout Self, to routers: inout [VirtualRouterConfiguration]
    ) {
        generator.addRouter(to: &routers)
    }

    private mutating func addRouter(to routers: inout [VirtualRouterConfiguration]) {
        let family: AddressFamily = random.chance(percent: 65) ? .ipv4 : .ipv6
        let interface = drawInterface()
        guard let name = random.pick(Self.names), let vrid = drawVRID() else { return }
        var router = VirtualRouterConfiguration(
            name: name, family: family, interface: interface, vrid: vrid, addresses: [])
        let isLong = random.chance(percent: 1)
        for _ in 0..<(isLong ? 20 : random.number(1...3)) { addAddress(to: &router) }
        if family == .ipv4, random.chance(percent: 15) { router.version = .v2 }
        if family == .ipv4, router.version == .v3 {
            router.alsoVersion2 = random.chance(percent: 15)
        }
        router.priority = drawPriority()
        router.advertisementInterval = drawInterval(router.version)
        router.preemptMode = random.chance(percent: 75)
        if random.chance(percent: 20) { router.preemptDelay = drawDelay() }
        if random.chance(percent: 20) { router.startDelay = drawDelay() }
        router.acceptMode = random.chance(percent: 80)
        router.checksum = random.pick(ChecksumPolicy.allCases) ?? .auto
        if random.chance(percent: 60) { router.announce = drawAnnounce() }
        router.trackInterface = random.chance(percent: 80)
        toggleAdvertisement(of: &router)
        routers.append(router)
    }

    private mutating func mutate(_ routers: inout [VirtualRouterConfiguration]) {
        guard !routers.isEmpty else { return addRouter(to: &routers) }
        let one = random.below(routers.count)
        let other = random.below(routers.count)
        switch random.below(27) {
        case 0, 1: addRouter(to: &routers)
        case 2: routers.remove(at: one)
        case 3: if let name = random.pick(Self.names) { routers[one].name = name }
        case 4: swap(\.name, one, other, in: &routers)
        case 5: if let vrid = drawVRID() { routers[one].vrid = vrid }
        case 6: swap(\.vrid, one, other, in: &routers)
        case 7: routers[one].interface = drawInterface()
        case 8: routers[one].version = routers[one].version == .v2 ? .v3 : .v2
        case 9, 10: routers[one].priority = drawPriority()
        case 11:
            routers[one].advertisementInterval = drawInterval(routers[one].version)
        case 12: routers[one].preemptMode.toggle()
        case 13: routers[one].preemptDelay = drawDelay()
        case 14: routers[one].startDelay = drawDelay()
        case 15: routers[one].acceptMode.toggle()
        case 16: routers[one].checksum = random.pick(ChecksumPolicy.allCases) ?? .auto
        case 17: routers[one].announce = drawAnnounce()
        case 18:
            routers[one].trackInterface.toggle()
            toggleAdvertisement(of: &routers[one])
        case 19: addAddress(to: &routers[one])
        case 20: removeAddress(from: &routers[one])
        case 21: reorder(&routers[one])
        case 22: alterAddress(of: &routers[one])
        case 23:
            if routers[one].version == .v3, routers[one].family == .ipv4 {
                routers[one].alsoVersion2.toggle()
            }
        case 24: swap(\.addresses, one, other, in: &routers)
        default: moveAddress(from: one, to: other, in: &routers)
        }
    }

    /// From a copy of the generator: what is drawn after it does not depend on it.
    private func toggleAdvertisement(of router: inout VirtualRouterConfiguration) {
        var copy = random
        guard router.family == .ipv6, copy.chance(percent: 70) else { return }
        router.routerAdvertisement =
            router.routerAdvertisement == nil
            ? RouterAdvertisementSettings(maximumInterval: .seconds(4)) : nil
    }

    private func swap<Value>(
        _ path: WritableKeyPath<VirtualRouterConfiguration, Value>, _ one: Int, _ other: Int,
        in routers: inout [VirtualRouterConfiguration]
    ) {
        let value = routers[one][keyPath: path]
        routers[one][keyPath: path] = routers[other][keyPath: path]
        routers[other][keyPath: path] = value
    }
}

// MARK: Addresses

extension ConfigurationGenerator {
    private mutating func addAddress(to router: inout VirtualRouterConfiguration) {
        let isFirst = router.addresses.isEmpty
        guard let address = drawAddress(router.family, isLinkLocal: isFirst) else { return }
        var virtual = VirtualAddress(address: address)
        if random.chance(percent: 10) { virtual.interface = drawInterface() }
        if random.chance(percent: 10) { virtual.scope = drawScope() }
        router.addresses.insert(
            virtual, at: isFirst ? 0 : random.number(1...router.addresses.count))
    }

    private mutating func removeAddress(from router: inout VirtualRouterConfiguration) {
        guard router.addresses.count > 1 else { return }
        router.addresses.remove(at: random.below(router.addresses.count))
    }

    private mutating func reorder(_ router: inout VirtualRouterConfiguration) {
        guard router.addresses.count > 1 else { return }
        router.addresses.swapAt(
            random.below(router.addresses.count), random.below(router.addresses.count))
    }

    /// The same address with another length, scope or device, or another address in its place.
    private mutating func alterAddress(of router: inout VirtualRouterConfiguration) {
        let place = random.below(router.addresses.count)
        let virtual = router.addresses[place]
        let number = virtual.address.address
        switch random.below(4) {
        case 0:
            let length = random.pick(Self.prefixLengths(router.family)) ?? 24
            guard let longer = InterfaceAddress(number, prefixLength: length) else { return }
            router.addresses[place].address = longer
        case 1:
            router.addresses[place].scope = drawScope()
        case 2:
            router.addresses[place].interface = virtual.interface == nil ? drawInterface() : nil
        default:
            guard let new = drawAddress(router.family, isLinkLocal: place == 0) else { return }
            router.addresses[place] = VirtualAddress(address: new)
        }
    }

    private mutating func moveAddress(
        from one: Int, to other: Int, in routers: inout [VirtualRouterConfiguration]
    ) {
        guard one != other, routers[one].addresses.count > 1 else { return }
        let place = random.below(routers[one].addresses.count)
        let virtual = routers[one].addresses.remove(at: place)
        routers[other].addresses.append(virtual)
    }

    private mutating func drawAddress(
        _ family: AddressFamily, isLinkLocal: Bool
    ) -> InterfaceAddress? {
        let host = random.chance(percent: 90) ? random.number(1...12) : random.number(1...60)
        let address: IPAddress =
            switch family {
            case .ipv4: .v4(IPv4Address(10, 0, 0, UInt8(host)))
            case .ipv6:
                .v6(
                    IPv6Address(
                        high: isLinkLocal ? 0xfe80 << 48 : 0x2001_0db8 << 32, low: UInt64(host)))
            }
        let lengths = Self.prefixLengths(family)
        let length = random.chance(percent: 85) ? lengths[0] : random.pick(lengths) ?? lengths[0]
        return InterfaceAddress(address, prefixLength: length)
    }

    private static func prefixLengths(_ family: AddressFamily) -> [Int] {
        family == .ipv4 ? [24, 25, 32] : [64, 65, 128]
    }
}

// MARK: Values

extension ConfigurationGenerator {
    static let names = ["a", "b", "c", "d", "e", "f/ipv4", "f/ipv6", "lan", "zz"]

    private mutating func drawInterface() -> String {
        let place = min(random.below(interfaces.count + 1), random.below(interfaces.count))
        return interfaces[place]
    }

    private mutating func drawVRID() -> VirtualRouterID? {
        VirtualRouterID(
            random.chance(percent: 2) ? 255 : UInt8(truncatingIfNeeded: random.number(1...6)))
    }

    private mutating func drawScope() -> AddressScope {
        random.pick(AddressScope.allCases) ?? .global
    }

    private mutating func drawPriority() -> Priority {
        switch random.below(40) {
        case 0: Priority(1)
        case 1: Priority(254)
        case 2...6: .owner
        default: random.pick([50, 100, 100, 150, 200].map { Priority($0) }) ?? .standard
        }
    }

    private mutating func drawInterval(_ version: VRRPVersion) -> Duration {
        switch (version, random.below(800)) {
        case (.v2, 0): .seconds(255)
        case (.v2, _): .seconds(random.number(1...3))
        case (.v3, 0): .milliseconds(10)
        case (.v3, 1): .milliseconds(40_950)
        case (.v3, 2..<120): .milliseconds(10 * random.number(10...300))
        case (.v3, _): .milliseconds(random.pick([300, 500, 1000, 1000, 2000]) ?? 1000)
        }
    }

    private mutating func drawDelay() -> Duration {
        random.pick([Duration.zero, .milliseconds(100), .seconds(1), .seconds(3), .seconds(10)])
            ?? .zero
    }

    private mutating func drawAnnounce() -> AnnouncePolicy {
        AnnouncePolicy(
            count: random.pick([1, 2, 5]) ?? 5,
            spacing: random.pick([Duration.milliseconds(10), .milliseconds(200), .seconds(1)])
                ?? .seconds(1),
            refresh: random.pick([Duration?.none, .some(.seconds(1)), .some(.seconds(2))]) ?? nil)
    }
}
