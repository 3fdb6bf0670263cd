// The whole engine under packets from anybody, with a kernel and an operator that do as they like.
// Every step leaves a deadline ahead, few effects, and nothing but valid messages.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

/// The input is a list of steps, each a byte that says what happens and the bytes that it needs.
func fuzzEngine(_ input: [UInt8]) throws(BrokenPromise) {
    var reader = InputReader(input)
    var world = EngineWorld()
    try world.start()
    var steps = 0
    while !reader.isAtEnd, steps < 64 {
        try world.step(&reader)
        steps += 1
    }
    // Whatever happened, the daemon can leave.
    try world.leave()
}

/// An engine with six virtual routers on one LAN and one on another, and what it knows.
struct EngineWorld: ~Copyable {
    var engine = Engine(node: "gw1")
    var now = Instant.origin
    /// The errno with which the kernel refuses every change; 0 is none.
    private var refusal: Int32 = 0
    /// What the kernel has not answered yet.
    private var unanswered: AddressRequest?
    private var answersLate = false

    mutating func start() throws(BrokenPromise) {
        apply(mask: 0xff)
        engine.beginResynchronisation()
        setLink(lan, "lan0", flags: 0b11)
        setLink(lan + 1, "lan1", flags: 0b11)
        for text in ["192.0.2.3/24", "fe80::3/64", "192.0.2.9/24"] { add(text, lan, flags: 0) }
        add("198.51.100.3/24", lan + 1, flags: 0)
        engine.endResynchronisation(at: now)
        try settle()
    }

    mutating func step(_ reader: inout InputReader) throws(BrokenPromise) {
        let kind = reader.byte()
        switch kind & 15 {
        case 0...5: try receive(&reader, mends: kind & 0x10 == 0)
        case 6: try pass(.milliseconds(Int(reader.uint16())))
        case 7: try pass(.microseconds(Int(reader.uint16())))
        case 8:
            if let next = engine.nextDeadline, next > now { now = next }
            engine.advance(to: now)
        case 9: setLink(lan + Int32(kind >> 7), names[Int(kind >> 5 & 3)], flags: reader.byte())
        case 10: add(texts[Int(reader.byte()) % texts.count], lan, flags: reader.byte())
        case 11: remove(texts[Int(reader.byte()) % texts.count])
        case 12: apply(mask: reader.byte())
        case 13:
            refusal = [0, 17, 12, 99][Int(kind >> 4 & 3)]
            answersLate = kind & 0x80 != 0
            try answer()
        case 14:
            engine.sendFailed(router: Int(reader.byte()), code: 100, at: now)
            engine.sendSucceeded(router: Int(reader.byte()))
            engine.listenFailed(interface: lan, family: .ipv4, code: 19, at: now)
            engine.receiveMalformed(interface: Int32(reader.byte()), at: now)
            solicit(&reader, mends: kind & 0x10 == 0)
        default:
            if kind & 0x10 == 0 {
                engine.beginResynchronisation()
            } else {
                engine.endResynchronisation(at: now)
            }
        }
        try settle()
    }

    mutating func leave() throws(BrokenPromise) {
        engine.leave(at: now)
        answersLate = false
        refusal = 0
        try answer()
        try settle()
        try promise(engine.isSettled, "something is unanswered after leaving")
        for router in engine.snapshot(at: now).routers {
            try promise(router.state == .initialize, "\(router.configuration.name) did not leave")
        }
    }

    // MARK: What happens

    private mutating func receive(
        _ reader: inout InputReader, mends: Bool
    ) throws(BrokenPromise) {
        let selector = reader.byte()
        let isIPv6 = selector & 1 != 0
        let source = sources[isIPv6 ? 1 : 0][Int(selector >> 1 & 3)]
        let destination =
            selector & 0x08 == 0 ? .vrrpGroup(source.family) : sources[isIPv6 ? 1 : 0][0]
        let header = DatagramHeader(
            source: source, destination: destination, hopLimit: selector & 0x10 == 0 ? 255 : 254)
        var message = reader.take(Int(reader.byte()))
        if mends { message = mendedMessage(message, header) }
        let fields = try? AdvertisementHeader(decoding: message.span.bytes, header: header)
        let before = engine.nextDeadline
        engine.receive(
            message.span.bytes, header: header, interface: lan + Int32(selector >> 7), at: now)
        guard fields == nil else { return }
        try promise(engine.nextDeadline == before, "a discarded packet has moved a deadline")
        let isQuiet = engine.effects.allSatisfy { effect in
            if case .tell = effect { return true }
            return false
        }
        try promise(isQuiet && engine.effects.count <= 1, "discarded, but \(engine.effects)")
    }

    /// A host asks for a router, or something like it.
    private mutating func solicit(_ reader: inout InputReader, mends: Bool) {
        let header = DatagramHeader(
            source: sources[1][Int(reader.byte() & 3)], destination: .v6(.allRouters),
            hopLimit: 255)
        var bytes: [UInt8] = []
        if mends, case .v6(let source) = header.source {
            RouterSolicitation(sourceLinkLayerAddress: nil).append(to: &bytes, source: source)
            bytes.removeFirst(IPv6Header.byteCount)
        } else {
            bytes = reader.take(Int(reader.byte()))
        }
        engine.solicited(bytes.span.bytes, header: header, interface: lan, at: now)
    }

    private mutating func pass(_ duration: Duration) throws(BrokenPromise) {
        now += duration
        engine.advance(to: now)
    }

    private mutating func setLink(_ index: Int32, _ name: String, flags: UInt8) {
        guard flags & 0x80 == 0 else { return engine.observeRemovedLink(index, at: now) }
        engine.observe(
            Link(
                index: index, name: name, isUp: flags & 1 != 0, hasCarrier: flags & 2 != 0,
                hardwareAddress: flags & 4 != 0 ? nil : MACAddress(rawValue: 0x0200_0000_0003)),
            at: now)
    }

    private mutating func add(_ text: String, _ interface: Int32, flags: UInt8) {
        guard let address = InterfaceAddress(text) else { return }
        engine.observe(
            KernelAddress(
                interface: interface, address: address, isSecondary: flags & 1 != 0,
                isTentative: flags & 2 != 0, isMarkedOurs: flags & 4 != 0), at: now)
    }

    private mutating func remove(_ text: String) {
        guard let address = InterfaceAddress(text) else { return }
        engine.observeRemovedAddress(address, on: lan, at: now)
    }

    private mutating func apply(mask: UInt8) {
        let chosen = routers.enumerated().filter { mask >> UInt8($0.offset) & 1 != 0 }
        let configured = chosen.map { changed($0.element, fast: mask & 0x80 == 0) }
        engine.apply(Configuration(node: "gw1", routers: configured), at: now)
    }

    // MARK: What must hold

    /// Carries out what was decided and lets everything that is due happen.
    private mutating func settle() throws(BrokenPromise) {
        var count = 0
        try carryOut(&count)
        // What is due at once belongs to the next turn, and there are few of these.
        var turns = 0
        while let next = engine.nextDeadline, next <= now {
            turns += 1
            try promise(turns <= 16, "time does not get beyond \(now)")
            engine.advance(to: now)
            try carryOut(&count)
        }
        if let next = engine.nextDeadline {
            try promise(next - now <= .seconds(24 * 3600), "the next deadline is at \(next)")
        }
    }

    private mutating func carryOut(_ count: inout Int) throws(BrokenPromise) {
        while !engine.effects.isEmpty {
            let effects = engine.effects
            for effect in effects { try check(effect) }
            engine.clearEffects()
            count += effects.count
            try promise(count <= 512, "one step has \(count) effects")
            for case .changeAddresses(let request) in effects {
                try promise(unanswered == nil, "a request, with another one unanswered")
                unanswered = request
            }
            if !answersLate { try answer() }
        }
    }

    private func check(_ effect: Effect) throws(BrokenPromise) {
        switch effect {
        case .send(_, _, let source, let destination, let range):
            try promise(range.upperBound <= engine.outbox.count, "\(range) is outside")
            let message = Array(engine.outbox[range])
            let header = DatagramHeader(source: source, destination: destination, hopLimit: 255)
            let read = try? AdvertisementHeader(decoding: message.span.bytes, header: header)
            try promise(read != nil, "a peer would discard \(message)")
        case .announce(_, _, let range), .advertise(_, _, let range):
            try promise(range.upperBound <= engine.outbox.count, "\(range) is outside")
            let frame = Array(engine.outbox[range])
            let read = try? EthernetHeader(decoding: frame.span.bytes)
            try promise(read?.vlan == nil && read != nil, "no frame: \(frame)")
        case .changeAddresses(let request):
            try promise(request.changes.count <= 64, "\(request.changes.count)")
            try promise(!(request.changes.isEmpty && request.raised.isEmpty), "asks for nothing")
        case .sign(let range, _, _):
            try promise(range.upperBound <= engine.outbox.count, "\(range) is outside")
        case .changeDevice, .listen, .stopListening, .listenForSolicitations,
            .stopListeningForSolicitations, .tell:
            break
        }
    }

    /// The kernel answers what it was asked, and tells first what it did.
    private mutating func answer() throws(BrokenPromise) {
        guard let request = unanswered else { return }
        unanswered = nil
        for change in request.changes where refusal == 0 {
            switch change.operation {
            case .add:
                engine.observe(
                    KernelAddress(
                        interface: change.interface, address: change.address, isMarkedOurs: true),
                    at: now)
            case .remove:
                engine.observeRemovedAddress(change.address, on: change.interface, at: now)
            }
        }
        engine.addressesChanged(
            token: request.token, results: request.changes.map { _ in refusal }, at: now)
    }
}
