// The whole daemon as one deterministic machine: inputs and `now` in, effects and one deadline out.
// The same engine runs in the daemon, in the simulator and in tests. It never waits for the
// kernel; what the kernel has comes back as inputs.

import VRRPConfiguration
package import VRRPCore
import VRRPWire

/// All virtual routers of a node.
///
/// After every turn, carry out `effects` in order, then `clearEffects()`; results come back through
/// the calls named in `Effect`. Call `advance(to:)` at `nextDeadline`, and after observations;
/// calling it early is harmless.
package struct Engine: ~Copyable {
    package internal(set) var node: String
    var configuration: Configuration?
    var routers: [RouterEntry] = []
    /// Who a packet is for.
    var lookup: [RouterKey: Int] = [:]
    /// The same for those with unicast peers.
    var unicast = UnicastTable()
    /// Which routers to look at when an interface of this name changes.
    var routersByInterface: [String: [Int]] = [:]
    /// How many routers listen on an interface, by family.
    var listeners: [ListenKey: Int] = [:]
    /// The virtual addresses of all routers that do not own them, by the name of the interface they
    /// belong on: nobody's source.
    var virtualAddresses: [String: Set<IPAddress>] = [:]
    var interfaces = InterfaceTable()
    var book = AddressBook()
    var devices = DeviceBook()
    var deadlines = DeadlineQueue()
    var counters = GlobalCounters()
    var discards = DiscardLog()
    /// Collects observations while the kernel's tables are read anew; nil at other times.
    var resynchronisation: Resynchronisation?
    /// Nothing starts before the kernel's tables have been read once.
    var isSynchronised = false
    /// Whether any virtual router has keys: nobody else pays for them.
    var listensToTrailers = false
    /// Set when the daemon leaves for good.
    var isLeaving = false
    /// Actions of one state machine step; reused.
    var actions: [Action] = []

    /// What must be done, in order.
    package internal(set) var effects: [Effect] = []
    /// The bytes that effects refer to.
    package internal(set) var outbox: [UInt8] = []

    package init(node: String) {
        self.node = node
        effects.reserveCapacity(256)
        outbox.reserveCapacity(64 * 1024)
        actions.reserveCapacity(8)
    }

    /// Forgets effects that were carried out; keeps their memory.
    package mutating func clearEffects() {
        effects.removeAll(keepingCapacity: true)
        outbox.removeAll(keepingCapacity: true)
    }

    /// When `advance(to:)` has something to do; possibly too early, never too late.
    package var nextDeadline: Instant? {
        guard let retry = book.refusedDeadline else { return deadlines.next }
        return min(deadlines.next ?? retry, retry)
    }

    /// Lets time pass: everything that is due happens.
    package mutating func advance(to now: Instant) {
        if let due = deadlines.next { noteLateness(now - due) }
        // Every router comes up at most once: what it schedules now lies in the future, or is due
        // at once and belongs to the next turn, after advertisements have been read.
        var turns = routers.count
        while turns > 0, let index = deadlines.popDue(at: now) {
            turns -= 1
            routers[index].machine.advance(to: now, into: &actions)
            perform(for: index, at: now)
            announceIfDue(index, at: now)
            sendRouterAdvertisementIfDue(index, at: now)
            repairIfDue(index, at: now)
            deadlines.schedule(index, at: routers[index].nextDeadline)
        }
        book.retryRefusedIfDue(at: now)
        requestAddressChanges()
    }

    private mutating func noteLateness(_ lateness: Duration) {
        guard lateness > .milliseconds(10) else { return }
        counters.lateWakeUps &+= 1
        let microseconds =
            UInt64(clamping: lateness.components.seconds) &* 1_000_000
            &+ UInt64(clamping: lateness.components.attoseconds / 1_000_000_000_000)
        counters.worstLatenessMicroseconds = max(
            counters.worstLatenessMicroseconds, microseconds)
    }

    /// Leaves every election: priority 0 from each Active Router, addresses released. Carry on
    /// answering address requests until `isSettled`.
    package mutating func leave(at now: Instant) {
        isLeaving = true
        for index in routers.indices {
            handle(.shutdown(.shutdown), for: index, at: now)
        }
        abandonDevices(at: now)
        requestAddressChanges()
    }

    /// Nothing waits for a change of the kernel, and nothing that was asked is unanswered.
    package var isSettled: Bool { book.isSettled && devices.isSettled }
}

/// Who an advertisement is for (RFC 9568 §3: interface, family and VRID make a virtual router).
struct RouterKey: Codable, Hashable {
    var interface: Int32
    var family: AddressFamily
    var vrid: VirtualRouterID
}

struct ListenKey: Codable, Hashable {
    var interface: Int32
    var family: AddressFamily
}

// MARK: One step of one router

extension Engine {
    /// Gives an event to a state machine and carries out what it decides.
    mutating func handle(_ event: Event, for index: Int, at now: Instant) {
        routers[index].machine.handle(event, at: now, into: &actions)
        perform(for: index, at: now)
        deadlines.schedule(index, at: routers[index].nextDeadline)
    }

    /// Turns the state machine's actions into effects, in their order.
    mutating func perform(for index: Int, at now: Instant) {
        var position = 0
        while position < actions.count {
            switch actions[position] {
            case .transmit(let priority): transmit(priority, for: index)
            case .takeAddresses: takeAddresses(of: index, at: now)
            case .releaseAddresses: releaseAddresses(of: index, at: now)
            case .announceAgain: announceAgain(index, at: now)
            case .report(let transition): report(transition, for: index, at: now)
            }
            position += 1
        }
        actions.removeAll(keepingCapacity: true)
    }

    private mutating func transmit(_ priority: Priority, for index: Int) {
        guard
            let interface = routers[index].interface, let source = routers[index].source,
            // An interface that is down takes nothing, not even a farewell.
            interfaces.links[interface]?.isUp == true, !routers[index].template.isEmpty
        else { return }
        for packet in routers[index].template.packets {
            let start = outbox.count
            outbox.append(contentsOf: routers[index].template.bytes[packet.range])
            let message =
                start + packet.message.lowerBound..<start + packet.message.upperBound
            if priority != routers[index].configuration.priority {
                Advertisement.setPriority(
                    priority, inMessageAt: message.lowerBound, of: &outbox)
            }
            if let key = routers[index].template.key {
                effects.append(.sign(message: message, source: source, key: key))
            }
            routers[index].counters.advertisementsSent &+= 1
            if priority == .leaving { routers[index].counters.priorityZeroSent &+= 1 }
            switch packet.way {
            case .frame:
                effects.append(
                    .advertise(router: index, interface: interface, start..<outbox.count))
            case .group:
                effects.append(
                    .send(
                        router: index, interface: interface, source: source,
                        destination: .vrrpGroup(source.family), start..<outbox.count))
            case .peer(let peer):
                effects.append(
                    .send(
                        router: index, interface: UnicastTable.interface(interface, of: peer),
                        source: source, destination: peer, start..<outbox.count))
            }
        }
    }

    private mutating func report(_ transition: Transition, for index: Int, at now: Instant) {
        routers[index].since = now
        routers[index].reason = transition.reason
        routers[index].told.unable = nil
        switch transition.to {
        case .active:
            routers[index].counters.becameActive &+= 1
            routers[index].peer = nil
        case .initialize:
            routers[index].peer = nil
        case .backup:
            break
        }
        let name = routers[index].configuration.name
        let priority = routers[index].configuration.priority
        tell(.transition(router: name, transition, priority: priority), at: now)
    }

    mutating func tell(_ kind: EngineEvent.Kind, at now: Instant) {
        effects.append(.tell(EngineEvent(at: now, kind)))
    }

    /// A packet of this router could not be sent (an errno). Told once, until one can be again.
    package mutating func sendFailed(router index: Int, code: Int32, at now: Instant) {
        guard routers.indices.contains(index) else { return }
        routers[index].counters.transmitErrors &+= 1
        guard !routers[index].told.transmitFailure else { return }
        routers[index].told.transmitFailure = true
        tell(.transmitFailed(router: routers[index].configuration.name, code: code), at: now)
    }

    /// An advertisement was handed to the kernel after `sendFailed`.
    package mutating func sendSucceeded(router index: Int) {
        guard routers.indices.contains(index) else { return }
        routers[index].told.transmitFailure = false
    }
}
