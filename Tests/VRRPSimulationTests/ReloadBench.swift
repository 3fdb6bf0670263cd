// One engine with a model of the kernel around it: what was sent, heard, listened to and
// installed. The kernel answers at once, tells at once and answers late, or does everything late.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPSimulation
import VRRPWire

/// How the kernel of a bench behaves.
enum KernelManner: CaseIterable {
    case prompt
    /// Changes and their notifications at once, the answer late.
    case lateAnswer
    case lateChange
}

/// What surrounds an engine before it starts: the same for all benches of a trial.
struct Surroundings {
    var links: [Link]
    /// Addresses that an administrator gave, in the kernel's order.
    var addresses: [KernelAddress]
    var manner: KernelManner
    var answerDelay: Duration
    /// Farewells cannot be sent: the socket says ENETDOWN.
    var refusesFarewells: Bool
    /// Before that, the kernel refuses every third change: ENOBUFS.
    var refusesUntil: Instant

    func link(named name: String) -> Link? { links.first { $0.name == name } }
}

/// One thing that happens to an engine.
struct Stimulus {
    enum Kind {
        case hear(HeardMessage)
        case carrier(interface: Int32, Bool)
        /// An administrator deletes one of our addresses, counted over all.
        case deletion(Int)
    }
    var at: Instant
    var kind: Kind
}

/// A valid advertisement of another router.
struct HeardMessage {
    var router: VirtualRouterConfiguration
    var interface: Int32
    var source: IPAddress
    var priority: Priority
    var interval: Duration
    var form: ChecksumForm
}

/// Keeps an engine and everything it asked for.
final class ReloadBench {
    struct Key: Hashable {
        var interface: Int32
        var family: AddressFamily
        var vrid: UInt8
    }
    struct Sent: Equatable {
        var at: Instant
        var key: Key
        var bytes: [UInt8]
    }
    struct Announced: Hashable {
        var interface: Int32
        var frame: [UInt8]
    }
    struct Listening: Hashable {
        var interface: Int32
        var family: AddressFamily
    }
    struct Installed: Hashable {
        var interface: Int32
        var address: InterfaceAddress
        var scope: UInt8
    }

    var engine = Engine(node: "gw1")
    private(set) var surroundings: Surroundings
    private(set) var now: Instant
    private(set) var sent: [Sent] = []
    private(set) var announced: [(at: Instant, what: Announced)] = []
    /// Router Advertisements, never forgotten.
    private(set) var toldHosts: [(at: Instant, what: Announced)] = []
    /// Where hosts that ask for a router are heard.
    private(set) var soliciting: Set<Int32> = []
    private(set) var events: [EngineEvent] = []
    private(set) var listening: Set<Listening> = []
    /// Our addresses in the kernel, in the order in which they came.
    private(set) var installed: [Installed] = []
    private(set) var effectCount = 0
    /// What no engine may ever ask for.
    private(set) var faults: [String] = []
    private var changeCount = 0
    private var hadDeletion = false
    private var pending: (request: AddressRequest, answerAt: Instant)?
    /// The results of a change that was made at once and is answered late.
    private var lateResults: [Int32]?

    init(_ configuration: Configuration, in surroundings: Surroundings, at now: Instant) {
        self.surroundings = surroundings
        self.now = now
        engine.apply(configuration, at: now)
        engine.beginResynchronisation()
        for link in surroundings.links { engine.observe(link, at: now) }
        for address in surroundings.addresses { engine.observe(address, at: now) }
        engine.endResynchronisation(at: now)
        settle()
    }

    @discardableResult
    func apply(_ configuration: Configuration) -> ConfigurationDifference? {
        let difference = engine.apply(configuration, at: now)
        settle()
        return difference
    }

    /// Forgets the past, so that only what follows is seen.
    func forget() {
        sent = []
        announced = []
        events = []
        effectCount = 0
    }

    func snapshot(_ name: String) -> RouterSnapshot? {
        engine.snapshot(at: now).routers.first { $0.configuration.name == name }
    }

    var isAnswered: Bool { pending == nil }
}

// MARK: Time

extension ReloadBench {
    /// Goes from deadline to deadline and from stimulus to stimulus, as the loop does.
    func run(until end: Instant, hearing script: [Stimulus] = []) {
        var position = 0
        var turns = 0
        while true {
            turns += 1
            guard turns < 500_000 else { return faults.append("no end of deadlines") }
            var next = end
            if let deadline = engine.nextDeadline { next = min(next, deadline) }
            if let pending { next = min(next, pending.answerAt) }
            if position < script.count { next = min(next, script[position].at) }
            let isOver = next >= end
            now = max(now, next)
            answerIfDue()
            while position < script.count, script[position].at <= now {
                take(script[position])
                position += 1
            }
            engine.advance(to: now)
            settle()
            if isOver { return }
        }
    }

    private func take(_ stimulus: Stimulus) {
        switch stimulus.kind {
        case .hear(let message): hear(message)
        case .carrier(let interface, let isPresent):
            guard let place = surroundings.links.firstIndex(where: { $0.index == interface })
            else { return }
            surroundings.links[place].hasCarrier = isPresent
            engine.observe(surroundings.links[place], at: now)
            engine.advance(to: now)
        case .deletion(let number):
            guard !installed.isEmpty else { return }
            hadDeletion = true
            let gone = installed.remove(at: number % installed.count)
            engine.observeRemovedAddress(gone.address, on: gone.interface, at: now)
            engine.advance(to: now)
        }
        settle()
    }

    private func hear(_ message: HeardMessage) {
        let destination = IPAddress.vrrpGroup(message.router.family)
        let bytes = Advertisement(
            version: message.router.version, vrid: message.router.vrid,
            priority: message.priority, maxAdvertiseInterval: message.interval,
            addresses: message.router.addresses.map(\.address.address)
        ).encoded(
            source: message.source, destination: destination, checksumForm: message.form)
        engine.receive(
            bytes.span.bytes,
            header: DatagramHeader(
                source: message.source, destination: destination, hopLimit: 255),
            interface: message.interface, at: now)
    }
}

// MARK: Effects

extension ReloadBench {
    /// Carries out what was decided, as the interpreter does.
    private func settle() {
        var position = 0
        while position < engine.effects.count {
            let effect = engine.effects[position]
            position += 1
            effectCount += 1
            switch effect {
            case .send(let router, let interface, let source, _, let range):
                let bytes = Array(engine.outbox[range])
                let key = Key(interface: interface, family: source.family, vrid: bytes[1])
                sent.append(Sent(at: now, key: key, bytes: bytes))
                if bytes[2] == 0, surroundings.refusesFarewells {
                    engine.sendFailed(router: router, code: 100, at: now)
                } else {
                    engine.sendSucceeded(router: router)
                }
            case .announce(_, let interface, let range):
                let frame = Array(engine.outbox[range])
                let what = Announced(interface: interface, frame: frame)
                // The ICMPv6 type of a Router Advertisement.
                if frame.count > 54, frame[12] == 0x86, frame[54] == 134 {
                    toldHosts.append((now, what))
                } else {
                    announced.append((now, what))
                }
            case .sign: break
            case .advertise, .changeDevice:
                faults.append("a router without a virtual MAC address uses one")
            case .changeAddresses(let request): accept(request)
            case .listen(let interface, let family):
                if !listening.insert(Listening(interface: interface, family: family)).inserted {
                    faults.append("listens twice on \(interface) \(family)")
                }
            case .stopListening(let interface, let family):
                if listening.remove(Listening(interface: interface, family: family)) == nil {
                    faults.append("stops listening twice on \(interface) \(family)")
                }
            case .listenForSolicitations(let interface):
                if !soliciting.insert(interface).inserted { faults.append("hears hosts twice") }
            case .stopListeningForSolicitations(let interface):
                if soliciting.remove(interface) == nil { faults.append("hears no hosts twice") }
            case .tell(let event): events.append(event)
            }
        }
        engine.clearEffects()
    }

    private func accept(_ request: AddressRequest) {
        if pending != nil { faults.append("two requests are unanswered") }
        switch surroundings.manner {
        case .prompt:
            engine.addressesChanged(token: request.token, results: change(request), at: now)
        case .lateAnswer:
            lateResults = change(request)
            pending = (request, now + surroundings.answerDelay)
        case .lateChange:
            lateResults = nil
            pending = (request, now + surroundings.answerDelay)
        }
    }

    private func answerIfDue() {
        guard let (request, answerAt) = pending, answerAt <= now else { return }
        pending = nil
        engine.addressesChanged(
            token: request.token, results: lateResults ?? change(request), at: now)
        settle()
    }

    /// The kernel's work: one errno per change, and what it tells on the way.
    private func change(_ request: AddressRequest) -> [Int32] {
        request.changes.map { edit in
            changeCount += 1
            if now < surroundings.refusesUntil, changeCount % 3 == 1 { return 105 }
            let place = installed.firstIndex {
                $0.interface == edit.interface && $0.address == edit.address
            }
            switch (edit.operation, place) {
            case (.add, _) where isTaken(edit): return 17
            case (.add, _):
                installed.append(
                    Installed(
                        interface: edit.interface, address: edit.address, scope: edit.scope))
                engine.observe(
                    KernelAddress(
                        interface: edit.interface, address: edit.address, isMarkedOurs: true),
                    at: now)
                return 0
            case (.remove, nil):
                // An administrator may have been faster.
                if !hadDeletion { faults.append("removes \(edit.address), which is not there") }
                return 99
            case (.remove, let place?):
                installed.remove(at: place)
                engine.observeRemovedAddress(edit.address, on: edit.interface, at: now)
                return 0
            }
        }
    }

    /// IPv4 has an address once per prefix length, IPv6 once.
    private func isTaken(_ edit: AddressEdit) -> Bool {
        func collides(_ interface: Int32, _ address: InterfaceAddress) -> Bool {
            interface == edit.interface && address.address == edit.address.address
                && (address.prefixLength == edit.address.prefixLength
                    || address.address.family == .ipv6)
        }
        if installed.contains(where: { collides($0.interface, $0.address) }) {
            faults.append("adds \(edit.address), which is ours already")
            return true
        }
        return surroundings.addresses.contains { collides($0.interface, $0.address) }
    }
}
