// Interfaces appear, lose carrier, change addresses, are renamed and deleted: all of it is input,
// and what follows is computed from the tables as they stand, never counted up and down.

import VRRPConfiguration
package import VRRPCore
package import VRRPWire

/// What was told during a reading of the kernel's tables, those of one network namespace:
/// everything else in it is gone.
struct Resynchronisation: Codable {
    /// Nil is the daemon's own.
    var namespace: Int32?
    var links: Set<Int32> = []
    var addresses: Set<AddressKey> = []
}

extension Engine {
    /// The kernel's tables are about to be told from the start: those of one network namespace, nil
    /// for the daemon's own. One after the other.
    package mutating func beginResynchronisation(namespace: Int32? = nil) {
        resynchronisation = Resynchronisation(namespace: namespace)
    }

    /// All has been told: what was not is gone.
    package mutating func endResynchronisation(at now: Instant) {
        guard let told = resynchronisation else { return }
        resynchronisation = nil
        // Of a namespace nothing is known before it was told; the daemon's own comes first.
        if told.namespace == nil { isSynchronised = true }
        func isTold(_ interface: Int32) -> Bool {
            InterfaceHandle.namespace(of: interface) == told.namespace ?? 0
        }
        // Sorted, because a dictionary's order differs from run to run, and a recording must not.
        // What goes with its interface is not taken from it by anybody.
        for interface in interfaces.addresses.keys.sorted()
        where isTold(interface) && told.links.contains(interface) {
            for address in interfaces.addresses[interface] ?? [] {
                let key = AddressKey(interface: interface, address: address.address)
                if !told.addresses.contains(key) { noteRemoved(key, at: now) }
            }
        }
        // What only an answer told, because its notice was lost, is in no table.
        for key in book.presentKeys
        where told.links.contains(key.interface) && !told.addresses.contains(key) {
            noteAbsent(key, at: now)
        }
        for index in interfaces.links.keys.sorted()
        where isTold(index) && !told.links.contains(index) { forgetLink(index, at: now) }
        for index in routers.indices { evaluate(index, at: now) }
        for index in interfaces.links.keys.sorted() { clearLeftovers(on: index, at: now) }
        for name in devices.records.keys.sorted() { reconcileDevice(name, at: now) }
        requestAddressChanges()
    }

    /// A link appeared or changed.
    ///
    /// Like every observation it may be followed by others that the kernel told already: what is to
    /// be asked of the kernel because of them all is asked by the `advance(to:)` that follows.
    package mutating func observe(_ link: Link, at now: Instant) {
        resynchronisation?.links.insert(link.index)
        let names = interfaces.insert(link)
        noteDevice(link, at: now)
        evaluate(namesThatChanged: names, at: now)
        if !names.isEmpty { clearLeftovers(on: link.index, at: now) }
    }

    package mutating func observeRemovedLink(_ index: Int32, at now: Instant) {
        forgetLink(index, at: now)
    }

    private mutating func forgetLink(_ index: Int32, at now: Instant) {
        for key in Array(book.records.keys) where key.interface == index {
            book.records[key] = nil
        }
        discards.forget(index)
        guard let name = interfaces.removeLink(index) else { return }
        loseDevice(index, at: now)
        evaluate(namesThatChanged: [name], at: now)
    }

    /// An address appeared or changed.
    package mutating func observe(_ address: KernelAddress, at now: Instant) {
        let key = AddressKey(interface: address.interface, address: address.address)
        resynchronisation?.addresses.insert(key)
        interfaces.insert(address)
        notePresent(key, isMarkedOurs: address.isMarkedOurs, at: now)
        // A virtual address of ours is nobody's source: of a thousand coming at a takeover, none
        // gives reason to look at the routers.
        if book.records[key]?.presence != .ours { evaluate(on: address.interface, at: now) }
    }

    package mutating func observeRemovedAddress(
        _ address: InterfaceAddress, on interface: Int32, at now: Instant
    ) {
        let key = AddressKey(interface: interface, address: address)
        let wasOurs = book.records[key]?.presence == .ours
        noteRemoved(key, at: now)
        if !wasOurs { evaluate(on: interface, at: now) }
    }

    private mutating func noteRemoved(_ key: AddressKey, at now: Instant) {
        interfaces.removeAddress(key.address, on: key.interface)
        noteAbsent(key, at: now)
    }

    private mutating func evaluate(on interface: Int32, at now: Instant) {
        guard let name = interfaces.links[interface]?.name else { return }
        evaluate(namesThatChanged: [name], at: now)
        for index in unicast.fromAnywhere where routers[index].interface != interface {
            evaluate(index, at: now)
        }
    }

    private mutating func evaluate(namesThatChanged names: [String], at now: Instant) {
        for name in names {
            for index in routersByInterface[name] ?? [] { evaluate(index, at: now) }
        }
    }

    /// Compares one router with the tables: may it take part, from which address, on which link.
    mutating func evaluate(_ index: Int, at now: Instant) {
        guard isSynchronised, resynchronisation == nil, !isLeaving else { return }
        let configuration = routers[index].configuration
        let link = interfaces.link(named: configuration.interface)
        let source = link.flatMap { self.source(for: index, on: $0) }
        let obstacle: Reason? =
            if let link {
                configuration.trackInterface && !link.isUsable
                    ? .interfaceDown
                    : source == nil ? .noSourceAddress(configured: configuration.source) : nil
            } else {
                .interfaceMissing
            }

        if let obstacle {
            // The farewell still goes out on the old link, if that can carry it and there is an
            // address left to send it from.
            if source == nil, link != nil { setSource(nil, for: index, at: now) }
            handle(.shutdown(obstacle), for: index, at: now)
            bind(index, to: link?.index, at: now)
            setSource(source, for: index, at: now)
            tellUnable(obstacle, index, at: now)
            return
        }
        if routers[index].interface != link?.index {
            handle(.shutdown(.interfaceMissing), for: index, at: now)
            bind(index, to: link?.index, at: now)
        }
        setSource(source, for: index, at: now)
        placeAddresses(of: index, at: now)
        if lacksDevice(index), !routers[index].isRunning {
            // Asked for already; a failure is told when it comes.
            routers[index].reason = .macvlanMissing
            return
        }
        handle(.startup, for: index, at: now)
    }

    /// A link's own address: never a virtual one, of whichever router there, even where an
    /// administrator put it on by hand, but for those that this node owns.
    private func source(for index: Int, on link: Link) -> IPAddress? {
        let configuration = routers[index].configuration
        if let wanted = configuration.source {
            let isAnywhere = configuration.isUnicast && !wanted.isLinkLocal
            return interfaces.has(wanted, on: link.index, orAnywhere: isAnywhere) ? wanted : nil
        }
        let family = configuration.family
        let virtual = virtualAddresses[link.name]
        return interfaces.source(on: link.index, family: family) { candidate in
            let key = AddressKey(interface: link.index, address: candidate.address)
            return virtual?.contains(candidate.address.address) == true
                || book.records[key]?.presence == .ours
        }
    }

    private mutating func setSource(_ source: IPAddress?, for index: Int, at now: Instant) {
        guard routers[index].source != source else { return }
        routers[index].source = source
        routers[index].rebuildTemplate()
        if routers[index].configuration.isUnicast { unicast = UnicastTable(routers) }
        guard let source else { return }
        handle(
            .parameters(RouterEntry.parameters(routers[index].configuration, from: source)),
            for: index, at: now)
    }

    private mutating func tellUnable(_ reason: Reason, _ index: Int, at now: Instant) {
        routers[index].reason = reason
        guard routers[index].told.unable != reason else { return }
        routers[index].told.unable = reason
        tell(.unable(router: routers[index].configuration.name, reason), at: now)
    }

    /// Moves a router to another link: what it listens on, what it is looked up by, where its
    /// addresses belong.
    mutating func bind(_ index: Int, to interface: Int32?, at now: Instant) {
        guard routers[index].interface != interface else { return }
        let family = routers[index].configuration.family
        let vrid = routers[index].configuration.vrid
        if let old = routers[index].interface {
            lookup[RouterKey(interface: old, family: family, vrid: vrid)] = nil
            stopListening(ListenKey(interface: old, family: family))
        }
        routers[index].interface = interface
        if let interface {
            lookup[RouterKey(interface: interface, family: family, vrid: vrid)] = index
            listen(ListenKey(interface: interface, family: family))
        }
        placeSolicitations(of: index)
        placeDevice(of: index, at: now)
        placeAddresses(of: index, at: now)
    }

    private mutating func listen(_ key: ListenKey) {
        listeners[key, default: 0] += 1
        if listeners[key] == 1 { effects.append(.listen(interface: key.interface, key.family)) }
    }

    private mutating func stopListening(_ key: ListenKey) {
        listeners[key, default: 1] -= 1
        guard listeners[key] == 0 else { return }
        listeners[key] = nil
        effects.append(.stopListening(interface: key.interface, key.family))
    }

    /// The group could not be joined (an errno): the router is deaf there, which operators must
    /// know at once.
    package mutating func listenFailed(
        interface: Int32, family: AddressFamily, code: Int32, at now: Instant
    ) {
        tell(
            .listenFailed(interface: interfaces.name(of: interface), family, code: code), at: now)
    }
}
