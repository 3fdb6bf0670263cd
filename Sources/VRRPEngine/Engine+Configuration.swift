// A configuration is applied as a difference: what did not change is not touched.

package import VRRPConfiguration
package import VRRPCore
import VRRPWire

extension Engine {
    /// Applies a configuration, the first one or another. An unchanged one has no effect at all.
    @discardableResult
    package mutating func apply(
        _ new: Configuration, at now: Instant
    ) -> ConfigurationDifference? {
        guard let old = configuration else {
            configuration = new
            virtualAddresses = new.virtualAddresses
            node = new.node
            listensToTrailers = new.hasTrailers
            routers = new.routers.map { RouterEntry($0, at: now) }
            rebuildTables(at: now)
            return nil
        }
        let difference = ConfigurationDifference(from: old, to: new)
        configuration = new
        node = new.node
        listensToTrailers = new.hasTrailers
        guard old.routers != new.routers else { return difference }
        virtualAddresses = new.virtualAddresses
        let kept = keepInPlace(new, at: now)
        if kept.count != routers.count || kept.count != new.routers.count {
            replaceOthers(new, keeping: kept, at: now)
        }
        if old.virtualAddresses != virtualAddresses {
            // What was a source may be virtual now.
            for index in routers.indices { evaluate(index, at: now) }
        }
        tell(
            .configured(
                added: difference.added, changed: difference.changed.map(\.name),
                removed: difference.removed), at: now)
        requestAddressChanges()
        return difference
    }

    /// Changes in place what keeps its identity; returns the names of these routers.
    private mutating func keepInPlace(_ new: Configuration, at now: Instant) -> Set<String> {
        let byName = Dictionary(
            new.routers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var kept: Set<String> = []
        var changes: [(index: Int, wanted: VirtualRouterConfiguration)] = []
        for index in routers.indices {
            let old = routers[index].configuration
            guard let wanted = byName[old.name], wanted.hasIdentity(of: old) else {
                // Gone, or another virtual router by the same name.
                handle(.shutdown(.configuration), for: index, at: now)
                bind(index, to: nil, at: now)
                continue
            }
            kept.insert(old.name)
            if wanted != old { changes.append((index, wanted)) }
        }
        // All let go before anybody takes: an address may move from any router to any other, or
        // return with another prefix length, which the kernel refuses while the old one is there.
        for (index, wanted) in changes
        where routers[index].configuration.addresses != wanted.addresses {
            abandonAddresses(of: index)
        }
        for (index, wanted) in changes { change(index, to: wanted, at: now) }
        return kept
    }

    private mutating func change(
        _ index: Int, to new: VirtualRouterConfiguration, at now: Instant
    ) {
        let old = routers[index].configuration
        routers[index].configuration = new
        if old.isUnicast || new.isUnicast { unicast = UnicastTable(routers) }
        if !new.acceptsStamps(of: old) { routers[index].stamps = nil }
        if !new.alsoVersion2 { routers[index].versions = VersionBook() }
        routers[index].told = Told(unable: routers[index].told.unable)
        switch new.checksum {
        case .auto where old.checksum == .auto: break
        case .auto: routers[index].checksumForm = routers[index].peer?.checksumForm ?? .rfc9568
        case .rfc5798: routers[index].checksumForm = .rfc5798
        case .rfc9568: routers[index].checksumForm = .rfc9568
        }
        routers[index].rebuildTemplate()
        if old.mac != new.mac || old.macvlanName != new.macvlanName {
            placeDevice(of: index, at: now)
            placeAddresses(of: index, at: now)
        }
        if old.addresses != new.addresses {
            placeAddresses(of: index, at: now)
            noteDevices(of: index)
        }
        let source = routers[index].source ?? routers[index].machine.parameters.primaryAddress
        handle(.parameters(RouterEntry.parameters(new, from: source)), for: index, at: now)
        if old.announce != new.announce { adoptAnnouncePolicy(of: index, at: now) }
        adoptRouterAdvertisement(old, of: index, at: now)
        evaluate(index, at: now)
    }

    private mutating func replaceOthers(
        _ new: Configuration, keeping kept: Set<String>, at now: Instant
    ) {
        var entries: [String: RouterEntry] = [:]
        for entry in routers where kept.contains(entry.configuration.name) {
            entries[entry.configuration.name] = entry
        }
        let names = routers.map(\.configuration.name)
        routers = new.routers.map { entries[$0.name] ?? RouterEntry($0, at: now) }
        var places: [String: Int] = [:]
        for (place, router) in routers.enumerated() { places[router.configuration.name] = place }
        renumberEffects(names.map { kept.contains($0) ? places[$0] : nil })
        rebuildTables(at: now)
    }

    /// Effects that are not carried out yet name routers by their former places: what becomes of
    /// them must not be put down to whoever is there now.
    private mutating func renumberEffects(_ places: [Int?]) {
        func place(_ router: Int) -> Int {
            (places.indices.contains(router) ? places[router] : nil) ?? Effect.nobody
        }
        for position in effects.indices {
            switch effects[position] {
            case .send(let router, let interface, let source, let destination, let range):
                effects[position] = .send(
                    router: place(router), interface: interface, source: source,
                    destination: destination, range)
            case .announce(let router, let interface, let range):
                effects[position] = .announce(
                    router: place(router), interface: interface, range)
            case .advertise(let router, let interface, let range):
                effects[position] = .advertise(
                    router: place(router), interface: interface, range)
            case .sign, .changeAddresses, .changeDevice, .listen, .stopListening,
                .listenForSolicitations, .stopListeningForSolicitations, .tell:
                break
            }
        }
    }

    /// Everything that refers to a router by its place, made anew after places changed.
    private mutating func rebuildTables(at now: Instant) {
        lookup.removeAll(keepingCapacity: true)
        routersByInterface.removeAll(keepingCapacity: true)
        unicast = UnicastTable(routers)
        deadlines = DeadlineQueue(routerCount: routers.count)
        for key in Array(book.records.keys) { book.records[key]?.router = nil }
        for name in Array(devices.records.keys) { devices.records[name]?.router = nil }
        for index in routers.indices {
            let configuration = routers[index].configuration
            noteDevices(of: index)
            if let interface = routers[index].interface {
                lookup[
                    RouterKey(
                        interface: interface, family: configuration.family,
                        vrid: configuration.vrid)] = index
            }
            // Without an interface, too: an address may have a device of its own.
            for key in routers[index].addressKeys { book.records[key]?.router = index }
            if let name = routers[index].device { devices.records[name]?.router = index }
            deadlines.schedule(index, at: routers[index].nextDeadline)
        }
        for index in routers.indices where routers[index].interface == nil {
            evaluate(index, at: now)
        }
    }

    /// Remembers which interfaces matter to a router.
    private mutating func noteDevices(of index: Int) {
        let configuration = routers[index].configuration
        let names = [configuration.interface] + configuration.addresses.compactMap(\.interface)
        for name in names where routersByInterface[name]?.contains(index) != true {
            routersByInterface[name, default: []].append(index)
        }
    }
}

extension VirtualRouterConfiguration {
    /// Whether both are the same virtual router to the LAN.
    fileprivate func hasIdentity(of other: Self) -> Bool {
        interface == other.interface && family == other.family && vrid == other.vrid
            && version == other.version
    }
}

extension Configuration {
    /// Of all routers but those that own theirs, by the interface they belong on.
    var virtualAddresses: [String: Set<IPAddress>] {
        var result: [String: Set<IPAddress>] = [:]
        for router in routers where router.priority != .owner {
            for virtual in router.addresses {
                result[virtual.interface ?? router.interface, default: []]
                    .insert(virtual.address.address)
            }
        }
        return result
    }
}
