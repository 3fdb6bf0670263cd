// The authentication trailer (draft-cassen-vrrp-auth-hmac): the bytes of the draft's appendix and of
// a recorded frame. The tags were computed elsewhere, with the key 00…1f; here only the bytes that
// are hashed are compared.

import Testing
import VRRPWire

private let source4 = IPAddress.v4(IPv4Address(198, 51, 100, 10))
private let source6 = IPAddress.v6(IPv6Address(high: 0xfe80 << 48, low: 0x10))
private let peer6 = IPAddress.v6(IPv6Address(high: 0xfe80 << 48, low: 0x20))
private let stamp = AuthenticationTrailer.Stamp(rawValue: 0x6800_0000_8000_0000)

/// The draft's two messages: VRID 51, priority 200, one address.
private let message4 =
    "3133c80100644402c0000264" + "01010000" + "6800000080000000"
    + "1b84bc4e8e43892dc6d98448f8ee2265"
private let message6 =
    "3133c8010064a2e9fe800000000000000000000000000100" + "01010000" + "6800000080000000"
    + "c8c56146ebfd66ee10ec4d8186461b78"

private func tag(_ text: String) throws -> AuthenticationTrailer.Tag {
    try #require(AuthenticationTrailer.Tag(bytes(text)))
}

@Suite("Authentication trailer")
struct TrailerTests {
    private func advertisement(_ address: IPAddress) throws -> Advertisement {
        Advertisement(
            vrid: try #require(VirtualRouterID(51)), priority: Priority(200), addresses: [address])
    }

    private let datagram4 = DatagramHeader(
        source: source4, destination: .vrrpGroup(.ipv4), hopLimit: 255)
    private let datagram6 = DatagramHeader(source: source6, destination: peer6, hopLimit: 255)

    @Test("the draft's IPv4 message is decoded, and built again")
    func appendix4() throws {
        let message = bytes(message4)
        let header = try AdvertisementHeader(
            bytes: message, header: datagram4, acceptsTrailer: true)
        #expect(header.hasTrailer)
        #expect(header.checksumForm == .rfc9568)
        let trailer = try #require(try header.trailer(in: message))
        #expect(trailer.keyID == 1)
        #expect(trailer.stamp == stamp)
        #expect(trailer.stamp.seconds == 0x6800_0000)
        #expect(trailer.stamp.fraction == 0x8000)
        #expect(trailer.stamp.counter == 0)
        #expect(trailer.tag == (try tag("1b84bc4e8e43892dc6d98448f8ee2265")))
        #expect(
            hexadecimal(trailer.authenticatedBytes(of: message, source: source4))
                // Family, version, VRID, zero, and the source in 16 bytes.
                == "04033300" + "c633640a000000000000000000000000"
                // The message with a checksum of zero.
                + "3133c80100640000c0000264"
                // The trailer with a tag of zero.
                + "01010000" + "6800000080000000" + "00000000000000000000000000000000")

        let address = IPAddress.v4(IPv4Address(192, 0, 2, 100))
        var frame = try #require(
            AdvertisementFrame(
                try advertisement(address), source: source4, reservesTrailer: true))
        #expect(frame.hasTrailer)
        let unsigned = AuthenticationTrailer(keyID: 1, stamp: stamp)
        #expect(
            frame.authenticatedBytes(for: unsigned)
                == trailer.authenticatedBytes(of: message, source: source4))
        frame.setTrailer(trailer)
        #expect(hexadecimal(Array(frame.bytes[frame.messageRange])) == message4)
    }

    @Test("the draft's IPv6 message: its checksum covers the trailer")
    func appendix6() throws {
        let message = bytes(message6)
        let header = try AdvertisementHeader(
            bytes: message, header: datagram6, acceptsTrailer: true)
        let trailer = try #require(try header.trailer(in: message))
        #expect(
            hexadecimal(trailer.authenticatedBytes(of: message, source: source6))
                == "06033300" + "fe800000000000000000000000000010"
                + "3133c80100640000fe800000000000000000000000000100"
                + "01010000" + "6800000080000000" + "00000000000000000000000000000000")

        let address = IPAddress.v6(IPv6Address(high: 0xfe80 << 48, low: 0x100))
        var frame = try #require(
            AdvertisementFrame(
                try advertisement(address), source: source6, to: .peer(peer6, .broadcast),
                reservesTrailer: true))
        // The reserved zeros are covered already, and any trailer can follow any other.
        let reserved = Array(frame.bytes[frame.messageRange])
        #expect(
            try AdvertisementHeader(bytes: reserved, header: datagram6, acceptsTrailer: true)
                .hasTrailer)
        frame.setTrailer(
            AuthenticationTrailer(
                keyID: 255, stamp: .init(rawValue: .max),
                tag: try tag("ffffffffffffffffffffffffffffffff")))
        let other = Array(frame.bytes[frame.messageRange])
        #expect(
            try AdvertisementHeader(bytes: other, header: datagram6, acceptsTrailer: true)
                .hasTrailer)
        frame.setTrailer(trailer)
        #expect(hexadecimal(Array(frame.bytes[frame.messageRange])) == message6)
        frame.setPriority(.leaving)
        frame.setTrailer(trailer)
        frame.setPriority(Priority(200))
        #expect(hexadecimal(Array(frame.bytes[frame.messageRange])) == message6)
    }

    @Test("v3-unicast-hmac-trailer, byte for byte")
    func recorded() throws {
        let recorded = bytes(try Vector.named("v3-unicast-hmac-trailer").frame)
        let ethernet = try EthernetHeader(bytes: recorded)
        let message = bytes(try #require(try Vector.named("v3-unicast-hmac-trailer").vrrp))
        let destination = IPAddress.v4(IPv4Address(192, 0, 2, 10))
        let datagram = DatagramHeader(source: source4, destination: destination, hopLimit: 255)
        let header = try AdvertisementHeader(
            bytes: message, header: datagram, acceptsTrailer: true)
        #expect(header.checksumForm == .rfc5798)
        let trailer = try #require(try header.trailer(in: message))
        #expect(trailer.stamp.rawValue == 0x684e_e180_0000_0001)
        var frame = try #require(
            AdvertisementFrame(
                try Advertisement(
                    decoding: message.span.bytes, header: datagram, acceptsTrailer: true),
                source: source4, to: .peer(destination, ethernet.destination),
                hardwareSource: ethernet.source, checksumForm: .rfc5798, reservesTrailer: true))
        frame.setTrailer(trailer)
        #expect(hexadecimal(frame.bytes) == hexadecimal(recorded))
    }

    @Test("M57, M67: who was not told discards it for its length; who was accepts 28 bytes or none")
    func exactLength() throws {
        for (text, datagram) in [(message4, datagram4), (message6, datagram6)] {
            let message = bytes(text)
            let bare = message.count - AuthenticationTrailer.byteCount
            #expect(throws: DiscardReason.length(expected: bare, actual: message.count)) {
                try AdvertisementHeader(bytes: message, header: datagram, acceptsTrailer: false)
            }
            #expect(throws: DiscardReason.length(expected: bare, actual: message.count)) {
                try decodeMessage(message, datagram)
            }
            for count in 8..<message.count where count != bare {
                #expect(throws: DiscardReason.length(expected: bare, actual: count)) {
                    try AdvertisementHeader(
                        bytes: Array(message[..<count]), header: datagram, acceptsTrailer: true)
                }
            }
            #expect(throws: DiscardReason.length(expected: bare, actual: message.count + 1)) {
                try AdvertisementHeader(
                    bytes: message + [0], header: datagram, acceptsTrailer: true)
            }
        }
        let plain = bytes("3133c80100644402c0000264")
        let header = try AdvertisementHeader(
            bytes: plain, header: datagram4, acceptsTrailer: true)
        #expect(!header.hasTrailer)
        #expect(try header.trailer(in: plain) == nil)
    }

    @Test("every flipped bit is in the checksum or in what is hashed, or malformed")
    func singleBitFlips() throws {
        for (text, datagram) in [(message4, datagram4), (message6, datagram6)] {
            let message = bytes(text)
            let header = try AdvertisementHeader(
                bytes: message, header: datagram, acceptsTrailer: true)
            let good = try #require(try header.trailer(in: message))
            let hashed = good.authenticatedBytes(of: message, source: datagram.source)
            forEachFlippedBit(of: message) { bit, damaged in
                guard
                    let header = try? AdvertisementHeader(
                        bytes: damaged, header: datagram, acceptsTrailer: true),
                    let trailer = try? header.trailer(in: damaged)
                else { return }
                // Only IPv4's trailer gets past the checksum.
                #expect(datagram == datagram4 && bit >= 12 * 8, "bit \(bit)")
                let other = trailer.authenticatedBytes(of: damaged, source: datagram.source)
                #expect(other != hashed || trailer.tag != good.tag, "bit \(bit)")
            }
        }
    }

    @Test("malformed trailers have a reason")
    func malformed() throws {
        let message = bytes(message4)
        let start = message.count - AuthenticationTrailer.byteCount
        func refusal(_ change: (inout [UInt8]) -> Void) -> AuthenticationTrailerError? {
            var message = message
            change(&message)
            do {
                _ = try AuthenticationTrailer(endOf: message)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0[start] = 2 } == .type(2))
        #expect(refusal { $0[start + 2] = 1 } == .reserved(256))
        for count in 0..<28 {
            #expect(refusal { $0 = [UInt8](repeating: 0, count: count) } == .truncated(count))
        }
        // Total even for what is no message.
        let trailer = AuthenticationTrailer(keyID: 7, stamp: stamp)
        for count in 0...40 {
            let noise = [UInt8](repeating: 0xff, count: count)
            let hashed = trailer.authenticatedBytes(of: noise, source: source6)
            #expect(hashed.count == 20 + max(count - 28, 0) + 28)
        }
    }

    @Test("nothing is stored outside of the buffer, nor in a message without room")
    func storedOutside() {
        let buffer = [UInt8](repeating: 7, count: 50)
        let trailer = AuthenticationTrailer(keyID: 1, stamp: stamp)
        for range in [-1..<40, 15..<51, 0..<35, 50..<50, 0..<0, 100..<200, 0..<Int.max] {
            var other = buffer
            trailer.store(inMessageAt: range, of: &other, family: .ipv6)
            #expect(other == buffer)
        }
    }

    @Test("stamps: from a clock, in order, across the end of 32 bits")
    func stamps() {
        typealias Stamp = AuthenticationTrailer.Stamp
        #expect(Stamp(unixTime: .zero).rawValue == 0)
        #expect(Stamp(unixTime: .milliseconds(1500), counter: 3).rawValue == 0x1_8000_0003)
        #expect(
            Stamp(unixTime: .seconds(1) - .nanoseconds(1)).rawValue == 0xffff_0000)
        #expect(Stamp(unixTime: .milliseconds(-500)).rawValue == 0xffff_ffff_8000_0000)
        #expect(Stamp(unixTime: .seconds(Int64(1) << 32)).rawValue == 0)
        _ = Stamp(unixTime: .seconds(Int64.min))
        _ = Stamp(unixTime: .seconds(Int64.min) - .nanoseconds(1))
        _ = Stamp(unixTime: .seconds(Int64.max))
        let stamp = Stamp(rawValue: .max)
        #expect(stamp.successor.rawValue == 0)
        #expect(stamp.successor.isAfter(stamp))
        #expect(!stamp.isAfter(stamp.successor))
        #expect(!stamp.isAfter(stamp))
    }

    @Test("tags: 16 bytes of a longer digest, compared as a whole")
    func tags() throws {
        #expect(AuthenticationTrailer.Tag([UInt8](repeating: 1, count: 15)) == nil)
        #expect(AuthenticationTrailer.Tag([UInt8](repeating: 0, count: 32)) == .zero)
        let digest = (0..<32).map { UInt8($0) }
        let tag = try #require(AuthenticationTrailer.Tag(digest))
        var trailer: [UInt8] = []
        AuthenticationTrailer(keyID: 9, stamp: stamp, tag: tag).append(to: &trailer)
        #expect(trailer == bytes("010900006800000080000000") + digest.prefix(16))
        #expect(try AuthenticationTrailer(endOf: trailer).tag == tag)
        forEachFlippedBit(of: Array(digest.prefix(16))) { _, damaged in
            #expect(AuthenticationTrailer.Tag(damaged) != tag)
        }
    }
}
