// Golden datagrams, damaged: every bit, every length, and the checks one by one (RFC 9568 §7.1).

import Testing
import VRRPWire

private let golden: [(name: String, family: AddressFamily)] = [
    ("v2-basic", .ipv4), ("v2-three-addrs-owner", .ipv4), ("v2-auth-simple", .ipv4),
    ("v3-basic-rfc9568", .ipv4), ("v3-two-addrs-10cs-rfc9568", .ipv4), ("v3-basic-rfc5798", .ipv4),
    ("v3-unicast-rfc5798", .ipv4), ("v6-basic", .ipv6),
]

@Suite("Damaged packets")
struct DamageTests {
    @Test(
        "M58: every flipped bit of a datagram is noticed, or is one nobody reads", arguments: golden
    )
    func singleBitFlips(name: String, family: AddressFamily) throws {
        let datagram = bytes(try Vector.named(name).l3)
        let original = try decodeDatagram(datagram, family)
        for bit in 0..<datagram.count * 8 {
            var damaged = datagram
            damaged[bit / 8] ^= 0x80 >> UInt8(bit % 8)
            let survives = (try? decodeDatagram(damaged, family)) != nil
            // IPv4's own checksum covers the rest of its header. IPv6 has none: the traffic class
            // and the flow label, bits 4…31, are not covered by anything.
            let isUnread = family == .ipv6 && (4..<32).contains(bit)
            #expect(survives == isUnread, "bit \(bit)")
            if isUnread { #expect(try decodeDatagram(damaged, family) == original, "bit \(bit)") }
        }
    }

    @Test("M57: every truncation of a message has its reason", arguments: golden)
    func truncatedMessages(name: String, family: AddressFamily) throws {
        let vector = try Vector.named(name)
        let datagram = try decodeDatagram(bytes(vector.l3), family).datagram
        let message = bytes(try #require(vector.vrrp))
        for count in 0..<message.count {
            let reason: DiscardReason =
                count < 8
                ? .truncated(count) : .length(expected: message.count, actual: count)
            #expect(throws: reason) { try decodeMessage(Array(message[..<count]), datagram) }
        }
    }

    @Test("every truncation of a datagram is a malformed header", arguments: golden)
    func truncatedDatagrams(name: String, family: AddressFamily) throws {
        let datagram = bytes(try Vector.named(name).l3)
        for count in 0..<datagram.count {
            #expect(throws: DiscardReason.malformedIPHeader) {
                try decodeDatagram(Array(datagram[..<count]), family)
            }
        }
    }

    @Test("M67: bytes behind the list are an error, padding behind the datagram is not")
    func trailingBytes() throws {
        let vector = try Vector.named("v3-basic-rfc9568")
        let original = try decodeDatagram(bytes(vector.l3), .ipv4)
        let message = bytes(try #require(vector.vrrp))
        for extra in 1...16 {
            let padding = [UInt8](repeating: 0, count: extra)
            #expect(throws: DiscardReason.length(expected: 12, actual: 12 + extra)) {
                try decodeMessage(message + padding, original.datagram)
            }
            #expect(try decodeDatagram(bytes(vector.l3) + padding, .ipv4) == original)
        }
    }

    @Test("M17: reserved bits are ignored", arguments: 0...15)
    func reservedBits(bits: Int) throws {
        for name in ["v3-basic-rfc9568", "v3-basic-rfc5798", "v6-basic"] {
            let vector = try Vector.named(name)
            let original = try decodeFrame(bytes(vector.frame))
            var message = bytes(try #require(vector.vrrp))
            message[4] |= UInt8(bits << 4)
            let sent = mended(
                message, original.datagram, pseudoHeader: vector.cksum != "rfc9568")
            #expect(try decodeMessage(sent, original.datagram) == original)
        }
    }

    @Test("M68: IPv4 options are skipped, fragments refused")
    func optionsAndFragments() throws {
        let plain = bytes(try Vector.named("v2-basic").l3)
        let original = try decodeDatagram(plain, .ipv4)
        #expect(
            try decodeDatagram(
                withHeader(plain) { header in
                    header[0] = 0x46
                    header.store(bigEndian: UInt16(plain.count + 4), at: 2)
                    header += [0x94, 0x04, 0, 0]  // Router Alert (RFC 2113)
                }, .ipv4) == original)
        // Don't Fragment is no fragment; More Fragments and an offset are.
        #expect(try decodeDatagram(withHeader(plain) { $0[6] = 0x40 }, .ipv4) == original)
        for fragment: (Int, UInt8) in [(6, 0x20), (6, 0x01), (7, 0x01)] {
            #expect(throws: DiscardReason.malformedIPHeader) {
                try decodeDatagram(withHeader(plain) { $0[fragment.0] = fragment.1 }, .ipv4)
            }
        }
        for malformed: (Int, UInt8) in [(0, 0x44), (0, 0x55), (0, 0x65), (3, 19), (3, 41)] {
            #expect(throws: DiscardReason.malformedIPHeader) {
                try decodeDatagram(withHeader(plain) { $0[malformed.0] = malformed.1 }, .ipv4)
            }
        }
    }

    /// Changes a header of 20 bytes and puts its checksum right.
    private func withHeader(_ datagram: [UInt8], _ change: (inout [UInt8]) -> Void) -> [UInt8] {
        var header = Array(datagram[..<20])
        header.store(bigEndian: 0, at: 10)
        change(&header)
        var checksum = InternetChecksum()
        checksum.add(header)
        header.store(bigEndian: checksum.value, at: 10)
        return header + datagram[20...]
    }

    @Test("checks come in the order of the list")
    func order() throws {
        let v4 = try decodeFrame(bytes(Vector.named("v3-basic-rfc9568").frame)).datagram
        let v6 = try decodeFrame(bytes(Vector.named("v6-basic").frame)).datagram
        var far = v4
        far.hopLimit = 1
        // Everything is wrong with it; one after the other is put right.
        var message: [UInt8] = [0x42, 0, 100, 0, 0, 0, 0, 1]
        #expect(throws: DiscardReason.hopLimit(1)) { try decodeMessage([], far) }
        #expect(throws: DiscardReason.truncated(0)) { try decodeMessage([], v4) }
        #expect(throws: DiscardReason.version(4)) { try decodeMessage(message, v4) }
        message[0] = 0x22
        #expect(throws: DiscardReason.version(2)) { try decodeMessage(message, v6) }
        #expect(throws: DiscardReason.type(2)) { try decodeMessage(message, v4) }
        message[0] = 0x21
        #expect(throws: DiscardReason.length(expected: 16, actual: 8)) {
            try decodeMessage(message, v4)
        }
        message[0] = 0x31
        #expect(throws: DiscardReason.checksum) { try decodeMessage(message, v4) }
        message = mended(message, v4, pseudoHeader: false)
        #expect(throws: DiscardReason.unknownVRID(0)) { try decodeMessage(message, v4) }
        message[1] = 1
        message = mended(message, v4, pseudoHeader: false)
        #expect(throws: DiscardReason.addressCountZero) { try decodeMessage(message, v4) }
        message[3] = 1
        message = mended(message + [192, 0, 2, 1], v4, pseudoHeader: true)
        #expect(throws: DiscardReason.intervalZero) { try decodeMessage(message, v4) }
        // Only reserved bits are set: still zero.
        message[4] = 0xf0
        message = mended(message, v4, pseudoHeader: false)
        #expect(throws: DiscardReason.intervalZero) { try decodeMessage(message, v4) }
        message[5] = 1
        message = mended(message, v4, pseudoHeader: false)
        #expect(try decodeMessage(message, v4).header.maxAdvertiseInterval == .milliseconds(10))
        // M22: IPv4 addresses over IPv6.
        #expect(throws: DiscardReason.length(expected: 24, actual: 12)) {
            try decodeMessage(message, v6)
        }
    }

    @Test("if both forms match, it is that of RFC 9568")
    func bothForms() throws {
        // 0.0.0.0 to 255.255.255.131, protocol 112 and 12 bytes add up to 0xffff, which is nothing.
        let datagram = DatagramHeader(
            source: .v4(.any), destination: .v4(IPv4Address(255, 255, 255, 131)), hopLimit: 255)
        let vrid = try #require(VirtualRouterID(9))
        let sent = Advertisement(vrid: vrid, addresses: [.v4(IPv4Address(192, 0, 2, 1))])
        let message = sent.encoded(
            source: datagram.source, destination: datagram.destination, checksumForm: .rfc5798)
        #expect(try decodeMessage(message, datagram).header.checksumForm == .rfc9568)
    }

    @Test("any bytes become a value or a reason")
    func noise() {
        var generator = SeededGenerator(state: 9568)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...64, using: &generator)
            var noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Half of it looks like ours at first sight.
            if count > 0, Bool.random(using: &generator) {
                noise[0] = [0x21, 0x31, 0x45, 0x60].randomElement(using: &generator) ?? 0
            }
            for family in AddressFamily.allCases {
                let own = IPAddress.vrrpGroup(family)
                let datagram = DatagramHeader(source: own, destination: own, hopLimit: 255)
                _ = try? decodeMessage(noise, datagram)
                _ = try? decodeDatagram(noise, family)
                _ = try? NeighborSolicitation(bytes: noise, header: datagram)
                _ = try? NeighborAdvertisement(bytes: noise, header: datagram)
            }
            _ = try? decodeFrame(noise)
            _ = try? ARPPacket(bytes: noise)
        }
    }
}
