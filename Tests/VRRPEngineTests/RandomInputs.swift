// Whatever can happen to an engine, in any order: inputs drawn from a seed.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPSimulation
import VRRPWire

/// Draws inputs for an engine that it sees only through its requests and its deadline.
struct RandomInputs {
    private var generator: SeededGenerator
    private(set) var now = at(1)
    /// Requests that the kernel has not answered.
    private var requests: [AddressRequest] = []
    private let first: [Int32] = [7, 8]

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// What comes before anything can happen.
    mutating func opening() -> [EngineInput] {
        [.apply(configuration: configuration(variant: 0)), .beginResynchronisation()]
            + first.map { .observeLink(link: link($0)) }
            + first.flatMap { interface in
                ["192.0.2.3/24", "fe80::3/64"].compactMap { InterfaceAddress($0) }.map {
                    .observeAddress(address: KernelAddress(interface: interface, address: $0))
                }
            } + [.endResynchronisation]
    }

    /// Remembers what the kernel is asked for.
    mutating func note(_ effects: [Effect]) {
        for case .changeAddresses(let request) in effects { requests.append(request) }
    }

    mutating func next(deadline: Instant?) -> EngineInput {
        if !requests.isEmpty, generator.chance(percent: 40) { return answer() }
        switch generator.below(100) {
        case 0..<35:
            now = max(now, deadline ?? now) + generator.duration(.zero ... .milliseconds(15))
            return .advance
        case 35..<42:
            now += generator.duration(.zero ... .milliseconds(400))
            return .advance
        case 42..<72: return receive()
        case 72..<73: return .receiveMalformed(interface: generator.pick(first) ?? 7)
        case 73..<74: return solicit()
        case 74..<78: return .observeLink(link: link(generator.pick(first) ?? 7, flapping: true))
        case 78..<79: return .observeRemovedLink(interface: generator.pick(first) ?? 7)
        case 79..<85: return .observeAddress(address: address())
        case 85..<89:
            return .observeRemovedAddress(
                interface: generator.pick(first) ?? 7, address: address().address)
        case 89..<90: return .beginResynchronisation()
        case 90..<93: return .endResynchronisation
        case 93..<94: return .apply(configuration: configuration(variant: generator.below(8)))
        case 94..<96: return .sendFailed(router: generator.below(5), code: 100)
        case 96..<98: return .sendSucceeded(router: generator.below(5))
        case 98..<99:
            return .listenFailed(
                interface: generator.pick(first) ?? 7, family: .ipv6, code: 19)
        default:
            // A machine that slept.
            now += generator.duration(.seconds(1) ... .seconds(20))
            return generator.chance(percent: 3) ? .leave : .advance
        }
    }

    private mutating func answer() -> EngineInput {
        let request = requests.removeFirst()
        let results = request.changes.map { _ in generator.pick([0, 0, 0, 0, 17, 99, 1] as [Int32])
        }
        return .addressesChanged(token: request.token, results: results.map { $0 ?? 0 })
    }

    private mutating func link(_ index: Int32, flapping: Bool = false) -> Link {
        let isRenamed = flapping && generator.chance(percent: 15)
        return Link(
            index: index, name: isRenamed ? "other" : "lan\(index - 7)",
            isUp: !flapping || generator.chance(percent: 70),
            hasCarrier: !flapping || generator.chance(percent: 70),
            hardwareAddress: MACAddress(rawValue: 0x0200_0000_0000 + UInt64(index)))
    }

    private mutating func address() -> KernelAddress {
        let texts = [
            "192.0.2.3/24", "192.0.2.1/24", "192.0.2.9/24", "fe80::3/64", "fe80::1/64",
            "10.0.0.1/32", "2001:db8::1/64",
        ]
        let chosen = generator.pick(texts.compactMap { InterfaceAddress($0) })
        guard let chosen else { preconditionFailure("the texts above are addresses") }
        return KernelAddress(
            interface: generator.pick(first) ?? 7, address: chosen,
            isSecondary: generator.chance(percent: 20), isTentative: generator.chance(percent: 10),
            isMarkedOurs: generator.chance(percent: 30))
    }

    private mutating func receive() -> EngineInput {
        let isVersion6 = generator.chance(percent: 30)
        let source: IPAddress =
            isVersion6
            ? .v6(IPv6Address(high: 0xfe80 << 48, low: UInt64(generator.number(1...4))))
            : .v4(IPv4Address(192, 0, 2, UInt8(generator.number(1...4))))
        let listed = isVersion6 ? ["fe80::1", "2001:db8::1"] : ["192.0.2.1"]
        let vrid = VirtualRouterID(UInt8(generator.number(50...53)))
        let advertisement = vrid.map {
            Advertisement(
                version: generator.chance(percent: 20) ? .v2 : .v3, vrid: $0,
                priority: Priority(generator.pick([0, 50, 100, 150, 255]) ?? 0),
                maxAdvertiseInterval: generator.chance(percent: 80) ? .seconds(1) : .seconds(2),
                addresses: listed.compactMap { IPAddress($0) })
        }
        let key: UInt8? = generator.chance(percent: 25) ? UInt8(generator.number(1...2)) : nil
        var bytes =
            advertisement?.encoded(
                source: source, destination: .vrrpGroup(source.family),
                checksumForm: generator.chance(percent: 70) ? .rfc9568 : .rfc5798,
                reservesTrailer: key != nil) ?? []
        if let key {
            let stamp = AuthenticationTrailer.Stamp(rawValue: UInt64(generator.number(0...60)))
            AuthenticationTrailer(keyID: key, stamp: stamp).store(
                inMessageAt: 0..<bytes.count, of: &bytes, family: source.family)
        }
        if generator.chance(percent: 10) { bytes[generator.below(bytes.count)] ^= 4 }
        return .receive(
            interface: generator.pick(first) ?? 7, source: source,
            destination: .vrrpGroup(source.family),
            hopLimit: generator.chance(percent: 95) ? 255 : 64, message: HexadecimalBytes(bytes),
            authenticity: key.map { key in
                generator.chance(percent: 80) ? .verified(keyID: key) : .failed
            })
    }

    /// A host asks for a router; one in ten does it wrongly.
    private mutating func solicit() -> EngineInput {
        let host = IPv6Address(high: 0xfe80 << 48, low: 0x99)
        var bytes: [UInt8] = []
        RouterSolicitation(sourceLinkLayerAddress: nil).append(to: &bytes, source: host)
        bytes.removeFirst(IPv6Header.byteCount)
        return .solicited(
            interface: generator.pick(first) ?? 7, source: .v6(host),
            destination: .v6(.allRouters), hopLimit: generator.chance(percent: 90) ? 255 : 64,
            message: HexadecimalBytes(bytes))
    }

    /// Five virtual routers on two interfaces; every variant changes, adds or takes something.
    private func configuration(variant: Int) -> Configuration {
        var routers = [
            routerConfiguration("a", priority: 100, vrid: 51),
            routerConfiguration(
                "b", priority: 150, vrid: 52, addresses: ["fe80::1/64", "2001:db8::1/64"]),
            routerConfiguration(
                "c", priority: 50, vrid: 52, addresses: ["10.0.0.1/32"], interval: .milliseconds(10)
            ),
            routerConfiguration("d", priority: 200, vrid: 53, version: .v2),
            routerConfiguration("e", priority: 100, vrid: 51, checksum: .rfc5798),
        ].compactMap { $0 }
        routers[4].interface = "lan1"
        routers[2].preemptDelay = .milliseconds(700)
        routers[0].announce = AnnouncePolicy(count: 3, refresh: .seconds(5))
        routers[1].routerAdvertisement = RouterAdvertisementSettings(maximumInterval: .seconds(4))
        let keys = (1...2 as ClosedRange<UInt8>).map { id in
            HMACPolicy.Key(id: id, secret: Secret(Array(repeating: id, count: 32)))
        }
        let policy = HMACPolicy(
            keys: Array(keys.prefix(variant & 2 == 0 ? 2 : 1)), active: 1,
            mode: variant & 1 == 0 ? .permissive : .enforce)
        routers[4].authentication = policy.map { .hmac($0) }
        if variant & 1 != 0 {
            routers[0].priority = Priority(120)
            routers[1].advertisementInterval = .milliseconds(300)
        }
        if variant & 2 != 0 {
            routers[3].startDelay = .milliseconds(350)
            routers[1].routerAdvertisement = nil
        }
        if variant & 4 != 0 { routers.remove(at: 1) }
        return Configuration(node: "gw1", routers: routers)
    }
}
