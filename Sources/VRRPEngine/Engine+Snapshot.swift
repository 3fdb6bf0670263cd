// The engine as `vrrpctl show` sees it.

import VRRPConfiguration
package import VRRPCore
import VRRPWire

extension Engine {
    /// Everything at one instant. Costs time in proportion to routers and addresses; nothing
    /// periodic asks for it.
    package func snapshot(at now: Instant) -> EngineSnapshot {
        EngineSnapshot(
            at: now, node: node, routers: routers.indices.map { snapshot(of: $0, at: now) },
            counters: counters)
    }

    private func snapshot(of index: Int, at now: Instant) -> RouterSnapshot {
        let router = routers[index]
        let isVersion3OverIPv4 =
            router.configuration.version == .v3 && router.configuration.family == .ipv4
        return RouterSnapshot(
            configuration: router.configuration,
            state: router.machine.publicState,
            since: router.since,
            reason: router.reason,
            interfaceIndex: router.interface,
            hardwareAddress: router.configuration.mac == .virtual
                ? .virtualRouter(router.configuration.vrid, router.configuration.family)
                : router.interface.flatMap { interfaces.links[$0]?.hardwareAddress },
            device: router.interface.map { router.device ?? interfaces.name(of: $0) },
            primaryAddress: router.source,
            activeRouter: activeRouter(router),
            skewTime: router.machine.skewTime,
            activeDownInterval: router.machine.activeDownInterval,
            remaining: router.machine.publicState == .backup
                ? router.machine.nextDeadline.map { max($0 - now, .zero) } : nil,
            checksumForm: isVersion3OverIPv4 ? router.checksumForm : nil,
            addresses: addresses(of: router),
            counters: router.counters)
    }

    private func activeRouter(_ router: RouterEntry) -> ActiveRouterSnapshot? {
        switch router.machine.publicState {
        case .initialize: nil
        case .backup: router.peer
        case .active:
            router.source.map {
                ActiveRouterSnapshot(
                    isSelf: true, address: $0, version: router.configuration.version,
                    priority: router.configuration.priority,
                    advertisementInterval: router.configuration.advertisementInterval,
                    lastHeard: nil, checksumForm: nil)
            }
        }
    }

    private func addresses(of router: RouterEntry) -> [AddressSnapshot] {
        router.configuration.addresses.map { virtual in
            let device = virtual.interface ?? router.device ?? router.configuration.interface
            let record = interfaces.link(named: device).flatMap {
                book.records[AddressKey(interface: $0.index, address: virtual.address)]
            }
            return AddressSnapshot(
                address: virtual.address, kind: virtual.kind, device: device,
                wanted: router.isActive && virtual.kind != .external,
                installed: record.map { $0.presence != .absent } ?? false,
                foreign: record?.presence == .foreign)
        }
    }
}
