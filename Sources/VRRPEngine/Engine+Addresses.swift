// Virtual addresses: wanted and observed, brought together by requests, announced to neighbours.

import VRRPConfiguration
package import VRRPCore
import VRRPWire

extension Engine {
    /// Finds where a router's addresses belong now and moves what does not belong there any more.
    mutating func placeAddresses(of index: Int, at now: Instant) {
        let router = routers[index]
        var keys: [AddressKey] = []
        var scopes: [UInt8] = []
        for virtual in router.configuration.addresses where virtual.kind != .external {
            let device =
                if let name = virtual.interface {
                    interfaces.link(named: name)?.index
                } else if let name = router.device {
                    devices.records[name]?.index
                } else {
                    router.interface
                }
            guard let device else { continue }
            keys.append(AddressKey(interface: device, address: virtual.address))
            scopes.append(virtual.scope.rawValue)
        }
        guard keys != router.addressKeys else { return }
        abandonAddresses(of: index)
        routers[index].addressKeys = keys
        adoptAddresses(of: index, scopes: scopes, at: now)
    }

    private mutating func adoptAddresses(of index: Int, scopes: [UInt8], at now: Instant) {
        for (key, scope) in zip(routers[index].addressKeys, scopes) {
            let present = interfaces.addresses[key.interface]?.first { $0.address == key.address }
            if let parent = parent(of: key.interface) { tellTwice(key, on: parent, index, at: now) }
            var record = book.records[key] ?? AddressRecord(scope: scope)
            record.router = index
            record.scope = scope
            record.held = false
            if let parent = parent(of: key.interface) {
                record.hasPrefixRoute =
                    key.address.address.isLinkLocal || !hasNeighbour(of: key.address, on: parent)
            }
            if let present, record.presence == .absent {
                record.presence = present.isMarkedOurs ? .ours : .foreign
            }
            record.wanted = routers[index].isActive
            book.records[key] = record
            book.enqueue(key)
        }
    }

    /// An administrator's address on the interface is another's business with `mac: interface`;
    /// beside a macvlan it makes two answers for one address.
    private mutating func tellTwice(
        _ key: AddressKey, on parent: Int32, _ index: Int, at now: Instant
    ) {
        let isThere = interfaces.addresses[parent]?.contains {
            $0.address.address == key.address.address && !$0.isMarkedOurs
        }
        guard isThere == true else { return }
        tell(
            .addressTwice(
                router: routers[index].configuration.name, key.address,
                device: interfaces.name(of: parent)), at: now)
    }

    /// The interface below one of our macvlans; nil for any other.
    private func parent(of interface: Int32) -> Int32? {
        devices.names[interface].flatMap { devices.records[$0]?.parent }
    }

    private func goesWithDevice(_ key: AddressKey) -> Bool {
        guard key.address.address.family == .ipv6, let name = devices.names[key.interface] else {
            return false
        }
        return devices.records[name]?.isUp == true
    }

    /// Whether a link is a macvlan that is to be removed.
    private func isAbandoned(_ interface: Int32) -> Bool {
        guard let name = devices.names[interface], let record = devices.records[name] else {
            return false
        }
        return record.router == nil
    }

    /// A macvlan went down: what the kernel did not remove with it is removed now.
    mutating func noteLowered(_ link: Int32, of index: Int) {
        for key in routers[index].addressKeys where key.interface == link {
            book.records[key]?.goesWithDevice = false
            book.enqueue(key)
        }
    }

    /// Whether an interface has an address of the same subnet: then it has the route to it, too.
    private func hasNeighbour(of address: InterfaceAddress, on interface: Int32) -> Bool {
        (interfaces.addresses[interface] ?? []).contains { $0.address.sharesSubnet(with: address) }
    }

    /// Lets go of records whose link or router changes: what is ours is removed.
    mutating func abandonAddresses(of index: Int) {
        for key in routers[index].addressKeys {
            book.records[key]?.router = nil
            book.records[key]?.wanted = false
            book.records[key]?.held = false
            let goesWithDevice = goesWithDevice(key) && isAbandoned(key.interface)
            book.records[key]?.goesWithDevice = goesWithDevice
            book.enqueue(key)
        }
        routers[index].addressKeys = []
    }

    mutating func takeAddresses(of index: Int, at now: Instant) {
        if let name = routers[index].device { reconcileDevice(name, at: now) }
        routers[index].announcing = Announcing(lastRound: now)
        scheduleNextRound(index, at: now)
        for key in routers[index].addressKeys {
            book.records[key]?.wanted = true
            book.records[key]?.held = false
            book.records[key]?.goesWithDevice = false
            book.records[key]?.roundsLeft = 0
            let isUp = interfaces.links[key.interface]?.isUp == true
            guard let record = book.records[key], record.isInstalled, isUp else {
                book.enqueue(key)
                continue
            }
            beginAnnouncing(key, of: index, at: now)
            if record.presence == .foreign, !routers[index].machine.parameters.isOwner {
                tellForeign(key, of: index, at: now)
            }
        }
    }

    mutating func releaseAddresses(of index: Int, at now: Instant) {
        if let name = routers[index].device {
            devices.records[name]?.isHeld = false
            reconcileDevice(name, at: now)
        }
        routers[index].announcing = nil
        restRouterAdvertisements(of: index)
        routers[index].repairDeadline = nil
        // The last first: the kernel looks for another primary address otherwise, each time.
        for key in routers[index].addressKeys.reversed() {
            let goesWithDevice = goesWithDevice(key)
            book.records[key]?.goesWithDevice = goesWithDevice
            book.records[key]?.wanted = false
            book.records[key]?.held = false
            book.enqueue(key)
        }
    }

    private mutating func tellForeign(_ key: AddressKey, of index: Int, at now: Instant) {
        tell(
            .addressForeign(
                router: routers[index].configuration.name, key.address,
                device: interfaces.name(of: key.interface)), at: now)
    }

    // MARK: What the kernel tells

    mutating func notePresent(_ key: AddressKey, isMarkedOurs: Bool, at now: Instant) {
        guard var record = book.records[key] else {
            // A leftover of a daemon that was killed: its mark says that it was ours.
            guard isMarkedOurs, isManaged(key.interface) else { return }
            book.records[key] = AddressRecord(router: nil, scope: 0, presence: .ours)
            book.enqueue(key)
            tellCleared(key, at: now)
            return
        }
        if isMarkedOurs {
            if record.presence != .ours, !record.wanted, record.inFlight == nil {
                tellCleared(key, at: now)
            }
            record.presence = .ours
        } else if record.inFlight == nil {
            // Without our mark it is somebody else's, even where one of ours stood before.
            record.presence = .foreign
        }
        book.records[key] = record
        book.enqueue(key)
    }

    private mutating func tellCleared(_ key: AddressKey, at now: Instant) {
        tell(.addressCleared(key.address, device: interfaces.name(of: key.interface)), at: now)
    }

    /// Whether this daemon has virtual routers there: elsewhere even marked addresses are left.
    func isManaged(_ interface: Int32) -> Bool {
        guard let name = interfaces.links[interface]?.name else { return false }
        return routersByInterface[name] != nil || devices.names[interface] != nil
    }

    mutating func noteAbsent(_ key: AddressKey, at now: Instant) {
        guard var record = book.records[key] else { return }
        let wasOurs = record.presence == .ours
        record.presence = .absent
        record.removedInFlight = record.inFlight != nil
        guard let index = record.router else {
            book.records[key] = record.inFlight == nil ? nil : record
            return
        }
        // What went away at our own request, and is wanted again by now, nobody took from us.
        if record.wanted, wasOurs, record.inFlight != .remove,
            interfaces.links[key.interface]?.isUp == true
        {
            routers[index].counters.addressesRestored &+= 1
            tell(
                .addressRestored(
                    router: routers[index].configuration.name, key.address,
                    device: interfaces.name(of: key.interface)), at: now)
            if let later = routers[index].repairs.spend(at: now) {
                record.held = true
                retry(index, at: later)
            }
        }
        book.records[key] = record
        book.enqueue(key)
    }

    mutating func retry(_ index: Int, at instant: Instant) {
        routers[index].repairDeadline = min(routers[index].repairDeadline ?? instant, instant)
        deadlines.schedule(index, at: instant)
    }

    mutating func repairIfDue(_ index: Int, at now: Instant) {
        guard let deadline = routers[index].repairDeadline, deadline <= now else { return }
        routers[index].repairDeadline = nil
        repairDevice(of: index, at: now)
        for key in routers[index].addressKeys where book.records[key]?.held == true {
            book.records[key]?.held = false
            book.enqueue(key)
        }
    }

    // MARK: Requests

    mutating func requestAddressChanges() {
        if let request = book.nextRequest() { effects.append(.changeAddresses(request)) }
    }

    /// What of ours is in a network namespace that we are about to lose: to be removed from it while
    /// that is possible. Its name may have gone alone, and the addresses would stay.
    package func addresses(inNamespace number: Int32) -> [AddressEdit] {
        book.presentKeys.compactMap { key in
            guard let record = book.records[key], record.presence == .ours,
                InterfaceHandle.namespace(of: key.interface) == number
            else { return nil }
            return AddressEdit(
                operation: .remove, interface: key.interface, address: key.address,
                scope: record.scope, hasPrefixRoute: record.hasPrefixRoute)
        }
    }

    /// The kernel's answers to a request, one errno for each link to set up and then one for each
    /// change, 0 for done. Everything that
    /// the kernel told about addresses before it answered must have been given in before.
    package mutating func addressesChanged(token: UInt64, results: [Int32], at now: Instant) {
        guard let request = book.answer(token) else { return }
        func code(_ position: Int) -> Int32 {
            position < results.count ? results[position] : Errno.timedOut
        }
        for (position, link) in request.raised.enumerated() where code(position) != 0 {
            if let name = devices.names[link] { holdDevice(name, code: code(position), at: now) }
        }
        for (position, change) in request.changes.enumerated() {
            note(change, code: code(request.raised.count + position), at: now)
        }
        requestAddressChanges()
    }

    private mutating func note(_ change: AddressEdit, code: Int32, at now: Instant) {
        let key = AddressKey(interface: change.interface, address: change.address)
        guard var record = book.records[key] else { return }
        record.inFlight = nil
        switch (change.operation, code) {
        case (.add, 0):
            if !record.removedInFlight { record.presence = .ours }
        case (.add, Errno.exists):
            if record.presence != .ours { record.presence = .foreign }
        case (.remove, 0), (.remove, Errno.addressNotAvailable), (.remove, Errno.noDevice):
            record.presence = .absent
            interfaces.removeAddress(change.address, on: change.interface)
        case (.add, _), (.remove, _):
            record.held = true
        }
        guard let index = record.router else {
            book.records[key] = record.presence == .absent ? nil : record
            if record.held { book.retryRefused(key, at: now + .seconds(1)) }
            return
        }
        book.records[key] = record
        book.enqueue(key)
        if record.held {
            routers[index].counters.addressErrors &+= 1
            tell(
                .addressFailed(
                    router: routers[index].configuration.name, key.address,
                    device: interfaces.name(of: key.interface), code: code), at: now)
            retry(index, at: now + .seconds(1))
        } else if record.wanted, record.presence != .absent {
            // RFC 9568 §8.1.2: announced only once the kernel has it.
            beginAnnouncing(key, of: index, at: now)
            if record.presence == .foreign { tellForeign(key, of: index, at: now) }
        }
    }
}

/// The kernel's numbers that mean something here (asm-generic/errno); the engine knows no libc.
enum Errno {
    static let noDevice: Int32 = 19
    static let exists: Int32 = 17
    static let addressNotAvailable: Int32 = 99
    static let timedOut: Int32 = 110
}
