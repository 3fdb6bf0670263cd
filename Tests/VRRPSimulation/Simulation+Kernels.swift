// What the kernels are asked, what they tell, and the daemons that come and go on them.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

extension Simulation {
    // MARK: Daemons

    func start(_ node: Node) {
        guard node.daemon == nil else { return }
        let daemon = Daemon(node: node.configuration.node, routerCount: roster.routerCount)
        if node.kernel.link?.name != Kernel.interfaceName {
            daemon.leftovers = Set(node.kernel.addresses.map(\.address))
        }
        // One with a strange name has the hardware address of ours, and must go first.
        if node.kernel.devices.contains(where: { $0.name.hasPrefix("other") }) {
            daemon.excusedUntil = now + 3 * .second
        }
        node.daemon = daemon
        node.incarnation += 1
        node.isOverrun = false
        roster.machines[node.index].isInformed = true
        node.armed = nil
        roster.machines[node.index].isRunning = true
        roster.configure(node.index, node.configuration)
        turn(node) { daemon, local in
            daemon.engine.apply(node.configuration, at: local)
            daemon.shadow.apply(node.configuration, at: local)
            synchronise(node, daemon, at: local)
        }
    }

    /// The daemon is gone, in whatever way; what it left in the kernel stays.
    func end(_ node: Node) {
        guard let daemon = node.daemon else { return }
        if violation == nil { checkCounters(node, daemon) }
        if daemon.isLeaving, !node.kernel.addresses.filter(\.isMarkedOurs).isEmpty,
            node.kernel.refusal == 0, now > daemon.excusedUntil
        {
            fail("nothing stays behind", "gw\(node.index) has left, an address has not")
        }
        node.daemon = nil
        node.incarnation += 1
        node.listening = []
        node.soliciting = []
        node.deviceRequests = []
        for waiting in node.backlog {
            if case .frame(let slot, _) = waiting { frames.release(slot) }
        }
        node.backlog = []
        node.waitingFrames = 0
        node.isPaused = false
        roster.machines[node.index].isRunning = false
        roster.machines[node.index].isPaused = false
        for router in 0..<roster.routerCount {
            let state = roster[node.index, router].state
            guard state != .initialize else { continue }
            roster[node.index, router].state = .initialize
            emit(node.index, router, .changed(from: state, to: .initialize))
        }
    }

    // MARK: Requests

    func ask(_ node: Node, _ daemon: Daemon, _ request: AddressRequest) {
        let additions = request.changes.count { $0.operation == .add }
        emit(node.index, -1, .asked(add: additions, remove: request.changes.count - additions))
        if daemon.unanswered != nil {
            fail("one request at a time", "gw\(node.index) asks again before it was answered")
        }
        daemon.unanswered = request
        if let latency = options.kernelLatency {
            // One after the other, whoever asked.
            let time = max(now, node.busyUntil) + 1 + Nanoseconds(delayChance.below(Int(latency)))
            node.busyUntil = time
            node.requests.append(request)
            schedule(.answer(node: node.index, incarnation: node.incarnation), at: time)
        } else {
            let local = node.clock.local(now)
            var notices: [Notice] = []
            let results = apply(request, node, &notices)
            for notice in notices { give(notice, node, daemon, at: local) }
            answer(request.token, results, daemon, at: local)
        }
    }

    /// The kernel has come to a request, perhaps of a daemon that no longer lives.
    func work(_ node: Node, _ incarnation: Int) {
        guard !node.requests.isEmpty else { return }
        let request = node.requests.removeFirst()
        var notices: [Notice] = []
        let results = apply(request, node, &notices)
        tell(notices, node)
        guard node.incarnation == incarnation else { return }
        if node.isPaused {
            node.backlog.append(.answer(token: request.token, results))
        } else {
            turn(node) { daemon, local in answer(request.token, results, daemon, at: local) }
        }
    }

    private func apply(
        _ request: AddressRequest, _ node: Node, _ notices: inout [Notice]
    ) -> [Int32] {
        let raised = request.raised.map { node.kernel.raise($0, notices: &notices) }
        let results = raised + request.changes.map { node.kernel.apply($0, notices: &notices) }
        // A kernel that takes its time may be asked for something that is true no longer.
        let isPrompt = options.kernelLatency == nil && !node.isOverrun
        if let removed = node.kernel.takeRemovedForeign(), isPrompt {
            fail("an administrator's address stays", "gw\(node.index) removed \(removed)")
        }
        emit(node.index, -1, .answered(refused: results.count { $0 != 0 }))
        return results
    }

    func answer(_ token: UInt64, _ results: [Int32], _ daemon: Daemon, at local: Instant) {
        if daemon.unanswered?.token == token { daemon.unanswered = nil }
        daemon.engine.addressesChanged(token: token, results: results, at: local)
    }

    // MARK: Macvlans

    /// The thread beside the protocol gets to it after a while, one after the other.
    func ask(_ node: Node, _ name: String, _ request: DeviceRequest) {
        node.deviceRequests.append((name, request.operation))
        if case .make = request.operation { node.daemon?.shadow.deviceAsked(name) }
        node.devicesBusyUntil =
            max(now, node.devicesBusyUntil) + .millisecond
            + Nanoseconds(delayChance.below(Int(15 * Nanoseconds.millisecond)))
        schedule(
            .deviceWork(node: node.index, incarnation: node.incarnation),
            at: node.devicesBusyUntil)
    }

    /// It lives and dies with its daemon.
    func workOnDevices(_ node: Node, _ incarnation: Int) {
        guard node.incarnation == incarnation, !node.deviceRequests.isEmpty else { return }
        if node.isPaused {
            schedule(
                .deviceWork(node: node.index, incarnation: incarnation), at: now + .millisecond)
            return
        }
        let (name, operation) = node.deviceRequests.removeFirst()
        var notices: [Notice] = []
        let code = node.kernel.change(name, operation, notices: &notices)
        tell(notices, node)
        turn(node) { daemon, local in
            daemon.engine.deviceChanged(name: name, code: code, at: local)
            if case .make = operation { daemon.shadow.deviceMade(name, code: code, at: local) }
        }
    }

    // MARK: Notices

    /// What the kernel tells reaches the daemon, unless it stands still or netlink overflowed.
    func tell(_ notices: [Notice], _ node: Node) {
        roster.machines[node.index].isConnected =
            node.kernel.isUsable && node.kernel.link?.name == Kernel.interfaceName
        node.isUnchecked = true
        guard node.daemon != nil, !node.isOverrun else { return }
        for notice in notices {
            if node.isPaused {
                node.backlog.append(.notice(notice))
            } else {
                turn(node) { daemon, local in give(notice, node, daemon, at: local) }
            }
        }
    }

    func give(_ notice: Notice, _ node: Node, _ daemon: Daemon, at local: Instant) {
        guard !node.isOverrun else { return }
        daemon.shadow.observe(notice, at: local)
        switch notice {
        case .link(let link):
            daemon.engine.observe(link, at: local)
        case .linkRemoved(let index):
            daemon.engine.observeRemovedLink(index, at: local)
        case .address(let address):
            daemon.engine.observe(address, at: local)
        case .addressRemoved(let address, let interface):
            daemon.engine.observeRemovedAddress(address, on: interface, at: local)
        }
    }

    func synchronise(_ node: Node, _ daemon: Daemon, at local: Instant) {
        daemon.engine.beginResynchronisation()
        for notice in node.kernel.tables {
            switch notice {
            case .link(let link): daemon.engine.observe(link, at: local)
            case .address(let address): daemon.engine.observe(address, at: local)
            case .linkRemoved, .addressRemoved: break
            }
        }
        daemon.engine.endResynchronisation(at: local)
        daemon.shadow.read(node.kernel.tables, at: local)
    }

    // MARK: Standing still

    /// Goes on where it stood: what the kernel told and what arrived meanwhile is read first, then
    /// time is looked at.
    func resume(_ node: Node) {
        guard node.isPaused else { return }
        node.isPaused = false
        roster.machines[node.index].isPaused = false
        let waiting = node.backlog
        node.backlog = []
        node.waitingFrames = 0
        guard node.daemon != nil else { return }
        turn(node) { daemon, local in
            for case .notice(let notice) in waiting { give(notice, node, daemon, at: local) }
            for case .frame(let slot, let damagedBit) in waiting {
                receive(slot, damagedBit, node, daemon, at: local)
                frames.release(slot)
            }
        }
        for case .answer(let token, let results) in waiting {
            turn(node) { daemon, local in answer(token, results, daemon, at: local) }
        }
    }
}
