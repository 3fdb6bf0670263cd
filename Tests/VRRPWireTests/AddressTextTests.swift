// The texts of addresses: what is read, what is refused, what is written (RFC 4291, RFC 5952).

import Testing
import VRRPWire

@Suite("Texts of addresses")
struct AddressTextTests {
    @Test(
        "IPv4 texts are read and written alike",
        arguments: ["0.0.0.0", "192.0.2.1", "255.255.255.255", "10.0.100.9", "224.0.0.18"])
    func ipv4(text: String) throws {
        #expect(try #require(IPv4Address(text)).description == text)
        #expect(try #require(IPAddress(text)).description == text)
    }

    @Test(
        "bad IPv4 texts",
        arguments: [
            "", ".", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "1..2.3",
            "256.0.0.1", "1.2.3.256", "1.2.3.999", "1.2.3.1000", "01.2.3.4", "1.2.3.04", "1.2.3.00",
            "+1.2.3.4", "-1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "0x1.2.3.4", "a.b.c.d",
            "1.2.3.４", "1.2.3.4/24", "1,2,3,4",
        ])
    func badIPv4(text: String) {
        #expect(IPv4Address(text) == nil)
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "IPv6 texts are written as RFC 5952 asks",
        arguments: [
            ("::", "::"), ("0:0:0:0:0:0:0:0", "::"), ("::1", "::1"), ("1::", "1::"),
            // §4.1 leading zeros, §4.3 lower case
            ("2001:0db8::0001", "2001:db8::1"), ("2001:DB8::ABCD", "2001:db8::abcd"),
            // §4.2.1 as short as possible
            ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"), ("2001:db8::0:1", "2001:db8::1"),
            // §4.2.2 never for one group only
            ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            // §4.2.3 the longest run, the first of equals
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("1:0:0:2:0:0:0:0", "1:0:0:2::"), ("0:0:1:0:0:0:0:1", "0:0:1::1"),
            // §5 mapped addresses
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("::ffff:c000:201", "::ffff:192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
            (
                "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
            ),
            ("fe80::1:1", "fe80::1:1"), ("ff02::12", "ff02::12"),
        ])
    func ipv6(text: String, written: String) throws {
        let address = try #require(IPv6Address(text))
        #expect(address.description == written)
        #expect(IPv6Address(written) == address)
        #expect(IPAddress(text) == .v6(address))
    }

    @Test(
        "bad IPv6 texts",
        arguments: [
            "", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
            "1:::2", ":1::2", "1::2:", "1:2:3:4::5:6:7:8", "::1:2:3:4:5:6:7:8", "12345::", "g::",
            "fe80::1%eth0", "::1 ", " ::1", "[::1]", "::1/64", "1.2.3.4::", "::1.2.3.4:5",
            "::1.2.3",
            "::1.2.3.256", "::01.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::ffff:1.2.3.4.", "+1::", "::-1",
            "::１", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
        ])
    func badIPv6(text: String) {
        #expect(IPv6Address(text) == nil)
        #expect(IPAddress(text) == nil)
    }

    @Test("every number survives its text")
    func textRoundTrips() {
        var generator = SeededGenerator(state: 5952)
        for _ in 0..<2_000 {
            // Many zero groups, so that the runs meet in every way.
            let mask = UInt16.random(in: 0...255, using: &generator)
            var groups = [8 of UInt16](repeating: 0)
            for index in 0..<8 where mask >> UInt16(index) & 1 == 1 {
                groups[index] = UInt16.random(in: 1...0xffff, using: &generator)
            }
            let address = IPv6Address(groups: groups)
            #expect(IPv6Address(address.description) == address)
            let four = IPv4Address(rawValue: UInt32.random(in: 0...(.max), using: &generator))
            #expect(IPv4Address(four.description) == four)
            let mac = MACAddress(rawValue: UInt64.random(in: 0...(.max), using: &generator))
            #expect(MACAddress(mac.description) == mac)
        }
    }

    @Test("MAC addresses")
    func macAddresses() throws {
        let vrid = try #require(VirtualRouterID(51))
        #expect(MACAddress.virtualRouter(vrid, .ipv4).description == "00:00:5e:00:01:33")
        #expect(MACAddress.virtualRouter(vrid, .ipv6).description == "00:00:5e:00:02:33")
        #expect(MACAddress.multicast(.vrrpGroup(.ipv4)).description == "01:00:5e:00:00:12")
        #expect(MACAddress.multicast(.vrrpGroup(.ipv6)).description == "33:33:00:00:00:12")
        let group = IPAddress.v4(IPv4Address(239, 255, 1, 2))
        #expect(MACAddress.multicast(group).description == "01:00:5e:7f:01:02")
        #expect(MACAddress("FF:ff:Ff:fF:ff:ff") == .broadcast)
        #expect(MACAddress(rawValue: .max) == .broadcast)
        for text in [
            "", "00:00:5e:00:01", "00:00:5e:00:01:33:44", "0:0:5e:0:1:33", "00-00-5e-00-01-33",
            "00:00:5e:00:01:3g", "00:00:5e:00:01:", ":00:5e:00:01:33", "000:0:5e:00:01:33",
            "00:00:5e:00:01:33 ", "00005e000133",
        ] {
            #expect(MACAddress(text) == nil, "\(text)")
        }
    }

    @Test("addresses with a prefix")
    func prefixes() throws {
        for text in [
            "192.0.2.1/24", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::1/64", "::/0", "::1/128",
        ] {
            #expect(try #require(InterfaceAddress(text)).description == text)
        }
        for text in [
            "", "/", "192.0.2.1", "192.0.2.1/", "/24", "192.0.2.1/33", "192.0.2.1/-1",
            "192.0.2.1/+24", "192.0.2.1/024", "192.0.2.1/24/24", "192.0.2.1/ 24", "192.0.2.1/a",
            "::1/129", "::1/256", "::1/9999999999999999999999",
        ] {
            #expect(InterfaceAddress(text) == nil, "\(text)")
        }
    }

    @Test("order is that of unsigned numbers, IPv4 first")
    func order() throws {
        let texts = [
            "0.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255", "::",
            "::ffff:ffff:ffff:ffff", "0:0:0:1::", "8000::", "ffff::",
        ]
        let addresses = try texts.map { try #require(IPAddress($0)) }
        #expect(addresses.reversed().sorted() == addresses)
    }

    @Test("kinds of addresses")
    func kinds() throws {
        func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
        #expect(try address("fe80::1").isLinkLocal && address("febf::1").isLinkLocal)
        #expect(try !address("fec0::1").isLinkLocal && !address("fe7f::1").isLinkLocal)
        #expect(try address("169.254.0.1").isLinkLocal && !address("169.255.0.1").isLinkLocal)
        #expect(try address("224.0.0.18").isMulticast && address("ff02::12").isMulticast)
        #expect(try !address("240.0.0.0").isMulticast && !address("fe80::1").isMulticast)
    }
}
