// An engine on one interface, and readers of what it decided.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

let gateway = InterfaceAddress("192.0.2.1/24")
let ownAddress = IPv4Address(192, 0, 2, 3)
let peerAddress = IPv4Address(192, 0, 2, 2)
let lanIndex: Int32 = 7

func at(_ seconds: Double) -> Instant { Instant(sinceOrigin: .seconds(seconds)) }

func routerConfiguration(
    _ name: String = "lan", priority: UInt8 = 100, vrid: UInt8 = 51,
    addresses: [String] = ["192.0.2.1/24"], version: VRRPVersion = .v3,
    interval: Duration = .seconds(1), checksum: ChecksumPolicy = .auto
) -> VirtualRouterConfiguration? {
    let virtual = addresses.compactMap { InterfaceAddress($0) }.map { VirtualAddress(address: $0) }
    guard let vrid = VirtualRouterID(vrid), let first = virtual.first else { return nil }
    return VirtualRouterConfiguration(
        name: name, family: first.address.address.family, interface: "lan0", vrid: vrid,
        version: version, priority: Priority(priority), addresses: virtual,
        advertisementInterval: interval, checksum: checksum)
}

/// Keeps an engine and everything it ever asked for; answers address requests like a kernel.
final class Bench {
    var engine = Engine(node: "gw1")
    var log: [Effect] = []
    var sent: [[UInt8]] = []
    /// Frames with a Router Advertisement.
    var routerAdvertisements: [[UInt8]] = []
    /// Those that a test has taken.
    var spoken: [[UInt8]] = []
    /// What the kernel has on the interface, besides the primary address.
    var kernel: Set<InterfaceAddress> = []
    var refuse: Int32 = 0
    /// Set: the kernel answers no more, and requests are kept for `answer`.
    var isKernelSilent = false
    var unanswered: [AddressRequest] = []

    init(_ routers: [VirtualRouterConfiguration?]) {
        apply(routers, at: at(0))
        engine.beginResynchronisation()
        setLink(at: at(0))
        addAddress("192.0.2.3/24", at: at(0))
        addAddress("fe80::3/64", at: at(0))
        engine.endResynchronisation(at: at(0))
        settle(at: at(0))
    }

    func apply(_ routers: [VirtualRouterConfiguration?], at now: Instant) {
        engine.apply(
            Configuration(node: "gw1", routers: routers.compactMap { $0 }), at: now)
        settle(at: now)
    }

    func setLink(
        name: String = "lan0", isUp: Bool = true, hasCarrier: Bool = true, at now: Instant
    ) {
        engine.observe(
            Link(
                index: lanIndex, name: name, isUp: isUp, hasCarrier: hasCarrier,
                hardwareAddress: MACAddress(rawValue: 0x0200_0000_0003)), at: now)
        engine.advance(to: now)
        settle(at: now)
    }

    func addAddress(_ text: String, ours: Bool = false, at now: Instant) {
        guard let address = InterfaceAddress(text) else { return }
        engine.observe(
            KernelAddress(interface: lanIndex, address: address, isMarkedOurs: ours), at: now)
        engine.advance(to: now)
        settle(at: now)
    }

    func removeAddress(_ text: String, at now: Instant) {
        guard let address = InterfaceAddress(text) else { return }
        kernel.remove(address)
        engine.observeRemovedAddress(address, on: lanIndex, at: now)
        engine.advance(to: now)
        settle(at: now)
    }

    func advance(to now: Instant) {
        engine.advance(to: now)
        settle(at: now)
    }

    /// Goes from deadline to deadline, as the loop does.
    func run(until end: Instant) {
        while let next = engine.nextDeadline, next <= end { advance(to: next) }
    }

    func hear(
        _ priority: UInt8, from source: IPv4Address = peerAddress, vrid: UInt8 = 51,
        version: VRRPVersion = .v3, interval: Duration = .seconds(1),
        addresses: [IPAddress] = [.v4(IPv4Address(192, 0, 2, 1))], hopLimit: UInt8 = 255,
        destination: IPAddress = .v4(.vrrpGroup), form: ChecksumForm = .rfc9568,
        damage: (inout [UInt8]) -> Void = { _ in }, at now: Instant
    ) {
        guard let vrid = VirtualRouterID(vrid) else { return }
        var bytes = Advertisement(
            version: version, vrid: vrid, priority: Priority(priority),
            maxAdvertiseInterval: interval, addresses: addresses
        ).encoded(source: .v4(source), destination: destination, checksumForm: form)
        damage(&bytes)
        engine.receive(
            bytes.span.bytes,
            header: DatagramHeader(
                source: .v4(source), destination: destination, hopLimit: hopLimit),
            interface: lanIndex, at: now)
        settle(at: now)
    }

    /// Carries out what was decided, as the interpreter does, with a kernel that works.
    func settle(at now: Instant) {
        var position = 0
        while position < engine.effects.count {
            let effect = engine.effects[position]
            log.append(effect)
            switch effect {
            case .send(_, _, _, _, let range): sent.append(Array(engine.outbox[range]))
            case .changeAddresses(let request) where isKernelSilent: unanswered.append(request)
            case .changeAddresses(let request): answer(request, at: now)
            case .announce(_, _, let range)
            where range.count > 54 && engine.outbox[range.lowerBound + 54] == 134:
                routerAdvertisements.append(Array(engine.outbox[range]))
            case .sign, .announce, .advertise, .changeDevice, .listen, .stopListening,
                .listenForSolicitations, .stopListeningForSolicitations, .tell:
                break
            }
            position += 1
        }
        engine.clearEffects()
    }

    private func answer(_ request: AddressRequest, at now: Instant) {
        var results: [Int32] = []
        for change in request.changes {
            results.append(refuse)
            guard refuse == 0 else { continue }
            switch change.operation {
            case .add:
                kernel.insert(change.address)
                engine.observe(
                    KernelAddress(
                        interface: change.interface, address: change.address, isMarkedOurs: true),
                    at: now)
            case .remove:
                kernel.remove(change.address)
                engine.observeRemovedAddress(change.address, on: change.interface, at: now)
            }
        }
        engine.addressesChanged(token: request.token, results: results, at: now)
    }

    /// Forgets the past, so that a test sees only what follows.
    func forget() {
        log = []
        sent = []
    }

    func router(_ name: String = "lan") -> RouterSnapshot? {
        engine.snapshot(at: at(0)).routers.first { $0.configuration.name == name }
    }

    var isSettled: Bool { engine.isSettled }
    func isIdle(at now: Instant) -> Bool { engine.isIdle(at: now) }
    func expectsToSend(_ router: Int) -> Bool { engine.expectsToSend(router) }

    var events: [EngineEvent.Kind] {
        log.compactMap { effect in
            if case .tell(let event) = effect { return event.kind }
            return nil
        }
    }

    /// Every change of an address that was asked for, in order.
    var edits: [AddressEdit] {
        log.flatMap { effect -> [AddressEdit] in
            if case .changeAddresses(let request) = effect { return request.changes }
            return []
        }
    }

    var announcements: Int {
        log.count { effect in
            if case .announce = effect { return true }
            return false
        }
    }

    /// Whether a sent message decodes at its receivers.
    func isValid(_ message: [UInt8]) -> Bool {
        let header = DatagramHeader(
            source: .v4(ownAddress), destination: .v4(.vrrpGroup), hopLimit: 255)
        do throws(DiscardReason) {
            _ = try AdvertisementHeader(decoding: message.span.bytes, header: header)
            return true
        } catch {
            return false
        }
    }

    /// The priorities that were sent, in order.
    var priorities: [UInt8] { sent.map { $0[2] } }
}
