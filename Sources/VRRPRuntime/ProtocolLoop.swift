// The one thread that runs the protocol: epoll, one timer, the engine, and what it decides carried
// out. Nothing here blocks, logs, parses or allocates in the steady state. It waits for the kernel's
// tables only where they are read from the start: at first, after an overrun, of a new namespace.

import LinuxNetwork
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

/// Descriptors, the engine between them, and the queues to the office.
struct ProtocolLoop: ~Copyable {
    var engine: RecordedEngine
    /// The daemon's own network namespace.
    let home: NetworkPorts
    /// Those of other namespaces, as far as they are there.
    var others: [NetworkPorts] = []
    /// All namespaces that were ever configured.
    var namespaces: Set<String> = []
    /// The numbers of those that failed in this turn.
    var broken: [Int32] = []
    /// What ends the daemon with the next turn.
    var failure: SystemError?
    /// What else there is to read in this turn; reused.
    var awake: [UInt64] = []
    private var timer: DeadlineTimer
    var poller: Poller
    private let signals: SignalDescriptor
    private let inbox: Mailbox<EngineMessage>
    let office: Mailbox<OfficeMessage>
    let devices: Mailbox<DeviceMessage>
    /// The answers to one address request; reused.
    var results: [Int32] = []
    var changes: [NetworkChange] = []
    /// Where the answer to each change belongs among the results; reused.
    var places: [Int] = []
    /// When waiting for the kernel to give up our addresses ends; nil while running.
    private var leaveDeadline: Instant?
    /// Messages the office had no room for.
    var lostMessages = 0

    /// Packets read before the loop looks at its timers again. When a deadline was missed,
    /// everything that had arrived by then is read first: silence is judged last.
    static let packetsPerTurn = 64
    static let packetsWhenLate = 65536
    /// Farewells and addresses are a matter of milliseconds; the kernel takes some 40 ms to remove a
    /// macvlan, one after the other. conf/vrrpd.service waits longer than this.
    static let longestLeave = Duration.seconds(50)

    /// Behind those of `NetworkPorts.Kind`.
    private enum Token: UInt64 {
        case timer = 8, signals, inbox
    }

    init(
        node: String, signals: consuming SignalDescriptor, inbox: Mailbox<EngineMessage>,
        office: Mailbox<OfficeMessage>, devices: Mailbox<DeviceMessage>,
        recorder: Recorder?
    ) throws(SystemError) {
        // Everything that can fail first: a value that owns descriptors is made whole or not at all.
        let home = try NetworkPorts()
        let timer = try DeadlineTimer()
        let poller = try Poller()
        try home.add(to: poller)
        try poller.add(timer.rawDescriptor, token: Token.timer.rawValue)
        try poller.add(signals.rawDescriptor, token: Token.signals.rawValue)
        try poller.add(inbox.rawDescriptor, token: Token.inbox.rawValue)
        engine = RecordedEngine(node: node, recorder: recorder)
        self.home = home
        self.timer = timer
        self.poller = poller
        self.signals = signals
        self.inbox = inbox
        self.office = office
        self.devices = devices
        results.reserveCapacity(NetworkChanger.batch)
        changes.reserveCapacity(NetworkChanger.batch)
    }

    /// Reads the kernel's tables, starts the configured routers and runs until a signal ends it.
    mutating func run(_ configuration: Configuration) throws(SystemError) {
        enterNamespaces(of: configuration)
        engine.apply(configuration, at: Self.now())
        try synchronise(home)
        carryOut()
        post(.ready)
        while !isDone { try turn() }
    }

    private var isDone: Bool {
        guard let leaveDeadline else { return false }
        return engine.machine.isSettled || Self.now() >= leaveDeadline
    }

    /// One round: wait, read, decide, act.
    private mutating func turn() throws(SystemError) {
        timer.arm(at: engine.machine.nextDeadline?.sinceOrigin)
        let ready = try wait()
        let isLate =
            engine.machine.nextDeadline.map { Self.now() - $0 > .milliseconds(10) } ?? false
        // After standing still the tables may be out of date, and decisions are made of them.
        if isLate { observeEverything() }
        let limit = isLate ? Self.packetsWhenLate : Self.packetsPerTurn
        if isLate || Self.has(.ipv4, in: ready) { try drain(home, .ipv4, limit: limit) }
        if isLate || Self.has(.ipv6, in: ready) { try drain(home, .ipv6, limit: limit) }
        if !others.isEmpty { drainOthers(isLate: isLate, limit: limit) }
        engine.advance(to: Self.now())
        carryOut()
        if Self.has(.timer, in: ready) { timer.acknowledge() }
        if Self.has(.monitor, in: ready) || !awake.isEmpty {
            if Self.has(.monitor, in: ready) { try observe(home) }
            observeOthers()
            engine.advance(to: Self.now())
            carryOut()
        }
        if Self.has(.solicitations, in: ready) { try readSolicitations(home) }
        if Self.has(.inbox, in: ready) { readInbox() }
        if Self.has(.signals, in: ready) { readSignals() }
        if !broken.isEmpty { removeBroken() }
        if let failure { throw failure }
    }

    /// What there is to read: a bit for each of the loop's own and of the home namespace's; the rest
    /// in `awake`.
    private mutating func wait() throws(SystemError) -> UInt64 {
        var ready: UInt64 = 0
        var elsewhere = awake
        awake = []
        elsewhere.removeAll(keepingCapacity: true)
        try poller.wait(milliseconds: leaveDeadline == nil ? -1 : 10) { token, _ in
            if token < 64 { ready |= 1 << token } else { elsewhere.append(token) }
        }
        awake = elsewhere
        return ready
    }

    private static func has(_ kind: NetworkPorts.Kind, in ready: UInt64) -> Bool {
        ready & 1 << kind.rawValue != 0
    }

    private static func has(_ token: Token, in ready: UInt64) -> Bool {
        ready & 1 << token.rawValue != 0
    }

    /// The clock of every deadline: it goes on while the machine sleeps, so that oversleeping shows.
    static func now() -> Instant { Instant(sinceOrigin: Clock.boot()) }
}

// MARK: Inputs

extension ProtocolLoop {
    private mutating func readInbox() {
        while let message = inbox.take() {
            switch message {
            case .snapshot(let request):
                post(.snapshot(request: request, engine.machine.snapshot(at: Self.now())))
            case .apply(let request, let configuration):
                enterNamespaces(of: configuration)
                let difference = engine.apply(configuration, at: Self.now())
                carryOut()
                post(
                    .applied(
                        request: request,
                        difference
                            ?? ConfigurationDifference(from: configuration, to: configuration)))
            case .deviceChanged(let name, let code):
                // What the kernel told about it comes first.
                observeEverything()
                engine.deviceChanged(name: name, code: code, at: Self.now())
                carryOut()
            case .namespaceOpened(let ports):
                add(ports)
            case .namespaceGone(let number):
                remove(number)
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
