// Whole frames as the Active Router sends them (RFC 9568 §5.1, §7.2, §7.3), against the recorded
// ones.

import Testing
import VRRPWire

/// Every recorded advertisement that a correct router sends to the group or to a peer.
private let sent = [
    "v2-basic", "v2-prio200", "v2-three-addrs-owner", "v2-prio0", "v2-auth-simple",
    "v2-interval-mismatch", "v3-basic-rfc9568", "v3-prio200-rfc9568", "v3-prio0-rfc9568",
    "v3-two-addrs-10cs-rfc9568", "v3-equal-prio-higher-addr-rfc9568", "v3-basic-rfc5798",
    "v3-prio200-rfc5798", "v3-equal-prio-higher-addr-rfc5798", "v3-interval-1", "v3-unknown-vrid",
    "v3-unicast-rfc5798", "v6-basic", "v6-prio0",
]

@Suite("Frames")
struct FrameTests {
    @Test("M71: the virtual router's MAC address, and whose one is")
    func virtualRouterMAC() throws {
        for number: UInt8 in 1...255 {
            let vrid = try #require(VirtualRouterID(number))
            for family in AddressFamily.allCases {
                let virtual = VirtualRouterMAC(vrid, family)
                #expect(virtual.address == .virtualRouter(vrid, family))
                #expect(VirtualRouterMAC(virtual.address) == virtual)
            }
        }
        let address = try #require(MACAddress("00:00:5e:00:02:ff"))
        let last = try #require(VirtualRouterMAC(address))
        #expect(last.family == .ipv6)
        #expect(last.vrid.rawValue == 255)
        #expect("\(last)" == "00:00:5e:00:02:ff")
        for text in [
            "00:00:5e:00:01:00", "00:00:5e:00:02:00", "00:00:5e:00:00:01", "00:00:5e:00:03:01",
            "02:00:5e:00:01:01", "01:00:5e:00:01:01", "00:01:5e:00:01:01", "ff:ff:ff:ff:ff:ff",
        ] {
            #expect(VirtualRouterMAC(try #require(MACAddress(text))) == nil, "\(text)")
        }
    }

    @Test("M70: a built frame is the recorded one byte for byte", arguments: sent)
    func golden(name: String) throws {
        let recorded = bytes(try Vector.named(name).frame)
        let received = try decodeFrame(recorded)
        let ethernet = try EthernetHeader(bytes: recorded)
        let isGroup = received.datagram.destination == .vrrpGroup(received.header.family)
        let frame = try #require(
            AdvertisementFrame(
                received.advertisement, source: received.datagram.source,
                to: isGroup
                    ? .group : .peer(received.datagram.destination, ethernet.destination),
                // Without it, that of the virtual router.
                hardwareSource: isGroup ? nil : ethernet.source,
                checksumForm: received.header.checksumForm ?? .rfc9568))
        #expect(hexadecimal(frame.bytes) == hexadecimal(recorded))
        let message = Array(frame.bytes[frame.messageRange])
        #expect(hexadecimal(message) == (try Vector.named(name).vrrp))
        #expect(frame.bytes.count >= 60)
        #expect(!frame.hasTrailer)
        // Nothing is stored where there is no room.
        var other = frame
        other.setTrailer(AuthenticationTrailer(keyID: 1, stamp: .init(rawValue: 1)))
        #expect(other == frame)
        let trailer = AuthenticationTrailer(keyID: 1, stamp: .init(rawValue: 1))
        #expect(frame.authenticatedBytes(for: trailer).isEmpty)
    }

    @Test("only the priority is patched", arguments: sent)
    func patched(name: String) throws {
        let received = try decodeFrame(bytes(Vector.named(name).frame))
        let recipient: AdvertisementFrame.Recipient =
            received.datagram.destination.isMulticast
            ? .group : .peer(received.datagram.destination, .broadcast)
        func frame(_ priority: Priority) throws -> AdvertisementFrame {
            var advertisement = received.advertisement
            advertisement.priority = priority
            return try #require(
                AdvertisementFrame(
                    advertisement, source: received.datagram.source, to: recipient,
                    checksumForm: received.header.checksumForm ?? .rfc9568))
        }
        let template = try frame(.standard)
        for number in UInt8.min...UInt8.max {
            var patched = template
            patched.setPriority(Priority(number))
            #expect(patched == (try frame(Priority(number))))
            // And in a copy of the bytes, behind others.
            var outbox: [UInt8] = [9, 9, 9] + template.bytes
            Advertisement.setPriority(
                Priority(number), inMessageAt: 3 + template.messageRange.lowerBound, of: &outbox)
            #expect(outbox.dropFirst(3) == patched.bytes[...])
        }
    }

    @Test("prio0 is the basic frame with another priority")
    func leaving() throws {
        for (basic, leaving) in [
            ("v2-basic", "v2-prio0"), ("v3-basic-rfc9568", "v3-prio0-rfc9568"),
            ("v6-basic", "v6-prio0"),
        ] {
            let received = try decodeFrame(bytes(Vector.named(basic).frame))
            var frame = try #require(
                AdvertisementFrame(received.advertisement, source: received.datagram.source))
            frame.setPriority(.leaving)
            #expect(hexadecimal(frame.bytes) == (try Vector.named(leaving).frame))
        }
    }

    @Test("an 802.1Q tag counts towards the 60 bytes")
    func vlan() throws {
        let received = try decodeFrame(bytes(Vector.named("v3-basic-rfc9568").frame))
        let frame = try #require(
            AdvertisementFrame(
                received.advertisement, source: received.datagram.source, vlan: 100))
        #expect(
            hexadecimal(frame.bytes)
                // Ethernet: group, virtual MAC, tag of VLAN 100, IPv4.
                == "01005e000012" + "00005e000101" + "81000064" + "0800"
                // IPv4: TOS 0xc0, length 32, TTL 255, protocol 112.
                + "45c0002000000000ff701899" + "c0000202" + "e0000012"
                // The message, and padding.
                + "310164010064a897c0000201" + "00000000000000000000")
        #expect(frame.messageRange == 38..<50)
        #expect(try decodeFrame(frame.bytes) == received)
    }

    @Test("the longest message, and families that do not fit")
    func limits() throws {
        let vrid = try #require(VirtualRouterID(255))
        let four = IPAddress.v4(IPv4Address(192, 0, 2, 2))
        let six = IPAddress.v6(IPv6Address(high: 0xfe80 << 48, low: 2))
        let many = (0..<300).map { IPAddress.v6(IPv6Address(high: 0xfe80 << 48, low: $0)) }
        let long = try #require(
            AdvertisementFrame(Advertisement(vrid: vrid, addresses: many), source: six))
        #expect(long.bytes.count == 14 + 40 + 8 + 255 * 16)
        #expect(try decodeFrame(long.bytes).advertisement.addresses == Array(many.prefix(255)))
        let advertisement = Advertisement(vrid: vrid, addresses: [four])
        #expect(AdvertisementFrame(advertisement, source: four, to: .peer(six, .zero)) == nil)
        #expect(AdvertisementFrame(advertisement, source: six, to: .peer(four, .zero)) == nil)
        let old = Advertisement(version: .v2, vrid: vrid, addresses: [four])
        #expect(AdvertisementFrame(old, source: six) == nil)
        #expect(AdvertisementFrame(old, source: four) != nil)
    }
}
