// The one thread that runs the protocol: epoll, one timer, the engine, and what it decides carried
// out. Nothing here blocks, logs, parses or allocates in the steady state.

import LinuxNetwork
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

/// Descriptors, the engine between them, and the queues to the office.
struct ProtocolLoop: ~Copyable {
    var engine: RecordedEngine
    var ipv4: ProtocolSocket
    /// Nil where the kernel has no IPv6.
    var ipv6: ProtocolSocket?
    /// Nil while no virtual router would answer hosts that ask for one.
    var solicitations: SolicitationListener?
    var frames: FrameSocket
    var monitor: NetworkMonitor
    var changer: NetworkChanger
    private var timer: DeadlineTimer
    var poller: Poller
    private let signals: SignalDescriptor
    private let inbox: Mailbox<EngineMessage>
    let office: Mailbox<OfficeMessage>
    let devices: Mailbox<DeviceMessage>
    /// The answers to one address request; reused.
    var results: [Int32] = []
    var changes: [NetworkChange] = []
    /// When waiting for the kernel to give up our addresses ends; nil while running.
    private var leaveDeadline: Instant?
    /// Messages the office had no room for.
    var lostMessages = 0

    /// IP protocol 112 (RFC 9568 §5.1.1.4).
    static let vrrp: UInt8 = 112
    /// Marks addresses that we installed (IFA_PROTO): recognised after a crash.
    static let addressMark: UInt8 = 112
    /// Packets read before the loop looks at its timers again. When a deadline was missed,
    /// everything that had arrived by then is read first: silence is judged last.
    static let packetsPerTurn = 64
    static let packetsWhenLate = 65536
    /// Farewells and addresses are a matter of milliseconds; the kernel takes some 40 ms to remove a
    /// macvlan, one after the other. conf/vrrpd.service waits longer than this.
    static let longestLeave = Duration.seconds(50)

    enum Token: UInt64 {
        case ipv4 = 1, ipv6, monitor, timer, signals, inbox, solicitations
    }

    init(
        node: String, signals: consuming SignalDescriptor, inbox: Mailbox<EngineMessage>,
        office: Mailbox<OfficeMessage>, devices: Mailbox<DeviceMessage>,
        recorder: Recorder?
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
        self.devices = devices
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
        if Self.has(.solicitations, in: ready) { try readSolicitations() }
        if Self.has(.inbox, in: ready) { readInbox() }
        if Self.has(.signals, in: ready) { readSignals() }
    }

    private static func has(_ token: Token, in ready: UInt64) -> Bool {
        ready & 1 << token.rawValue != 0
    }

    /// The clock of every deadline: it goes on while the machine sleeps, so that oversleeping shows.
    static func now() -> Instant { Instant(sinceOrigin: Clock.boot()) }
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

    static func observe(
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
                    hasCarrier: link.hasCarrier, hardwareAddress: link.hardwareAddress,
                    parent: link.isMacvlan ? link.parentIndex : nil,
                    isMarkedOurs: link.isMacvlan
                        && link.alias?.hasPrefix(DeviceWorker.aliasPrefix) == true), at: now)
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
            case .deviceChanged(let name, let code):
                // What the kernel told about it comes first.
                try? Self.observe(&monitor, into: &engine)
                engine.deviceChanged(name: name, code: code, at: Self.now())
                carryOut()
            }
        }
    }

    private mutating func readSignals() {
        while let signal = signals.next() {
            if signal == Signal.hangUp {
                post(.reloadRequested)
            } else if leaveDeadline == nil {
                leaveDeadline = Self.now() + Self.longestLeave
                engine.leave(at: Self.now())
                carryOut()
            }
        }
    }
}
