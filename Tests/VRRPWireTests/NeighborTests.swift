// ARP and Neighbor Discovery against recorded frames, and what must not be believed.

import Testing
import VRRPWire

private let virtual4 = MACAddress(rawValue: 0x0000_5e00_0101)
private let virtual6 = MACAddress(rawValue: 0x0000_5e00_0201)
private let host = MACAddress(rawValue: 0x0200_0000_0099)
private let hostAddress = IPv6Address(high: 0xfe80 << 48, low: 0x99)
private let global = IPv6Address(high: 0x2001_0db8_0001_0000, low: 1)
private let linkLocal = IPv6Address(high: 0xfe80 << 48, low: 0x1_0001)

@Suite("ARP and Neighbor Discovery")
struct NeighborTests {
    private func ipv6(_ frame: [UInt8]) throws -> (message: [UInt8], header: IPv6Header) {
        let datagram = Array(frame[14...])
        let header = try IPv6Header(bytes: datagram)
        return (Array(datagram[header.payloadRange]), header)
    }

    private func padded(_ frame: [UInt8]) -> [UInt8] {
        frame + [UInt8](repeating: 0, count: max(0, 60 - frame.count))
    }

    @Test(
        "announcements",
        arguments: [
            ("garp-rfc9568", IPAddress.v4(IPv4Address(192, 0, 2, 1)), virtual4),
            ("una-global", .v6(global), virtual6), ("una-linklocal", .v6(linkLocal), virtual6),
        ])
    func announcements(name: String, address: IPAddress, hardwareAddress: MACAddress) throws {
        var frame: [UInt8] = []
        AddressAnnouncement.append(
            for: address, hardwareAddress: hardwareAddress, isRouter: true, to: &frame)
        let recorded = try Vector.named(name).frame
        #expect(hexadecimal(frame) == recorded)
        // A second one goes behind the first, which stays as it is.
        AddressAnnouncement.append(
            for: address, hardwareAddress: hardwareAddress, isRouter: true, to: &frame)
        #expect(hexadecimal(frame) == recorded + recorded)
    }

    @Test("arp-request-host and arp-reply-expected")
    func arp() throws {
        let request = bytes(try Vector.named("arp-request-host").frame)
        let packet = try ARPPacket(bytes: request[14...])
        #expect(
            packet
                == ARPPacket(
                    operation: .request, senderHardwareAddress: host,
                    senderAddress: IPv4Address(192, 0, 2, 99), targetHardwareAddress: .zero,
                    targetAddress: IPv4Address(192, 0, 2, 1)))
        var frame: [UInt8] = []
        EthernetHeader(destination: .broadcast, source: host, etherType: EtherType.arp)
            .append(to: &frame)
        packet.append(to: &frame)
        #expect(padded(frame) == request)

        frame = []
        EthernetHeader(destination: host, source: virtual4, etherType: EtherType.arp)
            .append(to: &frame)
        let reply = packet.reply(hardwareAddress: virtual4)
        reply.append(to: &frame)
        #expect(hexadecimal(padded(frame)) == (try Vector.named("arp-reply-expected").frame))
        #expect(try ARPPacket(bytes: frame[14...]) == reply)
    }

    @Test("ARP for other networks, other operations and short packets is refused")
    func badARP() throws {
        let good = Array(bytes(try Vector.named("arp-request-host").frame)[14..<42])
        func expect(_ error: NeighborMessageError, _ packet: [UInt8]) {
            #expect(throws: error) { try ARPPacket(bytes: packet) }
        }
        for count in 0..<28 { expect(.truncated(count), Array(good[..<count])) }
        for index in 0..<6 {
            var packet = good
            packet[index] ^= 1
            expect(.notIPv4OverEthernet, packet)
        }
        var reverse = good
        reverse[7] = 3
        expect(.operation(3), reverse)
    }

    @Test("ns-host and na-reply-expected")
    func neighbors() throws {
        let solicited = bytes(try Vector.named("ns-host").frame)
        let (message, header) = try ipv6(solicited)
        let solicitation = try NeighborSolicitation(bytes: message, header: header.datagramHeader)
        #expect(
            solicitation == NeighborSolicitation(target: global, sourceLinkLayerAddress: host))
        #expect(header.destination == global.solicitedNodeGroup)
        var frame: [UInt8] = []
        EthernetHeader(
            destination: .multicast(.v6(header.destination)), source: host,
            etherType: EtherType.ipv6
        ).append(to: &frame)
        solicitation.append(to: &frame, source: hostAddress, destination: header.destination)
        #expect(frame == solicited)

        frame = []
        EthernetHeader(destination: host, source: virtual6, etherType: EtherType.ipv6)
            .append(to: &frame)
        let answer = NeighborAdvertisement(
            isRouter: true, isSolicited: true, overrides: true, target: global,
            targetLinkLayerAddress: virtual6)
        answer.append(to: &frame, source: global, destination: hostAddress)
        #expect(hexadecimal(frame) == (try Vector.named("na-reply-expected").frame))
        let (again, outer) = try ipv6(frame)
        #expect(
            try NeighborAdvertisement(bytes: again, header: outer.datagramHeader)
                == answer)
    }

    @Test("ra-virtual-router: the kernel's or radvd's to send; its envelope is built as ours is")
    func routerAdvertisement() throws {
        let recorded = bytes(try Vector.named("ra-virtual-router").frame)
        let (message, header) = try ipv6(recorded)
        #expect(header.source == linkLocal)
        #expect(message.first == 134)
        var frame: [UInt8] = []
        EthernetHeader(
            destination: .multicast(.v6(.allNodes)), source: virtual6, etherType: EtherType.ipv6
        ).append(to: &frame)
        IPv6Header(
            source: linkLocal, destination: .allNodes, nextHeader: IPProtocolNumber.icmpv6,
            trafficClass: TrafficClass.routine, payloadByteCount: message.count
        ).append(to: &frame)
        #expect(frame + message == recorded)
        var checksum = InternetChecksum()
        checksum.add(message)
        checksum.addPseudoHeader(
            source: .v6(linkLocal), destination: .v6(.allNodes),
            protocolNumber: IPProtocolNumber.icmpv6, length: message.count)
        #expect(checksum.value == 0)
        #expect(throws: NeighborMessageError.type(134)) {
            try NeighborAdvertisement(bytes: message, header: header.datagramHeader)
        }
    }

    @Test("every flipped bit and every truncation of a solicitation is refused")
    func damagedSolicitation() throws {
        let (message, outer) = try ipv6(bytes(Vector.named("ns-host").frame))
        let header = outer.datagramHeader
        func refused(_ message: [UInt8]) -> Bool {
            (try? NeighborSolicitation(bytes: message, header: header)) == nil
        }
        #expect(!refused(message))
        for bit in 0..<message.count * 8 {
            var damaged = message
            damaged[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            #expect(refused(damaged), "bit \(bit)")
        }
        for count in 0..<message.count { #expect(refused(Array(message[..<count]))) }
        var far = header
        far.hopLimit = 254
        #expect(throws: NeighborMessageError.hopLimit(254)) {
            try NeighborSolicitation(bytes: message, header: far)
        }
    }

    @Test("RFC 4861 §7.1: code, target, options and the contradictions")
    func invalidNeighborMessages() throws {
        let (good, outer) = try ipv6(bytes(Vector.named("ns-host").frame))
        func refusal(
            _ header: DatagramHeader, _ change: (inout [UInt8]) -> Void
        ) -> NeighborMessageError? {
            var message = good
            change(&message)
            message.store(bigEndian: 0, at: 2)
            var checksum = InternetChecksum()
            checksum.add(message)
            checksum.addPseudoHeader(
                source: header.source, destination: header.destination,
                protocolNumber: IPProtocolNumber.icmpv6, length: message.count)
            message.store(bigEndian: checksum.value, at: 2)
            do {
                _ = try NeighborSolicitation(bytes: message, header: header)
                return nil
            } catch {
                return error
            }
        }
        let header = outer.datagramHeader
        #expect(refusal(header) { _ in } == nil)
        #expect(refusal(header) { $0[0] = 136 } == .type(136))
        #expect(refusal(header) { $0[1] = 1 } == .code(1))
        #expect(refusal(header) { $0[8] = 0xff } == .multicastTarget)
        #expect(refusal(header) { $0[25] = 0 } == .malformedOptions)
        #expect(refusal(header) { $0[25] = 2 } == .malformedOptions)
        #expect(refusal(header) { $0 += [14, 1] } == .malformedOptions)
        // A nonce (RFC 3971) is skipped.
        #expect(refusal(header) { $0 += [14, 1, 1, 2, 3, 4, 5, 6] } == nil)
        // Duplicate address detection: from nowhere, to the group, without a link-layer address.
        var nowhere = header
        nowhere.source = .v6(.any)
        #expect(refusal(nowhere) { _ in } == .contradiction)
        #expect(refusal(nowhere) { $0.removeLast(8) } == nil)
        nowhere.destination = .v6(.allNodes)
        #expect(refusal(nowhere) { $0.removeLast(8) } == .contradiction)

        var datagram: [UInt8] = []
        NeighborAdvertisement(
            isRouter: false, isSolicited: true, overrides: false, target: global,
            targetLinkLayerAddress: nil
        ).append(to: &datagram, source: global, destination: .allNodes)
        let all = DatagramHeader(
            source: .v6(global), destination: .v6(.allNodes), hopLimit: 255)
        #expect(throws: NeighborMessageError.contradiction) {
            try NeighborAdvertisement(bytes: datagram[40...], header: all)
        }
    }
}
