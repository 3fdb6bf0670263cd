// Frames between the routers, and to the host that only listens.

import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

extension Simulation {
    /// An advertisement leaves: each other router gets it, or not.
    func transmit(
        _ node: Node, _ router: Int, _ message: ArraySlice<UInt8>, from source: IPAddress,
        to destination: IPAddress
    ) {
        node.daemon?.observed[router].sent.append(message[message.startIndex + 2])
        let slot = frames.encapsulate(
            message, from: source, to: destination, hardwareAddress: node.kernel.hardwareAddress,
            router: router)
        frames.retain(slot)
        let isUnicast = !destination.isMulticast
        for other in nodes where other !== node {
            if isUnicast, !other.kernel.own.contains(where: { $0.address == destination }) {
                continue
            }
            guard node.kernel.isUsable else {
                emit(other.index, router, .missed(from: node.index, .noCarrier))
                continue
            }
            dispatch(slot, from: node.index, to: other.index, router: router)
        }
        frames.release(slot)
    }

    /// An advertisement leaves as a complete frame, from the virtual MAC address: switches learn from
    /// it, too.
    func transmit(_ node: Node, _ bytes: [UInt8]) {
        let isIPv6 = bytes[FramePool.networkOffset] >> 4 == 6
        let start = FramePool.networkOffset + (isIPv6 ? 40 : 20)
        guard bytes.count >= start + 8 else {
            fail("advertisements", "gw\(node.index) sends a frame without a message")
            return
        }
        let router = Draw.router(ofVRID: bytes[start + 1])
        node.daemon?.sent[router] += 1
        let group = IPAddress.vrrpGroup(isIPv6 ? .ipv6 : .ipv4)
        if isFirst(bytes[start], to: group, node, router) {
            emit(node.index, router, .sent(priority: bytes[start + 2]))
        }
        node.daemon?.observed[router].sent.append(bytes[start + 2])
        let source = bytes[6..<12].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        let isVirtual = source == (isIPv6 ? 0x5e00_0200 : 0x5e00_0100) | UInt64(bytes[start + 1])
        if !isVirtual { fail("advertisements", "gw\(node.index) sends from \(source)") }
        let slot = frames.store(bytes, router: router, sender: node.index)
        frames.retain(slot)
        for station in 0..<lan.stationCount where station != node.index {
            if node.kernel.isUsable {
                dispatch(slot, from: node.index, to: station, router: router)
            } else if station < nodes.count {
                emit(station, router, .missed(from: node.index, .noCarrier))
            }
        }
        frames.release(slot)
    }

    private func dispatch(_ slot: Int, from: Int, to: Int, router: Int) {
        switch lan.fate(from: from, to: to, at: now, &lanChance) {
        case .missed(let cause):
            if to < nodes.count { emit(to, router, .missed(from: from, cause)) }
        case .arrives(let time, let isDamaged, let again):
            let bit =
                isDamaged ? FramePool.protectedBit(of: frames.bytes(slot), &lanChance) : -1
            frames.retain(slot)
            schedule(.frame(slot: slot, to: to, damagedBit: bit), at: time)
            if let again {
                frames.retain(slot)
                schedule(.frame(slot: slot, to: to, damagedBit: -1), at: again)
            }
        }
    }

    /// A gratuitous ARP or an unsolicited neighbour advertisement leaves.
    func announce(_ node: Node, _ bytes: [UInt8]) {
        guard let announced = Neighbours.announcement(in: bytes) else {
            fail("announcements", "gw\(node.index) announces what nobody can read")
            return
        }
        guard let (router, index) = roster.place(of: announced.address, on: node.index) else {
            fail("announcements", "gw\(node.index) announces \(announced.address)")
            return
        }
        let configuration = roster[node.index, router].configuration
        let isVirtual = configuration?.mac == .virtual
        let own = isVirtual ? configuration?.virtualMAC : node.kernel.hardwareAddress
        if announced.hardwareAddress != own {
            fail("announcements", "gw\(node.index) r\(router) announces another's MAC address")
        }
        let device = node.kernel.devices.first { $0.hardwareAddress == own && $0.isUp }
        let isInstalled = node.kernel.addresses.contains {
            $0.address.address == announced.address
                && (!isVirtual || $0.interface == device?.index)
        }
        if !isInstalled, !node.isOverrun, now > (node.daemon?.excusedUntil ?? 0) {
            fail(
                "announcements",
                "gw\(node.index) r\(router) announces \(announced.address) too early")
        }
        emit(node.index, router, .announced(address: index))
        guard node.kernel.isUsable else { return }
        let slot = frames.store(bytes, router: router, sender: node.index)
        frames.retain(slot)
        dispatch(slot, from: node.index, to: nodes.count, router: router)
        frames.release(slot)
    }

    func arrive(_ slot: Int, to: Int, damagedBit: Int) {
        defer { frames.release(slot) }
        guard to < nodes.count else {
            if damagedBit < 0 { neighbours.receive(frames.bytes(slot), from: frames.sender(slot)) }
            return
        }
        let node = nodes[to]
        if node.isPaused, node.daemon != nil {
            if node.waitingFrames < Node.socketCapacity {
                node.waitingFrames += 1
                frames.retain(slot)
                node.backlog.append(.frame(slot: slot, damagedBit: damagedBit))
            } else {
                emit(to, frames.router(slot), .missed(from: -1, .socketFull))
            }
            return
        }
        guard node.daemon != nil else { return }
        turn(node) { daemon, local in receive(slot, damagedBit, node, daemon, at: local) }
    }

    /// The kernel hands a datagram to the daemon, if it may.
    func receive(
        _ slot: Int, _ damagedBit: Int, _ node: Node, _ daemon: Daemon, at local: Instant
    ) {
        let router = frames.router(slot)
        var bytes = frames.bytes(slot)
        let isIPv6 = bytes[FramePool.networkOffset] >> 4 == 6
        guard
            let link = node.kernel.link, link.isUsable,
            node.listening.contains(
                Node.Listening(interface: link.index, family: isIPv6 ? .ipv6 : .ipv4))
        else {
            emit(node.index, router, .missed(from: -1, .notListening))
            return
        }
        if damagedBit >= 0 {
            bytes[damagedBit / 8] ^= 1 << UInt8(damagedBit % 8)
            emit(node.index, router, .missed(from: -1, .damaged))
        }
        let datagram = unsafe bytes.span.bytes.extracting(droppingFirst: FramePool.networkOffset)
        guard let (header, place) = Self.readHeader(datagram, isIPv6: isIPv6) else { return }
        let message = datagram.extracting(place)
        if damagedBit < 0 {
            let start = FramePool.networkOffset + place.lowerBound
            let heard = HeardAdvertisement(
                source: header.source, priority: Priority(bytes[start + 2]),
                interval: Self.interval(of: bytes, at: start))
            let hearing = daemon.shadow.hear(
                router, heard, version: bytes[start] >> 4 == 2 ? .v2 : .v3,
                to: header.destination, at: local)
            if hearing != .discarded { daemon.heard[router] += 1 }
            if hearing == .obeyed {
                emit(
                    node.index, router,
                    .heard(
                        from: sender(header.source), priority: heard.priority.rawValue,
                        interval: heard.interval.nanosecondsRoundedUp))
            }
        }
        daemon.engine.receive(message, header: header, interface: link.index, at: local)
        perhapsSolicit(node, daemon, on: link.index, at: local)
    }

    /// What the kernel reads of a datagram before it hands it on, and where the message is; nil if
    /// it keeps it for itself.
    private static func readHeader(
        _ datagram: RawSpan, isIPv6: Bool
    ) -> (DatagramHeader, Range<Int>)? {
        do throws(DiscardReason) {
            if isIPv6 {
                let header = try IPv6Header(decoding: datagram)
                guard header.nextHeader == IPProtocolNumber.vrrp else { return nil }
                return (
                    DatagramHeader(
                        source: .v6(header.source), destination: .v6(header.destination),
                        hopLimit: header.hopLimit),
                    IPv6Header.byteCount..<IPv6Header.byteCount + header.payloadLength
                )
            }
            let header = try IPv4Header(decoding: datagram)
            guard header.protocolNumber == IPProtocolNumber.vrrp else { return nil }
            return (
                DatagramHeader(
                    source: .v4(header.source), destination: .v4(header.destination),
                    hopLimit: header.timeToLive), header.headerByteCount..<header.totalLength
            )
        } catch {
            return nil
        }
    }

    /// Version 3: 12 bits of centiseconds at 4. Version 2: seconds at 5.
    private static func interval(of bytes: [UInt8], at start: Int) -> Duration {
        guard bytes.count > start + 5 else { return .zero }
        if bytes[start] >> 4 == 2 { return .seconds(bytes[start + 5]) }
        return .milliseconds(10 * (Int(bytes[start + 4] & 0x0f) << 8 | Int(bytes[start + 5])))
    }

    private func sender(_ source: IPAddress) -> Int {
        nodes.firstIndex { $0.kernel.own.contains { $0.address == source } } ?? -1
    }
}
