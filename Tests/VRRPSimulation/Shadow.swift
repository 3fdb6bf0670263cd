// What one daemon should have done: the RFC's reference machines, told the same as the engine at the
// same instants. The engine must say the same things at the same instants, to the nanosecond.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

struct Shadow: Sendable {
    /// What a virtual router should have said since the last turn.
    struct Expectation: Equatable, Sendable {
        var sent: [UInt8] = []
        var changes: [Step] = []

        var isEmpty: Bool { sent.isEmpty && changes.isEmpty }
    }

    struct Step: Equatable, Sendable {
        var from: RouterState
        var to: RouterState
    }

    private struct Part: Sendable {
        var router: Int
        var configuration: VirtualRouterConfiguration
        var reference: ReferenceRouter
        var interface: Int32?
        var source: IPAddress?
        /// `version: both`: until when each machine is taken for one that speaks version 3.
        var speakers: [IPAddress: Instant] = [:]
    }

    /// What becomes of an intact advertisement.
    enum Hearing {
        /// Discarded.
        case discarded
        /// Version 2 of a machine that also speaks version 3 (RFC 9568 §8.4.2): it is valid, and
        /// says nothing.
        case ignored
        case obeyed
    }

    private var parts: [Part] = []
    private(set) var expected: [Expectation]
    private var links: [Int32: Link] = [:]
    private var addresses: [KernelAddress] = []
    /// Between the beginning and the end of a reading of the kernel's tables nothing is decided.
    private var isReading = true
    private var isLeaving = false
    /// Macvlans that this daemon has made, or taken over, and those that it is making.
    private var made: Set<String> = []
    private var unfinished: Set<String> = []

    init(routerCount: Int) {
        expected = Array(repeating: Expectation(), count: routerCount)
    }

    var isExpecting: Bool { expected.contains { !$0.isEmpty } }

    mutating func forgetExpected() {
        for index in expected.indices where !expected[index].isEmpty {
            expected[index] = Expectation()
        }
    }

    // MARK: Inputs

    mutating func apply(_ configuration: Configuration, at now: Instant) {
        let old = parts
        parts = []
        for part in old {
            let wanted = configuration.routers.first { $0.name == part.configuration.name }
            if let wanted, wanted.isSameVirtualRouter(as: part.configuration) {
                parts.append(part)
                let index = parts.count - 1
                guard wanted != part.configuration else { continue }
                parts[index].configuration = wanted
                if !wanted.alsoVersion2 { parts[index].speakers = [:] }
                if let source = part.source {
                    handle(.parameters(parameters(wanted, from: source)), index, at: now)
                }
            } else {
                parts.append(part)
                handle(.shutdown(.configuration), parts.count - 1, at: now)
                parts.removeLast()
            }
        }
        for wanted in configuration.routers
        where !parts.contains(where: { $0.configuration.name == wanted.name }) {
            guard let router = Int(wanted.name.dropFirst()) else { continue }
            let nowhere: IPAddress = wanted.family == .ipv4 ? .v4(.any) : .v6(.any)
            parts.append(
                Part(
                    router: router, configuration: wanted,
                    reference: ReferenceRouter(parameters(wanted, from: nowhere))))
        }
        for index in parts.indices { evaluate(index, at: now) }
    }

    /// Everything that netlink tells, in full.
    mutating func read(_ tables: [Notice], at now: Instant) {
        links = [:]
        addresses = []
        for notice in tables { learn(notice) }
        isReading = false
        for index in parts.indices { evaluate(index, at: now) }
    }

    mutating func observe(_ notice: Notice, at now: Instant) {
        learn(notice)
        for index in parts.indices { evaluate(index, at: now) }
    }

    mutating func deviceAsked(_ name: String) {
        unfinished.insert(name)
    }

    /// A macvlan is finished, or could not be made.
    mutating func deviceMade(_ name: String, code: Int32, at now: Instant) {
        unfinished.remove(name)
        if code == 0 { made.insert(name) }
        for index in parts.indices { evaluate(index, at: now) }
    }

    mutating func leave(at now: Instant) {
        isLeaving = true
        for index in parts.indices { handle(.shutdown(.shutdown), index, at: now) }
    }

    /// An intact advertisement arrived; whether it counts.
    mutating func hear(
        _ router: Int, _ heard: HeardAdvertisement, version: VRRPVersion, to destination: IPAddress,
        at now: Instant
    ) -> Hearing {
        guard
            let index = parts.firstIndex(where: { $0.router == router }),
            parts[index].reference.state != .initialize, heard.source != parts[index].source
        else { return .discarded }
        let own = parts[index].configuration
        if own.peers.isEmpty {
            guard destination == .vrrpGroup(own.family) else { return .discarded }
        } else {
            guard destination == parts[index].source, own.peers.contains(heard.source) else {
                return .discarded
            }
        }
        switch (version, own.version) {
        case (.v2, .v2):
            // RFC 3768 §7.1
            guard own.priority != .owner, heard.interval == own.advertisementInterval else {
                return .discarded
            }
        case (.v3, .v3):
            parts[index].speakers[heard.source] = now + heard.interval * 4
        case (.v2, .v3):
            guard own.alsoVersion2 else { return .discarded }
            if let deadline = parts[index].speakers[heard.source], deadline >= now {
                return .ignored
            }
        case (.v3, .v2):
            return .discarded
        }
        handle(.advertisement(heard), index, at: now)
        return .obeyed
    }

    mutating func advance(to now: Instant) {
        for index in parts.indices {
            if let deadline = parts[index].reference.nextDeadline, deadline <= now {
                note(parts[index].reference.advance(to: now), index)
            }
        }
    }

    // MARK: Whether a router may take part

    private mutating func learn(_ notice: Notice) {
        switch notice {
        case .link(let link):
            links[link.index] = link
        case .linkRemoved(let index):
            links[index] = nil
            addresses.removeAll { $0.interface == index }
        case .address(let address):
            addresses.removeAll {
                $0.address == address.address && $0.interface == address.interface
            }
            addresses.append(address)
        case .addressRemoved(let address, let interface):
            addresses.removeAll { $0.address == address && $0.interface == interface }
        }
    }

    private mutating func evaluate(_ index: Int, at now: Instant) {
        guard !isReading, !isLeaving else { return }
        let configuration = parts[index].configuration
        let link = links.values.first { $0.name == configuration.interface }
        let source = link.flatMap { self.source(of: configuration, on: $0.index) }
        let isAble =
            source != nil && (!configuration.trackInterface || link?.isUsable == true)
        if !isAble || parts[index].interface != link?.index {
            // There is no farewell without an address to send it from.
            if link != nil, source == nil { parts[index].source = nil }
            handle(.shutdown(.interfaceDown), index, at: now)
            parts[index].interface = link?.index
        }
        if parts[index].source != source {
            parts[index].source = source
            if let source {
                handle(.parameters(parameters(configuration, from: source)), index, at: now)
            }
        }
        // Without its macvlan a router does not begin; one that runs gets it back.
        let mayBegin = parts[index].reference.state != .initialize || hasDevice(parts[index])
        if isAble, mayBegin { handle(.startup, index, at: now) }
    }

    private func hasDevice(_ part: Part) -> Bool {
        guard part.configuration.mac == .virtual else { return true }
        return links.values.contains { link in
            link.parent == part.interface
                && link.hardwareAddress == part.configuration.virtualMAC
                && link.name == part.configuration.expectedDevice(on: part.interface)
                && made.contains(link.name) && !unfinished.contains(link.name)
        }
    }

    /// RFC 9568 §5.1.1.1 and §5.1.2.1: the interface's primary or link-local address, and never a
    /// virtual one unless this node owns it.
    private func source(
        of configuration: VirtualRouterConfiguration, on interface: Int32
    ) -> IPAddress? {
        if let wanted = configuration.source {
            let isThere = addresses.contains {
                $0.interface == interface && $0.address.address == wanted && !$0.isMarkedOurs
            }
            return isThere ? wanted : nil
        }
        let strangers = parts.map(\.configuration).filter { $0.priority != .owner }
        let virtual = strangers.flatMap { $0.addresses.map(\.address.address) }
        let candidates = addresses.filter { (candidate: KernelAddress) -> Bool in
            let address = candidate.address.address
            guard candidate.interface == interface, !candidate.isMarkedOurs else { return false }
            guard address.family == configuration.family else { return false }
            guard address.family == .ipv4 || address.isLinkLocal else { return false }
            return !virtual.contains(address)
        }
        return (candidates.first { !$0.isSecondary } ?? candidates.first)?.address.address
    }

    private func parameters(
        _ configuration: VirtualRouterConfiguration, from source: IPAddress
    ) -> Parameters {
        Parameters(
            version: configuration.version, priority: configuration.priority,
            advertisementInterval: configuration.advertisementInterval,
            preemptMode: configuration.preemptMode, preemptDelay: configuration.preemptDelay,
            startDelay: configuration.startDelay, primaryAddress: source)
    }

    // MARK: What should follow

    private mutating func handle(_ event: Event, _ index: Int, at now: Instant) {
        note(parts[index].reference.handle(event, at: now), index)
    }

    private mutating func note(_ actions: [Action], _ index: Int) {
        guard !actions.isEmpty else { return }
        let part = parts[index]
        let canSend = part.source != nil && part.interface.flatMap { links[$0] }?.isUp == true
        for action in actions {
            switch action {
            case .transmit(let priority):
                let copies =
                    max(part.configuration.peers.count, 1)
                    * (part.configuration.alsoVersion2 ? 2 : 1)
                if canSend {
                    expected[part.router].sent += Array(repeating: priority.rawValue, count: copies)
                }
            case .report(let change):
                expected[part.router].changes.append(Step(from: change.from, to: change.to))
            case .takeAddresses, .releaseAddresses, .announceAgain:
                break  // What follows from these is checked against the kernel and the neighbours.
            }
        }
    }
}

extension VirtualRouterConfiguration {
    /// What the LAN knows a virtual router by.
    func isSameVirtualRouter(as other: Self) -> Bool {
        interface == other.interface && family == other.family && vrid == other.vrid
            && version == other.version
    }
}

extension VirtualRouterConfiguration {
    /// RFC 9568 §7.3.
    var virtualMAC: MACAddress {
        MACAddress(
            rawValue: (family == .ipv4 ? 0x0000_5e00_0100 : 0x0000_5e00_0200)
                | UInt64(vrid.rawValue))
    }

    func expectedDevice(on interface: Int32?) -> String {
        macvlanName
            ?? "vrrp\(family == .ipv4 ? 4 : 6)-\(vrid.rawValue)-"
            + String(interface ?? 0, radix: 36)
    }
}
