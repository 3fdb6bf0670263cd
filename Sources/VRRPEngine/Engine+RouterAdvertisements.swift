// Router Advertisements: the Active Router speaks to the hosts as the virtual router, from its
// link-local address and with its MAC address (RFC 9568 §6.4.3, §8.2.3; RFC 4861 §6.2).
//
// Nothing is said on leaving, whatever the cause: the hosts know all routers of the group by one
// address, and a lifetime of zero would take the next Active Router from them with this one.

import VRRPConfiguration
package import VRRPCore
package import VRRPWire

extension Engine {
    /// The kernel has an address: if it is the one that hosts know the virtual router by, the first
    /// advertisement follows at once.
    mutating func beginRouterAdvertisements(
        with address: InterfaceAddress, of index: Int, at now: Instant
    ) {
        guard
            routers[index].configuration.routerAdvertisement != nil,
            routers[index].configuration.family == .ipv6,
            routers[index].configuration.addresses.first?.address == address
        else { return }
        if routers[index].routerAdvertising == nil {
            routers[index].routerAdvertising = RouterAdvertising(seed: seed(for: index, at: now))
        }
        routers[index].routerAdvertising?.begin(at: now)
        sendRouterAdvertisementIfDue(index, at: now)
        deadlines.schedule(index, at: routers[index].routerAdvertising?.nextDeadline)
    }

    /// An instant to the nanosecond and an address that no other router has: inputs both, so that a
    /// replay draws the same pauses, and two routers do not.
    private func seed(for index: Int, at now: Instant) -> UInt64 {
        let (seconds, attoseconds) = now.sinceOrigin.components
        let nanoseconds =
            UInt64(bitPattern: seconds) &* 1_000_000_000
            &+ UInt64(bitPattern: attoseconds / 1_000_000_000)
        guard case .v6(let source)? = routers[index].source else { return nanoseconds }
        return nanoseconds ^ source.low &* 0xFF51_AFD7_ED55_8CCD
            ^ UInt64(routers[index].configuration.vrid.rawValue) << 56
    }

    /// Not Active any more.
    mutating func restRouterAdvertisements(of index: Int) {
        routers[index].routerAdvertising?.rest()
    }

    mutating func sendRouterAdvertisementIfDue(_ index: Int, at now: Instant) {
        guard
            let deadline = routers[index].routerAdvertising?.nextDeadline, deadline <= now,
            let settings = routers[index].configuration.routerAdvertisement
        else { return }
        guard let (interface, hardwareAddress) = advertisingPlace(of: index) else {
            // The address was taken from us, or the interface is down: both are being put right.
            routers[index].routerAdvertising?.wait(at: now)
            return
        }
        if routers[index].routerAdvertising?.hardwareAddress != hardwareAddress {
            routers[index].routerAdvertising?.hardwareAddress = hardwareAddress
            routers[index].rebuildRouterAdvertisement()
        }
        routers[index].routerAdvertising?.begin(at: now)
        routers[index].routerAdvertising?.noteSent(settings, at: now)
        routers[index].counters.routerAdvertisementsSent &+= 1
        let start = outbox.count
        outbox.append(contentsOf: routers[index].routerAdvertisementFrame)
        effects.append(.announce(router: index, interface: interface, start..<outbox.count))
    }

    /// The interface that has the link-local virtual address, while it can send from it.
    private func advertisingPlace(of index: Int) -> (interface: Int32, MACAddress)? {
        guard
            routers[index].isActive,
            let address = routers[index].configuration.addresses.first?.address
        else { return nil }
        for key in routers[index].addressKeys where key.address == address {
            if book.records[key]?.isInstalled == true, let link = interfaces.links[key.interface],
                link.isUp, let hardwareAddress = link.hardwareAddress
            {
                return (key.interface, hardwareAddress)
            }
        }
        return nil
    }

    /// The configuration changed: other words are said as soon as may be, and again as a new Active
    /// Router would say them (RFC 4861 §6.2.4). Removed, it ends in silence: other routers of the
    /// group may go on.
    mutating func adoptRouterAdvertisement(
        _ old: VirtualRouterConfiguration, of index: Int, at now: Instant
    ) {
        let new = routers[index].configuration
        placeSolicitations(of: index)
        guard
            old.routerAdvertisement != new.routerAdvertisement
                || old.addresses.first != new.addresses.first || old.mac != new.mac
        else { return }
        restRouterAdvertisements(of: index)
        guard let address = new.addresses.first?.address, advertisingPlace(of: index) != nil else {
            return
        }
        beginRouterAdvertisements(with: address, of: index, at: now)
    }
}

// MARK: Solicitations

extension Engine {
    /// Listens for the hosts' questions where a router would answer them once it is Active: nothing
    /// of it is left to be done at a takeover. A macvlan needs no membership: its parent hears all.
    mutating func placeSolicitations(of index: Int) {
        let wanted =
            routers[index].configuration.routerAdvertisement == nil
            ? nil : routers[index].interface
        let old = routers[index].solicitedOn
        guard old != wanted else { return }
        routers[index].solicitedOn = nil
        if let old, !isSolicited(on: old) {
            effects.append(.stopListeningForSolicitations(interface: old))
        }
        guard let wanted else { return }
        if !isSolicited(on: wanted) { effects.append(.listenForSolicitations(interface: wanted)) }
        routers[index].solicitedOn = wanted
    }

    private func isSolicited(on interface: Int32) -> Bool {
        routers.indices.contains { routers[$0].solicitedOn == interface }
    }

    /// Takes one Router Solicitation as it arrived: `message` is what lies behind the IP header.
    /// What is wrong with it is counted (RFC 4861 §6.1.1), and has no other effect.
    package mutating func solicited(
        _ message: RawSpan, header: DatagramHeader, interface: Int32, at now: Instant
    ) {
        let device = devices.names[interface]
        do throws(NeighborMessageError) {
            _ = try RouterSolicitation(decoding: message, header: header)
        } catch .type {
            // Slipped in before the socket's filter was set.
            return
        } catch {
            // A macvlan only hears again what its parent heard.
            if device == nil { counters.solicitationErrors &+= 1 }
            return
        }
        if let device {
            if let index = devices.records[device]?.router { answer(index, at: now) }
            return
        }
        guard let name = interfaces.links[interface]?.name else { return }
        for index in routersByInterface[name] ?? [] where routers[index].interface == interface {
            answer(index, at: now)
        }
    }

    private mutating func answer(_ index: Int, at now: Instant) {
        guard
            routers[index].isActive, routers[index].configuration.routerAdvertisement != nil
        else { return }
        routers[index].routerAdvertising?.answer(at: now)
        deadlines.schedule(index, at: routers[index].routerAdvertising?.nextDeadline)
    }

    /// The group of all routers could not be joined (an errno): hosts that ask are not heard there,
    /// and wait for the next unsolicited advertisement.
    package mutating func solicitationsFailed(interface: Int32, code: Int32, at now: Instant) {
        tell(.solicitationsFailed(interface: interfaces.name(of: interface), code: code), at: now)
    }
}

extension RouterEntry {
    /// Encodes the Router Advertisement anew; called when anything in it changed.
    mutating func rebuildRouterAdvertisement() {
        routerAdvertisementFrame.removeAll(keepingCapacity: true)
        guard
            let settings = configuration.routerAdvertisement,
            let hardwareAddress = routerAdvertising?.hardwareAddress,
            case .v6(let source)? = configuration.addresses.first?.address.address
        else { return }
        settings.advertisement(hardwareAddress: hardwareAddress).appendFrame(
            to: &routerAdvertisementFrame, source: source, hardwareSource: hardwareAddress)
    }
}
