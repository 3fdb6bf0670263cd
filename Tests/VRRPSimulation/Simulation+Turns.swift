// A daemon's turn, as its loop runs it: take what arrived, let time pass, carry out what was decided.
// Beside it the reference is told the same, and both are compared.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

extension Simulation {
    /// The timer went off.
    func wake(_ node: Node) {
        // A timer that was set anew meanwhile; its own wake-up is in the queue, too.
        guard node.armed == now else { return }
        node.armed = nil
        guard !node.isPaused, node.daemon != nil else { return }
        turn(node) { _, _ in }
    }

    /// One turn of the loop around `input`.
    func turn(_ node: Node, _ input: (Daemon, Instant) -> Void) {
        guard let daemon = node.daemon else { return }
        turnIsEmpty = true
        let local = node.clock.local(now)
        daemon.isLate =
            daemon.engine.nextDeadline.map { local - $0 > .milliseconds(10) } ?? false
        input(daemon, local)
        advance(daemon, to: local)
        carryOut(node, daemon, at: local)
        var rounds = 0
        while let deadline = daemon.engine.nextDeadline, deadline <= local, rounds < 3 {
            advance(daemon, to: local)
            carryOut(node, daemon, at: local)
            rounds += 1
        }
        if rounds == 3 {
            fail(
                "no deadline in the past", "gw\(node.index) has one after four turns at one instant"
            )
        }
        compare(node, daemon)
        checkVoices(node, daemon)
        if !turnIsEmpty {
            emit(node.index, -1, .turned)
            checkKernel(node, daemon)
        }
        arm(node, daemon)
        if daemon.isLeaving, daemon.engine.isSettled { end(node) }
    }

    private func advance(_ daemon: Daemon, to local: Instant) {
        if daemon.isLate { daemon.lateLooks += 1 }
        daemon.engine.advance(to: local)
        daemon.shadow.advance(to: local)
    }

    private func arm(_ node: Node, _ daemon: Daemon) {
        guard let deadline = daemon.engine.nextDeadline else { return }
        // An earlier alarm is harmless, and finds out when the next one is due.
        if let armed = node.armed, armed > now, deadline >= node.armedFor { return }
        node.armedFor = deadline
        let due = max(now, node.clock.world(deadline))
        let latency = options.wakeLatency > 1 ? delayChance.below(Int(options.wakeLatency)) : 0
        let time = max(now + 1, due + Nanoseconds(latency))
        node.armed = time
        schedule(.wake(node: node.index), at: time)
    }

    // MARK: Effects

    func carryOut(_ node: Node, _ daemon: Daemon, at local: Instant) {
        var position = 0
        while position < daemon.engine.effects.count {
            switch daemon.engine.effects[position] {
            case .send(_, _, let source, let destination, let range):
                let message = daemon.engine.outbox[range]
                let router = Draw.router(ofVRID: message[message.startIndex + 1])
                daemon.sent[router] += 1
                if isFirst(message[message.startIndex], to: destination, node, router) {
                    emit(node.index, router, .sent(priority: message[message.startIndex + 2]))
                }
                transmit(node, router, message, from: source, to: destination)
            case .advertise(_, _, let range):
                transmit(node, Array(daemon.engine.outbox[range]))
            case .sign:
                fail("advertisements", "gw\(node.index) signs, and has no key")
            case .changeDevice(let name, let request):
                ask(node, name, request)
            case .announce(_, _, let range):
                let bytes = Array(daemon.engine.outbox[range])
                if !advertisesToHosts(node, daemon, bytes, at: local) { announce(node, bytes) }
            case .changeAddresses(let request):
                ask(node, daemon, request)
                if options.kernelLatency == nil { advance(daemon, to: local) }
            case .listen(let interface, let family):
                let isNew = node.listening.insert(
                    Node.Listening(interface: interface, family: family)
                ).inserted
                if !isNew { fail("groups", "gw\(node.index) joins a group a second time") }
            case .stopListening(let interface, let family):
                let old = node.listening.remove(
                    Node.Listening(interface: interface, family: family))
                if old == nil { fail("groups", "gw\(node.index) leaves a group it is not in") }
            case .listenForSolicitations(let interface): solicit(node, on: interface, true)
            case .stopListeningForSolicitations(let interface):
                solicit(node, on: interface, false)
            case .tell(let event):
                note(event, node, daemon)
            }
            position += 1
        }
        daemon.engine.clearEffects()
    }

    /// Whether a packet is the first of those that make one advertisement: to the first peer, in the
    /// newer of two versions.
    func isFirst(
        _ versionAndType: UInt8, to destination: IPAddress, _ node: Node, _ router: Int
    ) -> Bool {
        // The farewell of one that has left the configuration looks like all before.
        let configuration =
            roster[node.index, router].configuration ?? node.former[router]
        guard let configuration else { return true }
        node.former[router] = configuration
        return versionAndType >> 4 == configuration.version.rawValue
            && (configuration.peers.first ?? destination) == destination
    }

    private func note(_ event: EngineEvent, _ node: Node, _ daemon: Daemon) {
        guard
            case .transition(let name, let transition, _) = event.kind,
            let router = Int(name.dropFirst())
        else { return }
        roster[node.index, router].state = transition.to
        if transition.to == .active {
            takeovers += 1
            daemon.becameActive[router] += 1
            daemon.earlyVoices.remove(router)
        }
        daemon.observed[router].changes.append(
            Shadow.Step(from: transition.from, to: transition.to))
        emit(node.index, router, .changed(from: transition.from, to: transition.to))
    }

    // MARK: Comparison with the reference

    private func compare(_ node: Node, _ daemon: Daemon) {
        guard !turnIsEmpty || daemon.shadow.isExpecting else { return }
        for router in daemon.observed.indices {
            let observed = daemon.observed[router]
            let expected = daemon.shadow.expected[router]
            if observed != expected {
                fail(
                    "RFC 9568 §6.4 to the letter",
                    "gw\(node.index) r\(router) should have \(expected), has \(observed)")
            }
            daemon.observed[router] = Shadow.Expectation()
        }
        daemon.shadow.forgetExpected()
    }
}
