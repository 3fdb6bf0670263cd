// The engine at one instant, whole: from it another engine goes on exactly as this one does.
// A recording's files begin with one, so that each can be replayed without the one before.

import VRRPConfiguration
import VRRPCore
import VRRPWire

/// All state of an `Engine` between two turns: what is left out (templates of advertisements, the set of
/// virtual addresses, the table of unicast routers) is computed from the rest. Taking one copies no more than references.
package struct EngineCheckpoint: Codable, Sendable {
    var node: String
    var configuration: Configuration?
    var routers: [RouterEntry]
    var lookup: [RouterKey: Int]
    var routersByInterface: [String: [Int]]
    var listeners: [ListenKey: Int]
    var interfaces: InterfaceTable
    var book: AddressBook
    var devices: DeviceBook
    var deadlines: DeadlineQueue
    var counters: GlobalCounters
    var discards: DiscardLog
    var resynchronisation: Resynchronisation?
    var isSynchronised: Bool
    var isLeaving: Bool

    /// The name of an engine that has been given nothing yet; nil for every other. Such a one needs
    /// no checkpoint, and its recording does not depend on what a later engine keeps.
    package var nodeOfNewEngine: String? {
        let isNew =
            configuration == nil && interfaces.links.isEmpty && interfaces.addresses.isEmpty
            && counters == GlobalCounters() && resynchronisation == nil && !isSynchronised
            && !isLeaving
        return isNew ? node : nil
    }
}

extension Engine {
    /// To be taken while `effects` is empty: effects are not part of it.
    package var checkpoint: EngineCheckpoint {
        EngineCheckpoint(
            node: node, configuration: configuration, routers: routers, lookup: lookup,
            routersByInterface: routersByInterface, listeners: listeners, interfaces: interfaces,
            book: book, devices: devices, deadlines: deadlines, counters: counters,
            discards: discards,
            resynchronisation: resynchronisation, isSynchronised: isSynchronised,
            isLeaving: isLeaving)
    }

    /// Goes on where the checkpoint was taken. One that was read from a file must have been
    /// checked: `EngineCheckpoint.fault`.
    package init(restoring checkpoint: EngineCheckpoint) {
        self.init(node: checkpoint.node)
        configuration = checkpoint.configuration
        virtualAddresses = configuration?.virtualAddresses ?? [:]
        listensToTrailers = configuration?.hasTrailers ?? false
        routers = checkpoint.routers
        lookup = checkpoint.lookup
        routersByInterface = checkpoint.routersByInterface
        listeners = checkpoint.listeners
        interfaces = checkpoint.interfaces
        book = checkpoint.book
        devices = checkpoint.devices
        deadlines = checkpoint.deadlines
        counters = checkpoint.counters
        discards = checkpoint.discards
        resynchronisation = checkpoint.resynchronisation
        isSynchronised = checkpoint.isSynchronised
        isLeaving = checkpoint.isLeaving
        for index in routers.indices { routers[index].rebuildTemplate() }
        unicast = UnicastTable(routers)
    }
}

// MARK: Trust

extension EngineCheckpoint {
    /// What is wrong with one that came from a file; nil when an engine can go on from it.
    package var fault: String? {
        let places = routers.indices
        guard lookup.values.allSatisfy(places.contains) else {
            return "`lookup` names a virtual router that is not there"
        }
        guard routersByInterface.values.allSatisfy({ $0.allSatisfy(places.contains) }) else {
            return "`routersByInterface` names a virtual router that is not there"
        }
        guard book.isConsistent(routerCount: routers.count) else {
            return "`book` names a virtual router that is not there, or its queue has no start"
        }
        guard devices.isConsistent(routerCount: routers.count) else {
            return "`devices` names a virtual router that is not there"
        }
        guard deadlines.isConsistent(routerCount: routers.count) else {
            return "`deadlines` names a virtual router that is not there"
        }
        if let fault = configuration?.fault { return fault }
        for router in routers {
            if let fault = router.configuration.fault { return fault }
            guard router.machine.parameters.advertisementInterval.isAdvertisable else {
                return "`\(router.configuration.name)` runs with an impossible interval"
            }
        }
        return nil
    }
}

extension EngineInput {
    /// What is wrong with one that came from a file; nil when an engine can take it.
    package var fault: String? {
        if case .apply(let configuration) = self { configuration.fault } else { nil }
    }
}

extension Configuration {
    /// Only what would keep an engine from running.
    fileprivate var fault: String? {
        for router in routers {
            if let fault = router.fault { return fault }
        }
        return nil
    }
}

extension VirtualRouterConfiguration {
    fileprivate var fault: String? {
        guard advertisementInterval.isAdvertisable else {
            return "`\(name)` has an impossible advertisement interval"
        }
        guard
            !advertisedAddresses.isEmpty,
            addresses.allSatisfy({ $0.address.address.family == family })
        else { return "`\(name)` has no addresses, or some of another family" }
        guard !alsoVersion2 || version == .v3 && family == .ipv4 else {
            return "`\(name)` cannot speak version 2, too"
        }
        guard (peers + [source].compactMap { $0 }).allSatisfy({ $0.family == family }) else {
            return "`\(name)` has a source or peers of another family"
        }
        guard (1...100).contains(announce.count), announce.spacing > .zero,
            announce.refresh ?? .seconds(1) > .zero
        else { return "`\(name)` has an impossible `announce`" }
        guard preemptDelay >= .zero, startDelay >= .zero else {
            return "`\(name)` has a negative delay"
        }
        return nil
    }
}

extension Duration {
    /// Version 3: 10 ms…40.95 s. Version 2: 1 s…255 s.
    fileprivate var isAdvertisable: Bool { (.milliseconds(10) ... .seconds(255)).contains(self) }
}
