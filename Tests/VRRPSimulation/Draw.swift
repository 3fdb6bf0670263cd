// One virtual router as several machines are told it: what they must have in common, and what makes
// one of them come first.

import VRRPConfiguration
import VRRPWire

struct Draw {
    var generator: SeededGenerator

    init(generator: SeededGenerator) {
        self.generator = generator
    }

    /// One configuration for each node.
    mutating func routers(number: Int, nodeCount: Int) -> [VirtualRouterConfiguration] {
        let version: VRRPVersion = generator.chance(percent: 15) ? .v2 : .v3
        let family: AddressFamily =
            version == .v3 && generator.chance(percent: 40) ? .ipv6 : .ipv4
        let interval = interval(version)
        let owner =
            generator.chance(percent: 20) ? generator.below(nodeCount) : nil as Int?
        let preempts = generator.pick([true, true, true, false, nil]) ?? nil
        let delayed = generator.chance(percent: 15)
        let policy = policy()
        let mac: MACPolicy = generator.chance(percent: 60) ? .virtual : .interface
        let tracks = !generator.chance(percent: 10)
        let mixes = version == .v3 && family == .ipv4 && generator.chance(percent: 20)
        let isUnicast = generator.chance(percent: 12)
        let advertisement = advertisement(family)
        return (0..<nodeCount).compactMap { node in
            guard let vrid = VirtualRouterID(Self.firstVRID + UInt8(number)) else { return nil }
            return VirtualRouterConfiguration(
                name: "r\(number)", family: family, interface: Kernel.interfaceName, vrid: vrid,
                version: version, alsoVersion2: mixes && generator.chance(percent: 70),
                priority: owner == node ? .owner : priority(),
                addresses: Self.addresses(number: number, family: family),
                source: isUnicast ? Self.ownAddress(of: node, family)?.address : nil,
                peers: isUnicast
                    ? (0..<nodeCount).filter { $0 != node }.compactMap {
                        Self.ownAddress(of: $0, family)?.address
                    } : [],
                advertisementInterval: interval,
                preemptMode: preempts ?? generator.chance(percent: 50),
                preemptDelay: delayed ? generator.duration(.seconds(1)...(.seconds(8))) : .zero,
                startDelay: generator.chance(percent: 10)
                    ? generator.duration(.milliseconds(100)...(.seconds(5))) : .zero,
                mac: mac, checksum: generator.pick(ChecksumPolicy.allCases) ?? .auto,
                announce: policy, trackInterface: tracks, routerAdvertisement: advertisement)
        }
    }

    static let firstVRID: UInt8 = 10

    static func router(ofVRID vrid: UInt8) -> Int { Int(vrid) - Int(firstVRID) }

    mutating func priority() -> Priority {
        switch generator.below(10) {
        case 0: Priority(1)
        case 1: Priority(254)
        case 2, 3: Priority(100)
        default: Priority(UInt8(generator.number(1...254)))
        }
    }

    mutating func interval(_ version: VRRPVersion) -> Duration {
        guard version == .v3 else { return .seconds(generator.pick([1, 1, 1, 2, 5]) ?? 1) }
        let milliseconds = generator.pick([
            1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 500, 2000, 3000, 250, 200, 10_000,
        ])
        return switch generator.below(100) {
        case 0: .milliseconds(10)
        case 1: .milliseconds(40_950)
        case 2, 3: .milliseconds(100)
        default: .milliseconds(milliseconds ?? 1000)
        }
    }

    mutating func policy() -> AnnouncePolicy {
        switch generator.below(6) {
        case 0: AnnouncePolicy(count: 1)
        case 1: AnnouncePolicy(count: 3, spacing: .milliseconds(50), refresh: .seconds(10))
        case 2: AnnouncePolicy(count: 2, spacing: .seconds(1))
        default: AnnouncePolicy()
        }
    }

    /// From a copy of the generator: what is drawn after it does not depend on it.
    private func advertisement(_ family: AddressFamily) -> RouterAdvertisementSettings? {
        var copy = generator
        guard family == .ipv6, copy.chance(percent: 60) else { return nil }
        return RouterAdvertisementSettings(
            maximumInterval: copy.pick([.seconds(4), .seconds(10), .seconds(600)]) ?? .seconds(4))
    }

    /// The same on every node, as operators are asked to have it.
    static func addresses(number: Int, family: AddressFamily) -> [VirtualAddress] {
        let texts =
            switch family {
            case .ipv4: (0...number).map { "192.0.2.\(100 + 10 * number + $0)/24" }
            case .ipv6:
                ["fe80::\(number + 1):1/64"]
                    + (0..<number).map { "2001:db8::\(number + 1):\($0 + 1)/64" }
            }
        return texts.compactMap { InterfaceAddress($0) }.map { VirtualAddress(address: $0) }
    }

    /// Primary addresses of both families. The owner of a virtual router has its addresses first,
    /// for they are its own.
    static func ownAddresses(
        node: Int, routers: [[VirtualRouterConfiguration]]
    ) -> [InterfaceAddress] {
        let owned = routers.map { $0[node] }.filter { $0.priority == .owner }
            .flatMap { $0.addresses.map(\.address) }
        return owned + AddressFamily.allCases.compactMap { ownAddress(of: node, $0) }
    }

    private static func ownAddress(of node: Int, _ family: AddressFamily) -> InterfaceAddress? {
        InterfaceAddress(family == .ipv4 ? "192.0.2.\(10 + node)/24" : "fe80::\(10 + node)/64")
    }
}
