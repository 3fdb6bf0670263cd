// `mac: virtual`: one macvlan for each virtual router, down while it is not Active, so that nothing
// is sent from, and nothing accepted for, the virtual MAC address (RFC 9568 §7.3, §8.1.2, §8.2.2).

import VRRPConfiguration
package import VRRPCore
import VRRPWire

extension Engine {
    /// Makes sure that a router has the device it is configured to have on its interface, and no
    /// other.
    mutating func placeDevice(of index: Int, at now: Instant) {
        let configuration = routers[index].configuration
        let parent = configuration.mac == .virtual ? routers[index].interface : nil
        let name = parent.map { configuration.deviceName(on: $0) }
        guard routers[index].device != name else { return }
        if let old = routers[index].device { abandonDevice(old, at: now) }
        routers[index].device = name
        guard let name, let parent else { return }
        let old = devices.records[name]
        var record = DeviceRecord(
            router: index, parent: parent,
            hardwareAddress: .virtualRouter(configuration.vrid, configuration.family))
        record.asked = old?.asked
        devices.records[name] = record
        if let old, let link = old.index {
            if old.parent == parent, old.hardwareAddress == record.hardwareAddress {
                devices.records[name] = old
                devices.records[name]?.router = index
                devices.records[name]?.isHeld = false
            } else {
                // Another virtual router had a macvlan of this name: it goes first.
                _ = devices.lose(link)
                if old.asked == nil { ask(.remove(link), of: name) }
            }
        }
        reconcileDevice(name, at: now)
    }

    /// The kernel has the device; addresses that an earlier daemon left on it are not wanted.
    private mutating func adopt(_ link: Link, at now: Instant) {
        devices.find(link.name, as: link)
        for address in interfaces.addresses[link.index] ?? [] {
            let key = AddressKey(interface: link.index, address: address.address)
            if book.records[key] == nil {
                notePresent(key, isMarkedOurs: address.isMarkedOurs, at: now)
            }
        }
    }

    private mutating func abandonDevice(_ name: String, at now: Instant) {
        devices.records[name]?.router = nil
        devices.records[name]?.isHeld = false
        reconcileDevice(name, at: now)
    }

    /// Whether a router must have a macvlan and has none. It cannot become Active without.
    func lacksDevice(_ index: Int) -> Bool {
        routers[index].device.map { devices.records[$0]?.index == nil } ?? false
    }

    /// Gives up all devices: the daemon leaves.
    mutating func abandonDevices(at now: Instant) {
        for index in routers.indices {
            if let name = routers[index].device { abandonDevice(name, at: now) }
            routers[index].device = nil
        }
    }

    /// Asks for what a device lacks; one thing at a time, but for becoming Active, which waits for
    /// nothing.
    mutating func reconcileDevice(_ name: String, at now: Instant) {
        guard
            isSynchronised, resynchronisation == nil, let record = devices.records[name],
            !record.isHeld
        else { return }
        let isActive = record.router.map { routers[$0].isActive } ?? false
        if isActive, let index = record.index, !record.isUp { book.raise(index) }
        guard record.asked == nil else { return }
        switch (record.router, record.index) {
        case (nil, nil):
            devices.records[name] = nil
        case (nil, .some(let index)):
            ask(.remove(index), of: name)
        case (.some, nil):
            ask(
                .make(
                    parent: record.parent, parentName: interfaces.name(of: record.parent),
                    hardwareAddress: record.hardwareAddress), of: name)
        case (.some, .some(let index)):
            if !isActive, record.isUp { ask(.lower(index), of: name) }
        }
    }

    private mutating func ask(_ operation: DeviceRequest.Operation, of name: String) {
        devices.records[name]?.asked = operation
        effects.append(.changeDevice(name: name, DeviceRequest(operation: operation)))
    }

    /// The worker's answer, an errno, 0 for done. What the kernel told before must have been given
    /// in before.
    package mutating func deviceChanged(name: String, code: Int32, at now: Instant) {
        guard let asked = devices.records[name]?.asked else { return }
        devices.records[name]?.asked = nil
        switch asked {
        case .make:
            guard code == 0 else {
                holdDevice(name, code: code, at: now)
                break
            }
            devices.records[name]?.isMade = true
            devices.records[name]?.toldCode = nil
            if let link = interfaces.link(named: name) { noteDevice(link, at: now) }
            if let record = devices.records[name], record.index == nil, let index = record.router {
                // Gone again, or netlink lost the notice: asked for again, but not in a circle.
                devices.records[name]?.isHeld = true
                retry(index, at: now + .seconds(1))
            }
        case .lower(let index):
            if code != 0 { holdDevice(name, code: code, at: now) }
            // It may have become useless in the meantime.
            if let link = interfaces.links[index], link.name == name { noteDevice(link, at: now) }
        case .remove(let index):
            if code == 0 {
                _ = devices.lose(index)
            } else {
                // Nobody wants it: then nobody asks again.
                holdDevice(name, code: code, at: now)
            }
        }
        reconcileDevice(name, at: now)
        requestAddressChanges()
    }

    /// A device could not be had as it is wanted: told, and tried again after a second.
    mutating func holdDevice(_ name: String, code: Int32, at now: Instant) {
        devices.records[name]?.isHeld = true
        guard let index = devices.records[name]?.router else { return }
        routers[index].counters.deviceErrors &+= 1
        retry(index, at: now + .seconds(1))
        guard devices.records[name]?.toldCode != code else { return }
        devices.records[name]?.toldCode = code
        tell(
            .deviceFailed(
                router: routers[index].configuration.name, device: name, code: code), at: now)
    }

    mutating func repairDevice(of index: Int, at now: Instant) {
        guard let name = routers[index].device, devices.records[name]?.isHeld == true else {
            return
        }
        devices.records[name]?.isHeld = false
        reconcileDevice(name, at: now)
    }

    // MARK: What the kernel tells

    /// Called for each link that is told, before routers are looked at.
    mutating func noteDevice(_ link: Link, at now: Instant) {
        if let name = devices.names[link.index], name != link.name {
            loseDevice(link.index, at: now)
        }
        guard let record = devices.records[link.name] else {
            clearLeftover(link, at: now)
            return
        }
        guard record.isMet(by: link), record.isMade else {
            if record.index == link.index { replaceDevice(link, at: now) }
            return
        }
        let isNew = record.index == nil
        let wasUp = record.isUp
        if isNew { adopt(link, at: now) } else { devices.find(link.name, as: link) }
        if let index = record.router {
            if wasUp, !link.isUp, routers[index].isActive, record.asked == nil {
                noteRestored(index, link.name, at: now)
            }
            if isNew {
                placeAddresses(of: index, at: now)
                evaluate(index, at: now)
            }
            if wasUp, !link.isUp { noteLowered(link.index, of: index) }
            if !wasUp, link.isUp { announceInstalled(on: link.index, of: index, at: now) }
        }
        reconcileDevice(link.name, at: now)
    }

    /// Somebody gave our macvlan another MAC address, or took the interface below to another
    /// namespace: it is of no use any more, and in the way. Forgotten only once it can be removed.
    private mutating func replaceDevice(_ link: Link, at now: Instant) {
        guard devices.records[link.name]?.asked == nil else { return }
        _ = devices.lose(link.index)
        if let index = devices.records[link.name]?.router {
            placeAddresses(of: index, at: now)
            noteRestored(index, link.name, at: now)
        }
        ask(.remove(link.index), of: link.name)
    }

    /// An interface may be ours to manage from now on: with what stands on it.
    mutating func clearLeftovers(on parent: Int32, at now: Instant) {
        for index in interfaces.links.keys.sorted() {
            if let link = interfaces.links[index], link.parent == parent {
                clearLeftover(link, at: now)
            }
        }
    }

    /// A device that an earlier daemon left, on an interface of ours.
    private mutating func clearLeftover(_ link: Link, at now: Instant) {
        guard
            resynchronisation == nil, devices.records[link.name] == nil, link.isMarkedOurs,
            let parent = link.parent, isManaged(parent),
            let hardwareAddress = link.hardwareAddress
        else { return }
        devices.records[link.name] = DeviceRecord(
            router: nil, parent: parent, hardwareAddress: hardwareAddress)
        devices.records[link.name]?.isMade = true
        devices.find(link.name, as: link)
        tell(.deviceCleared(device: link.name), at: now)
        reconcileDevice(link.name, at: now)
    }

    /// A link is gone, or is not what it was: perhaps it was a device of ours.
    mutating func loseDevice(_ link: Int32, at now: Instant) {
        let wasUp = devices.names[link].flatMap { devices.records[$0]?.isUp } ?? false
        let asked = devices.names[link].flatMap { devices.records[$0]?.asked }
        guard let name = devices.lose(link), let index = devices.records[name]?.router else {
            return
        }
        placeAddresses(of: index, at: now)
        // Gone with its parent, which is no interference. Of one that is deleted the kernel first
        // tells that it is down: that was counted.
        if asked != .remove(link), interfaces.links[devices.records[name]?.parent ?? 0] != nil,
            wasUp || !routers[index].isActive
        {
            noteRestored(index, name, at: now)
        }
        reconcileDevice(name, at: now)
    }

    private mutating func noteRestored(_ index: Int, _ name: String, at now: Instant) {
        routers[index].counters.devicesRestored &+= 1
        tell(
            .deviceRestored(router: routers[index].configuration.name, device: name), at: now)
        if let later = routers[index].repairs.spend(at: now) {
            devices.records[name]?.isHeld = true
            retry(index, at: later)
        }
    }
}

extension VirtualRouterConfiguration {
    /// The name of its macvlan: at most 15 bytes, the parent by its index, since two interfaces may
    /// have virtual routers of one VRID. In front of it the namespace, where it is another one than
    /// the daemon's own.
    func deviceName(on parent: Int32) -> String {
        if let macvlanName { return macvlanName }
        let index = String(InterfaceHandle.index(of: parent), radix: 36)
        return qualify("vrrp\(family.rawValue)-\(vrid.rawValue)-\(index)")
    }
}
