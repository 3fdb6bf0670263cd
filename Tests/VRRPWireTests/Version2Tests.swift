// Text authentication of version 2 (RFC 2338 §5.3.6, §5.3.10; RFC 2787's three reasons), and version
// 2 beside version 3 (RFC 9568 §8.4.2).

import Testing
import VRRPWire

private typealias Authentication = Advertisement.Authentication

@Suite("Version 2")
struct Version2Tests {
    @Test("a password of 1…8 bytes is filled up with zeros")
    func passwords() {
        #expect(Authentication(text: "secret12")?.data == 0x7365_6372_6574_3132)
        #expect(Authentication(text: "a")?.data == 0x6100_0000_0000_0000)
        #expect(Authentication(text: "ä")?.data == 0xc3a4_0000_0000_0000)
        #expect(Authentication(text: "a")?.type == 1)
        for text in ["", "secret123", "ääääa", "a\0", "\0"] {
            #expect(Authentication(text: text) == nil)
        }
    }

    @Test("v2-auth-simple is built from its password, byte for byte")
    func golden() throws {
        let recorded = try decodeFrame(bytes(Vector.named("v2-auth-simple").frame))
        var advertisement = recorded.advertisement
        #expect(advertisement.authentication == Authentication(text: "secret12"))
        advertisement.authentication = Authentication(text: "secret12")
        let frame = try #require(
            AdvertisementFrame(advertisement, source: recorded.datagram.source))
        #expect(hexadecimal(frame.bytes) == (try Vector.named("v2-auth-simple").frame))
    }

    @Test("V1…V3: type unknown, another type, another password are told apart")
    func reasons() throws {
        func check(_ name: String, _ expected: Authentication?) throws -> DiscardReason? {
            let message = bytes(try #require(try Vector.named(name).vrrp))
            let header = try decodeFrame(bytes(Vector.named(name).frame)).header
            do throws(DiscardReason) {
                try header.checkAuthentication(expected, in: message)
                return nil
            } catch {
                return error
            }
        }
        let ours = try #require(Authentication(text: "secret12"))
        #expect(try check("v2-auth-simple", ours) == nil)
        #expect(
            try check("v2-auth-simple", Authentication(text: "secret1")) == .authenticationFailure)
        #expect(try check("v2-auth-simple", nil) == .authenticationTypeMismatch(1))
        #expect(try check("v2-basic", ours) == .authenticationTypeMismatch(0))
        #expect(try check("v2-basic", nil) == nil)
        #expect(try check("v2-auth-unknown", ours) == .authenticationType(3))
        #expect(try check("v2-auth-unknown", nil) == .authenticationType(3))
        // Version 3 has none.
        #expect(try check("v3-basic-rfc9568", ours) == nil)
        // A span that ends early has no password.
        let header = try decodeFrame(bytes(Vector.named("v2-auth-simple").frame)).header
        #expect(throws: DiscardReason.authenticationFailure) {
            try header.checkAuthentication(ours, in: [1, 2, 3])
        }
    }

    @Test("the data of type 0 are ignored, and any bit of a password counts")
    func data() throws {
        let ours = try #require(Authentication(text: "secret12"))
        for bit in 0..<64 { #expect(!ours.matches(ours.data ^ 1 << UInt64(bit))) }
        #expect(ours.matches(ours.data))

        let datagram = DatagramHeader(
            source: .v4(IPv4Address(192, 0, 2, 2)), destination: .vrrpGroup(.ipv4), hopLimit: 255)
        let message = Advertisement(
            version: .v2, vrid: try #require(VirtualRouterID(1)),
            addresses: [.v4(IPv4Address(192, 0, 2, 1))],
            authentication: Authentication(type: 0, data: 0xdead)
        ).encoded(
            source: datagram.source, destination: datagram.destination, checksumForm: .rfc9568)
        let header = try decodeMessage(message, datagram).header
        try header.checkAuthentication(nil, in: message)
        try header.checkAuthentication(Authentication(type: 0, data: 0), in: message)
    }

    @Test("a password is not printed")
    func secret() throws {
        let advertisement = Advertisement(
            version: .v2, vrid: try #require(VirtualRouterID(1)), addresses: [],
            authentication: Authentication(text: "a"))
        #expect(!"\(advertisement)".contains("\(0x6100_0000_0000_0000 as UInt64)"))
        #expect("\(advertisement)".contains("authentication type 1"))
    }

    @Test(
        "M97: Adver Int is max(1, round(cs / 100))",
        arguments: [
            (Duration.milliseconds(10), 1), (.milliseconds(100), 1), (.milliseconds(490), 1),
            (.milliseconds(500), 1), (.seconds(1), 1), (.milliseconds(1490), 1),
            (.milliseconds(1500), 2), (.milliseconds(2490), 2), (.milliseconds(2500), 3),
            (.milliseconds(40_950), 41), (.seconds(300), 41), (.zero, 1), (.seconds(-1), 1),
        ])
    func intervals(interval: Duration, expected: Int) throws {
        #expect(Advertisement.version2Interval(for: interval) == .seconds(expected))
        let three = Advertisement(
            vrid: try #require(VirtualRouterID(1)), priority: Priority(7),
            maxAdvertiseInterval: interval, addresses: [.v4(IPv4Address(192, 0, 2, 1))])
        let two = three.inVersion2(authentication: Authentication(text: "x"))
        #expect(
            two
                == Advertisement(
                    version: .v2, vrid: three.vrid, priority: Priority(7),
                    maxAdvertiseInterval: .seconds(expected), addresses: three.addresses,
                    authentication: Authentication(text: "x")))
    }

    @Test("every interval of version 3")
    func everyInterval() {
        for centiseconds in 1...4095 {
            let seconds = max(1, (Double(centiseconds) / 100).rounded())
            #expect(
                Advertisement.version2Interval(for: .milliseconds(10 * centiseconds))
                    == .seconds(Int(seconds)))
        }
    }
}
