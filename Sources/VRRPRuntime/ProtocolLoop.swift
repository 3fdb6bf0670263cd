// The one thread that runs the protocol: epoll, one timer, the engine, and what it decides carried
// out. Nothing here blocks, logs, parses or allocates in the steady state.

import LinuxNetwork
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

/// Descriptors, the engine between them, and the queues to the office.
struct ProtocolLoop: ~Copyable {
    private var engine: RecordedEngine
    private var ipv4: ProtocolSocket
    /// Nil where the kernel has no IPv6.
    private var ipv6: ProtocolSocket?
    private var frames: FrameSocket
    private var monitor: NetworkMonitor
    private var changer: NetworkChanger
    private var timer: DeadlineTimer
    private var poller: Poller
    private let signals: SignalDescriptor
    private let inbox: Mailbox<EngineMessage>
    private let office: Mailbox<OfficeMessage>
    /// The answers to one address request; reused.
    private var results: [Int32] = []
    private var changes: [NetworkChange] = []
    /// When waiting for the kernel to give up our addresses ends; nil while running.
    private var leaveDeadline: Instant?
    /// Messages the office had no room for.
    private var lostMessages = 0

    /// IP protocol 112 (RFC 9568 §5.1.1.4).
    static let vrrp: UInt8 = 112
    /// Marks addresses that we installed (IFA_PROTO): recognised after a crash.
    static let addressMark: UInt8 = 112
    /// Packets read before the loop looks at its timers again. When a deadline was missed,
    /// everything that had arrived by then is read first: silence is judged last.
    static let packetsPerTurn = 64
    static let packetsWhenLate = 65536

    private enum Token: UInt64 {
        case ipv4 = 1, ipv6, monitor, timer, signals, inbox
    }

    init(
        node: String, signals: consuming SignalDescriptor, inbox: Mailbox<EngineMessage>,
        office: Mailbox<OfficeMessage>, recorder: Recorder?
    ) throws(SystemError) {
        // Everything that can fail first: a value that owns descriptors is made whole or not at all.
        let ipv4 = try ProtocolSocket(
            family: .ipv4, protocolNumber: Self.vrrp, group: .vrrpGroup(.ipv4))
        let frames = try FrameSocket()
        let monitor = try NetworkMonitor()
        let changer = try NetworkChanger()
        let timer = try DeadlineTimer()
        let poller = try Poller()
        try poller.add(ipv4.rawDescriptor, token: Token.ipv4.rawValue)
        let ipv6 = try Self.openIPv6(poller)
        try poller.add(monitor.rawDescriptor, token: Token.monitor.rawValue)
        try poller.add(timer.rawDescriptor, token: Token.timer.rawValue)
        try poller.add(signals.rawDescriptor, token: Token.signals.rawValue)
        try poller.add(inbox.rawDescriptor, token: Token.inbox.rawValue)
        engine = RecordedEngine(node: node, recorder: recorder)
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.frames = frames
        self.monitor = monitor
        self.changer = changer
        self.timer = timer
        self.poller = poller
        self.signals = signals
        self.inbox = inbox
        self.office = office
        results.reserveCapacity(NetworkChanger.batch)
        changes.reserveCapacity(NetworkChanger.batch)
    }

    private static func openIPv6(_ poller: borrowing Poller) throws(SystemError) -> ProtocolSocket?
    {
        guard
            let socket = try? ProtocolSocket(
                family: .ipv6, protocolNumber: vrrp, group: .vrrpGroup(.ipv6))
        else { return nil }
        try poller.add(socket.rawDescriptor, token: Token.ipv6.rawValue)
        return socket
    }

    /// Reads the kernel's tables, starts the configured routers and runs until a signal ends it.
    mutating func run(_ configuration: Configuration) throws(SystemError) {
        engine.apply(configuration, at: Self.now())
        try Self.synchronise(&monitor, into: &engine)
        carryOut()
        post(.ready)
        while !isDone { try turn() }
        post(.stopping)
    }

    private var isDone: Bool {
        guard let leaveDeadline else { return false }
        return engine.machine.isSettled || Self.now() >= leaveDeadline
    }

    /// One round: wait, read, decide, act.
    private mutating func turn() throws(SystemError) {
        timer.arm(at: engine.machine.nextDeadline?.sinceOrigin)
        var ready: UInt64 = 0
        try poller.wait(milliseconds: leaveDeadline == nil ? -1 : 10) { token, _ in
            ready |= 1 << token
        }
        let isLate =
            engine.machine.nextDeadline.map { Self.now() - $0 > .milliseconds(10) } ?? false
        // After standing still the tables may be out of date, and decisions are made of them.
        if isLate { try Self.observe(&monitor, into: &engine) }
        let limit = isLate ? Self.packetsWhenLate : Self.packetsPerTurn
        if isLate || Self.has(.ipv4, in: ready) {
            try Self.drain(&ipv4, limit: limit, into: &engine)
        }
        if isLate || Self.has(.ipv6, in: ready) {
            try Self.drain(&ipv6, limit: limit, into: &engine)
        }
        engine.advance(to: Self.now())
        carryOut()
        if Self.has(.timer, in: ready) { timer.acknowledge() }
        if Self.has(.monitor, in: ready) {
            try Self.observe(&monitor, into: &engine)
            engine.advance(to: Self.now())
            carryOut()
        }
        if Self.has(.inbox, in: ready) { readInbox() }
        if Self.has(.signals, in: ready) { readSignals() }
    }

    private static func has(_ token: Token, in ready: UInt64) -> Bool {
        ready & 1 << token.rawValue != 0
    }

    /// The clock of every deadline: it goes on while the machine sleeps, so that oversleeping shows.
    private static func now() -> Instant { Instant(sinceOrigin: Clock.boot()) }
}

// MARK: Inputs

extension ProtocolLoop {
    private static func drain(
        _ socket: inout ProtocolSocket, limit: Int, into engine: inout RecordedEngine
    ) throws(SystemError) {
        var left = limit
        while left > 0 {
            let now = now()
            var malformed: (interface: Int32, count: Int) = (0, 0)
            let count = try socket.receive(
                limit: min(left, packetsPerTurn),
                onMalformed: { malformed = ($0, malformed.count + 1) }
            ) { datagram, payload in
                engine.receive(
                    payload,
                    header: DatagramHeader(
                        source: datagram.source, destination: datagram.destination,
                        hopLimit: datagram.hopLimit), interface: datagram.interface, at: now)
            }
            for _ in 0..<malformed.count {
                engine.receiveMalformed(interface: malformed.interface, at: now)
            }
            guard count == packetsPerTurn else { return }
            left -= count
        }
    }

    private static func drain(
        _ socket: inout ProtocolSocket?, limit: Int, into engine: inout RecordedEngine
    ) throws(SystemError) {
        guard var open = socket.take() else { return }
        do throws(SystemError) {
            try drain(&open, limit: limit, into: &engine)
            socket = consume open
        } catch {
            socket = consume open
            throw error
        }
    }

    private static func synchronise(
        _ monitor: inout NetworkMonitor, into engine: inout RecordedEngine
    ) throws(SystemError) {
        try monitor.synchronise { give($0, to: &engine) }
    }

    private static func observe(
        _ monitor: inout NetworkMonitor, into engine: inout RecordedEngine
    ) throws(SystemError) {
        try monitor.read { give($0, to: &engine) }
    }

    private static func give(_ observation: NetworkObservation, to engine: inout RecordedEngine) {
        let now = now()
        switch observation {
        case .link(let link):
            engine.observe(
                Link(
                    index: link.index, name: link.name, isUp: link.isUp,
                    hasCarrier: link.hasCarrier, hardwareAddress: link.hardwareAddress), at: now)
        case .linkRemoved(let index, _):
            engine.observeRemovedLink(index, at: now)
        case .address(let address):
            engine.observe(
                KernelAddress(
                    interface: address.interface, address: address.address,
                    isSecondary: address.isSecondary,
                    isTentative: address.isTentative || address.isDadFailed,
                    isMarkedOurs: address.protocolTag == addressMark), at: now)
        case .addressRemoved(let interface, let address):
            engine.observeRemovedAddress(address, on: interface, at: now)
        case .resynchronising:
            engine.beginResynchronisation(at: now)
        case .synchronised:
            engine.endResynchronisation(at: now)
        }
    }

    private mutating func readInbox() {
        while let message = inbox.take() {
            switch message {
            case .snapshot(let request):
                post(.snapshot(request: request, engine.machine.snapshot(at: Self.now())))
            case .apply(let request, let configuration):
                let difference = engine.apply(configuration, at: Self.now())
                carryOut()
                post(
                    .applied(
                        request: request,
                        difference
                            ?? ConfigurationDifference(from: configuration, to: configuration)))
            }
        }
    }

    private mutating func readSignals() {
        while let signal = signals.next() {
            if signal == Signal.hangUp {
                post(.reloadRequested)
            } else if leaveDeadline == nil {
                leaveDeadline = Self.now() + .seconds(2)
                engine.leave(at: Self.now())
                carryOut()
            }
        }
    }
}

// MARK: Effects

extension ProtocolLoop {
    /// Carries out what the engine decided, in order. Results are inputs, and may bring effects.
    private mutating func carryOut() {
        var position = 0
        while position < engine.machine.effects.count {
            switch engine.machine.effects[position] {
            case .send(let router, let interface, let source, let destination, let range):
                send(range, router, interface, source, destination)
            case .announce(let router, let interface, let range):
                announce(range, router, interface)
            case .changeAddresses(let request):
                change(request)
                // A takeover of many addresses comes in pieces: deadlines go in between.
                engine.advance(to: Self.now())
            case .listen(let interface, let family):
                listen(interface, family)
            case .stopListening(let interface, let family):
                switch family {
                case .ipv4: ipv4.leave(interface: interface)
                case .ipv6: ipv6?.leave(interface: interface)
                }
            case .tell(let event):
                engine.told(event)
                post(.event(event))
            }
            position += 1
        }
        engine.clearEffects()
    }

    private mutating func send(
        _ range: Range<Int>, _ router: Int, _ interface: Int32, _ source: IPAddress,
        _ destination: IPAddress
    ) {
        do throws(SystemError) {
            switch source.family {
            case .ipv4:
                try ipv4.send(
                    engine.machine.outbox.span.bytes.extracting(range), interface: interface,
                    source: source, destination: destination)
            case .ipv6:
                try ipv6?.send(
                    engine.machine.outbox.span.bytes.extracting(range), interface: interface,
                    source: source, destination: destination)
            }
            engine.sendSucceeded(router: router)
        } catch {
            engine.sendFailed(router: router, code: error.code, at: Self.now())
        }
    }

    private mutating func announce(_ range: Range<Int>, _ router: Int, _ interface: Int32) {
        do throws(SystemError) {
            try frames.send(
                engine.machine.outbox.span.bytes.extracting(range), interface: interface)
        } catch {
            engine.sendFailed(router: router, code: error.code, at: Self.now())
        }
    }

    private mutating func listen(_ interface: Int32, _ family: AddressFamily) {
        do throws(SystemError) {
            switch family {
            case .ipv4: try ipv4.join(interface: interface)
            case .ipv6: try ipv6?.join(interface: interface)
            }
        } catch {
            engine.listenFailed(
                interface: interface, family: family, code: error.code, at: Self.now())
        }
    }

    /// The kernel answers before `sendmsg` returns; what it told about addresses on the way is
    /// read first, so that the engine never takes an answer for newer than it is.
    private mutating func change(_ request: AddressRequest) {
        changes.removeAll(keepingCapacity: true)
        results.removeAll(keepingCapacity: true)
        for edit in request.changes {
            changes.append(
                .address(
                    AddressChange(
                        operation: edit.operation == .add ? .add : .remove,
                        interface: edit.interface, address: edit.address, scope: edit.scope,
                        protocolTag: Self.addressMark)))
            results.append(0)
        }
        var failure: Int32 = 0
        do throws(SystemError) {
            try Self.apply(changes, with: &changer, results: &results)
        } catch {
            failure = error.code
        }
        if failure != 0 {
            for index in results.indices { results[index] = failure }
        }
        // A monitor that cannot be read shows at the next turn.
        try? Self.observe(&monitor, into: &engine)
        engine.addressesChanged(token: request.token, results: results, at: Self.now())
    }

    private static func apply(
        _ changes: [NetworkChange], with changer: inout NetworkChanger, results: inout [Int32]
    ) throws(SystemError) {
        try changer.apply(changes) { index, code in results[index] = code }
    }

    /// The office may be slow; the protocol never waits for it.
    private mutating func post(_ message: OfficeMessage) {
        if !office.post(message) { lostMessages &+= 1 }
    }
}
