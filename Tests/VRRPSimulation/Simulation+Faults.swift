// Faults begin and end: what each of them does to a machine, to a kernel or to the LAN.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

/// A fault that has not ended yet.
struct ActiveFault {
    var number: Int
    var kind: Fault.Kind
    var node: Int
    /// The other end of a one-way loss; the routers on this side of a partition.
    var others: [Int] = []
    var address: InterfaceAddress?
}

extension Simulation {
    /// Something fails now and, unless it is momentary, for a while.
    func beginRandomFault() {
        guard phase == .chaos, let spacing = options.faultSpacing else { return }
        schedule(.nextFault, at: now + 1 + Nanoseconds(faultChance.below(Int(2 * spacing))))
        guard let kind = faultChance.pick(Fault.Kind.allCases) else { return }
        let length: Duration =
            switch faultChance.below(4) {
            case 0: faultChance.duration(.milliseconds(1)...(.milliseconds(100)))
            case 1, 2: faultChance.duration(.milliseconds(100)...(.seconds(5)))
            default: faultChance.duration(.seconds(5)...(.seconds(30)))
            }
        begin(kind, at: faultChance.below(nodes.count), for: length.nanosecondsRoundedUp)
    }

    /// Begins a fault on a node, for a length of time or until `heal()`. `others`: for a partition,
    /// who is on the node's side of it; none is a side drawn at random.
    package func begin(
        _ kind: Fault.Kind, at index: Int, from others: [Int] = [], for length: Nanoseconds?
    ) {
        let isRunning: Set<Fault.Kind> = Set(
            activeFaults.filter { $0.node == index }.map(\.kind))
        let needsDaemon: Set<Fault.Kind> = [.crash, .stop, .pause, .reload, .idleReload]
        if isRunning.contains(kind) || needsDaemon.contains(kind) && nodes[index].daemon == nil {
            return
        }
        lastFault += 1
        var fault = ActiveFault(number: lastFault, kind: kind, node: index, others: others)
        faultCounts[kind, default: 0] += 1
        emit(index, -1, .fault(Fault(kind)))
        excuse(nodes[index])
        perform(&fault)
        guard !kind.isMomentary else { return }
        activeFaults.append(fault)
        if let length { schedule(.faultEnds(fault.number), at: now + length) }
    }

    func endFault(_ number: Int) {
        guard let place = activeFaults.firstIndex(where: { $0.number == number }) else { return }
        let fault = activeFaults.remove(at: place)
        emit(fault.node, -1, .fault(Fault(fault.kind, isOver: true)))
        excuse(nodes[fault.node])
        undo(fault)
    }

    /// Everything is whole again.
    package func heal() {
        for fault in activeFaults { endFault(fault.number) }
        for node in nodes {
            tell(node.kernel.makeInterface(), node)
            tell(node.kernel.restoreOwn(), node)
            start(node)
        }
        lan.unblockAll()
        lan.conditions = options.calm
    }

    /// For this long the kernel may differ from what the daemon wants: refused changes are tried
    /// again after a second, and so are those that somebody keeps undoing.
    private func excuse(_ node: Node) {
        let grace = 2 * Nanoseconds.second + Nanoseconds.second / 2 + (options.kernelLatency ?? 0)
        node.daemon?.excusedUntil = now + grace
    }

    // MARK: What happens

    private func perform(_ fault: inout ActiveFault) {
        let node = nodes[fault.node]
        switch fault.kind {
        case .crash:
            end(node)
        case .powerLoss:
            end(node)
            node.requests = []
            node.kernel.forget()
        case .stop:
            stop(node)
        case .pause:
            node.isPaused = true
            roster.machines[node.index].isPaused = true
        case .oneWay:
            fault.others = [(node.index + 1 + faultChance.below(nodes.count - 1)) % nodes.count]
            lan.setBlocked(true, from: node.index, to: fault.others[0])
        case .partition:
            if fault.others.isEmpty {
                fault.others = nodes.indices.filter {
                    $0 != fault.node && faultChance.chance(percent: 50)
                }
            }
            if !fault.others.contains(fault.node) { fault.others.append(fault.node) }
            setPartition(fault.others, isBlocked: true)
        case .carrierLoss:
            tell(node.kernel.setLink(hasCarrier: false), node)
        case .adminDown:
            tell(node.kernel.setLink(isUp: false), node)
        case .interfaceRemoved:
            tell(node.kernel.removeInterface(), node)
        case .interfaceRenamed:
            tell(node.kernel.setLink(name: "other0"), node)
        case .addressRemoved:
            if let address = someVirtualAddress(node) {
                tell(node.kernel.removeByHand(address), node)
            }
        case .addressAdded:
            fault.address = someVirtualAddress(node)
            if let address = fault.address { tell(node.kernel.addForeign(address), node) }
        case .ownAddressesRemoved:
            for address in node.kernel.own { tell(node.kernel.removeByHand(address), node) }
        case .flush:
            for address in node.kernel.addresses {
                tell(node.kernel.removeByHand(address.address), node)
            }
            tell(node.kernel.restoreOwn(), node)
        case .macvlanDeleted, .macvlanDown, .macvlanUp, .macvlanRenamed:
            changeSomeDevice(node, fault.kind)
        case .overrun:
            node.isOverrun = true
            roster.machines[node.index].isInformed = false
        case .refusal:
            node.kernel.refusal = 105  // ENOBUFS
        case .reload:
            reloadSomething(node)
        case .idleReload:
            reloadTheSame(node)
        case .blackout:
            lan.conditions.loss = 1_000_000
        }
    }

    private func undo(_ fault: ActiveFault) {
        let node = nodes[fault.node]
        switch fault.kind {
        case .crash, .powerLoss, .stop:
            if node.daemon?.isLeaving == true { end(node) }
            if phase == .chaos, node.daemon == nil, faultChance.chance(percent: 30) {
                editFile(node)
            }
            start(node)
        case .pause:
            resume(node)
        case .oneWay:
            lan.setBlocked(false, from: fault.node, to: fault.others[0])
        case .partition:
            setPartition(fault.others, isBlocked: false)
        case .carrierLoss:
            tell(node.kernel.setLink(hasCarrier: true), node)
        case .adminDown:
            tell(node.kernel.setLink(isUp: true), node)
        case .interfaceRemoved:
            tell(node.kernel.makeInterface(), node)
        case .interfaceRenamed:
            tell(node.kernel.setLink(name: Kernel.interfaceName), node)
        case .addressAdded:
            if let address = fault.address { tell(node.kernel.removeForeign(address), node) }
        case .ownAddressesRemoved:
            tell(node.kernel.restoreOwn(), node)
        case .overrun:
            node.isOverrun = false
            roster.machines[node.index].isInformed = true
            readTablesAgain(node)
        case .refusal:
            node.kernel.refusal = 0
        case .blackout:
            lan.conditions = phase == .chaos ? options.rough : options.calm
        case .addressRemoved, .flush, .reload, .idleReload, .macvlanDeleted, .macvlanDown,
            .macvlanUp, .macvlanRenamed:
            break
        }
    }

    private func changeSomeDevice(_ node: Node, _ kind: Fault.Kind) {
        guard let device = faultChance.pick(node.kernel.devices) else { return }
        let notices: [Notice] =
            switch kind {
            case .macvlanDown: node.kernel.setDevice(device.index, isUp: false)
            case .macvlanUp: node.kernel.raiseByHand(device.index)
            case .macvlanRenamed: node.kernel.setDevice(device.index, name: "other\(lastFault)")
            default: node.kernel.removeDevice(device.index)
            }
        tell(notices, node)
    }

    private func stop(_ node: Node) {
        guard let daemon = node.daemon, !node.isPaused, !daemon.isLeaving else { return }
        daemon.isLeaving = true
        // The daemon waits two seconds at most for the kernel.
        schedule(
            .departed(node: node.index, incarnation: node.incarnation), at: now + 2 * .second)
        turn(node) { daemon, local in
            daemon.engine.leave(at: local)
            daemon.shadow.leave(at: local)
        }
    }

    private func setPartition(_ side: [Int], isBlocked: Bool) {
        for inside in side {
            for outside in nodes.indices where !side.contains(outside) {
                lan.setBlocked(isBlocked, from: inside, to: outside)
                lan.setBlocked(isBlocked, from: outside, to: inside)
            }
        }
    }

    private func someVirtualAddress(_ node: Node) -> InterfaceAddress? {
        let all = node.configuration.routers.flatMap { $0.addresses.map(\.address) }
        // Those of an owner are its own.
        return faultChance.pick(all.filter { !node.kernel.own.contains($0) })
    }

    private func readTablesAgain(_ node: Node) {
        guard node.daemon != nil else { return }
        if node.isPaused { resume(node) }
        turn(node) { daemon, local in synchronise(node, daemon, at: local) }
    }
}
