// Router advertisements and their settings (RFC 4861 §4.2, §6; RFC 4191; RFC 8106).

import Foundation
import Testing
import VRRPWire

private let linkLocal = IPv6Address(high: 0xfe80 << 48, low: 0x1_0001)
private let host = IPv6Address(high: 0xfe80 << 48, low: 0x99)
private let hostMAC = MACAddress(rawValue: 0x0200_0000_0099)
private let network = IPv6Address(high: 0x2001_0db8_0001_0000, low: 0)
private let resolver = IPv6Address(high: 0x2001_0db8_0001_0000, low: 0x53)
private let toAll = DatagramHeader(
    source: .v6(linkLocal), destination: .v6(.allNodes), hopLimit: 255)

@Suite("Router advertisements")
struct RouterAdvertisementTests {
    private func virtualMAC() throws -> MACAddress {
        .virtualRouter(try #require(VirtualRouterID(1)), .ipv6)
    }

    /// The one that ra-virtual-router is.
    private func plain() throws -> RouterAdvertisement {
        RouterAdvertisement(
            lifetime: .seconds(1800), sourceLinkLayerAddress: try virtualMAC(),
            prefixes: [try #require(PrefixInformation(network, prefixLength: 64))])
    }

    /// One with everything.
    private func full() throws -> RouterAdvertisement {
        RouterAdvertisement(
            lifetime: .seconds(9000), currentHopLimit: 255, isManaged: true,
            hasOtherConfiguration: true, preference: .high, reachableTime: .seconds(30),
            retransmissionInterval: .milliseconds(1500),
            sourceLinkLayerAddress: try virtualMAC(), mtu: 1480,
            prefixes: [
                try #require(
                    PrefixInformation(
                        network, prefixLength: 64, isOnLink: false, validLifetime: .infinite,
                        preferredLifetime: .limited(.seconds(3600)))),
                try #require(
                    PrefixInformation(
                        IPv6Address(high: 0xfd00 << 48, low: .max), prefixLength: 48,
                        isAutonomous: false, preferredLifetime: .limited(.zero))),
            ],
            resolvers: [
                RecursiveResolvers(
                    addresses: [resolver, linkLocal], lifetime: .limited(.seconds(1800)))
            ])
    }

    @Test("M45: ra-virtual-router, byte for byte, there and back")
    func golden() throws {
        let recorded = bytes(try Vector.named("ra-virtual-router").frame)
        var frame: [UInt8] = []
        try plain().appendFrame(to: &frame, source: linkLocal, hardwareSource: virtualMAC())
        #expect(hexadecimal(frame) == hexadecimal(recorded))
        let header = try IPv6Header(bytes: Array(recorded[14...]))
        #expect(
            try RouterAdvertisement(bytes: recorded[54...], header: header.datagramHeader)
                == plain())

        // From what a router is told, the same.
        let settings = RouterAdvertisementSettings(prefixes: try plain().prefixes)
        #expect(settings.advertisement(hardwareAddress: try virtualMAC()) == (try plain()))
        var last = try plain()
        last.lifetime = .zero
        #expect(settings.ceasingAdvertisement(hardwareAddress: try virtualMAC()) == last)
    }

    @Test("one with everything, field by field, to the host that asked")
    func everything() throws {
        var frame: [UInt8] = []
        try full().appendFrame(
            to: &frame, source: linkLocal, hardwareSource: virtualMAC(),
            recipient: .host(host, hostMAC))
        let source = "fe800000000000000000000000010001"
        let destination = "fe800000000000000000000000000099"
        let fields =
            // Hop limit 255; M, O and the preference high; 9000 s; 30 000 ms; 1500 ms.
            "ff" + "c8" + "2328" + "00007530" + "000005dc"
            // Source link-layer address, MTU.
            + "010100005e000201" + "05010000000005c8"
            // A prefix: 64 bits, A; for ever, one hour.
            + "03044040" + "ffffffff" + "00000e10" + "00000000"
            + "20010db8000100000000000000000000"
            // Another: 48 bits, L; 30 days, nothing. What was behind the 48 bits is gone.
            + "03043080" + "00278d00" + "00000000" + "00000000"
            + "fd000000000000000000000000000000"
            // Two resolvers for 1800 s.
            + "19050000" + "00000708" + "20010db8000100000000000000000053" + source
        let message = mendedICMPv6(
            bytes("86000000" + fields),
            DatagramHeader(source: .v6(linkLocal), destination: .v6(host), hopLimit: 255))
        #expect(message.count == (try full().byteCount))
        #expect(
            hexadecimal(frame)
                == "020000000099" + "00005e000201" + "86dd" + "60000000" + "0088" + "3a" + "ff"
                + source + destination + hexadecimal(message))
    }

    @Test("round trips")
    func roundTrips() throws {
        var values = [try plain(), try full(), RouterAdvertisement(lifetime: .zero)]
        for preference in RouterPreference.allCases {
            var value = try full()
            value.preference = preference
            values.append(value)
        }
        for value in values {
            let message = value.datagram(from: linkLocal).dropFirst(40)
            #expect(try RouterAdvertisement(bytes: message, header: toAll) == value)
            #expect(message.count == value.byteCount)
        }
    }

    @Test("values that a field cannot say are brought to those that it can")
    func clamped() throws {
        func sent(_ value: RouterAdvertisement) throws -> RouterAdvertisement {
            let message = value.datagram(from: linkLocal).dropFirst(40)
            #expect(message.count <= RouterAdvertisement.maximumByteCount)
            return try RouterAdvertisement(bytes: message, header: toAll)
        }
        var value = RouterAdvertisement(lifetime: .seconds(-1), preference: .low)
        // Not a default router, so without a preference (RFC 4191 §2.2).
        #expect(try sent(value) == RouterAdvertisement(lifetime: .zero))
        for (duration, seconds) in [
            (Duration.milliseconds(1), 1), (.milliseconds(1499), 1), (.milliseconds(1500), 2),
            (.seconds(65_535), 65_535), (.seconds(70_000), 65_535), (.seconds(Int64.max), 65_535),
        ] {
            value.lifetime = duration
            #expect(try sent(value).lifetime == .seconds(seconds))
        }
        for (duration, milliseconds) in [
            (Duration.nanoseconds(1), 1), (.seconds(-1), 0), (.microseconds(2500), 3),
            (.seconds(4_294_967), 4_294_967_000), (.seconds(4_294_968), 4_294_967_295),
            (.seconds(Int64.max), 4_294_967_295),
        ] {
            value.reachableTime = duration
            value.retransmissionInterval = duration
            let received = try sent(value)
            #expect(received.reachableTime == .milliseconds(milliseconds))
            #expect(received.retransmissionInterval == .milliseconds(milliseconds))
        }
        // Infinity is a number of its own, and preferred never exceeds valid.
        for (valid, preferred, expected) in [
            (
                AdvertisedLifetime.limited(.seconds(Int64.max)), AdvertisedLifetime.infinite,
                AdvertisedLifetime.limited(.seconds(4_294_967_294))
            ),
            (.limited(.seconds(5)), .limited(.seconds(6)), .limited(.seconds(5))),
            (.infinite, .infinite, .infinite),
        ] {
            value.prefixes = [
                try #require(
                    PrefixInformation(
                        network, prefixLength: 64, validLifetime: valid,
                        preferredLifetime: preferred))
            ]
            #expect(try sent(value).prefixes.first?.preferredLifetime == expected)
        }
        // More than a datagram of 1280 bytes holds.
        value.prefixes = Array(repeating: value.prefixes[0], count: 100)
        value.resolvers = [
            RecursiveResolvers(addresses: [], lifetime: .infinite),
            RecursiveResolvers(
                addresses: Array(repeating: resolver, count: 300), lifetime: .infinite),
        ]
        #expect(value.byteCount > RouterAdvertisement.maximumByteCount)
        #expect(try sent(value).prefixes.count == 38)
        #expect(try sent(value).resolvers.isEmpty)
    }

    @Test("prefixes: the length's range, and the bits behind it")
    func prefixes() throws {
        let all = IPv6Address(high: .max, low: .max)
        #expect(PrefixInformation(all, prefixLength: -1) == nil)
        #expect(PrefixInformation(all, prefixLength: 129) == nil)
        for (length, text) in [
            (0, "::"), (1, "8000::"), (63, "ffff:ffff:ffff:fffe::"), (64, "ffff:ffff:ffff:ffff::"),
            (65, "ffff:ffff:ffff:ffff:8000::"),
            (128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            #expect(PrefixInformation(all, prefixLength: length)?.prefix == IPv6Address(text))
        }
        #expect(AdvertisedLifetime.limited(.seconds(Int64.max)) < .infinite)
        #expect(AdvertisedLifetime.limited(.zero) < .limited(.seconds(1)))
        #expect(!(AdvertisedLifetime.infinite < .infinite))
    }

    @Test("every flipped bit and every truncation is refused")
    func damaged() throws {
        for value in [try plain(), try full()] {
            let message = Array(value.datagram(from: linkLocal).dropFirst(40))
            forEachFlippedBit(of: message) { bit, damaged in
                #expect(
                    (try? RouterAdvertisement(bytes: damaged, header: toAll)) == nil, "bit \(bit)")
            }
            for count in 0..<message.count {
                #expect(
                    (try? RouterAdvertisement(bytes: message[..<count], header: toAll)) == nil)
                // With a checksum that is right, what is left may be whole options.
                let mended = mendedICMPv6(Array(message[..<count]), toAll)
                let read = try? RouterAdvertisement(bytes: mended, header: toAll)
                #expect((read != nil) == (count >= 16 && isBoundary(count, in: message)))
            }
        }
    }

    /// Whether an option ends there.
    private func isBoundary(_ offset: Int, in message: [UInt8]) -> Bool {
        var end = 16
        while end < offset { end += 8 * Int(message[end + 1]) }
        return end == offset
    }

    @Test("what gets past the checksum reads the same once written again")
    func mendedDamage() throws {
        let message = Array(try full().datagram(from: linkLocal).dropFirst(40))
        var survivors = 0
        forEachFlippedBit(of: message) { bit, damaged in
            let mended = mendedICMPv6(damaged, toAll)
            guard let read = try? RouterAdvertisement(bytes: mended, header: toAll) else { return }
            survivors += 1
            let again = try? RouterAdvertisement(
                bytes: read.datagram(from: linkLocal).dropFirst(40), header: toAll)
            #expect(again == read, "bit \(bit)")
        }
        #expect(survivors > 800)
    }

    @Test("RFC 4861 §6.1.2: hop limit, source, code, type, options")
    func invalid() throws {
        let good = Array(try plain().datagram(from: linkLocal).dropFirst(40))
        func refusal(
            _ header: DatagramHeader = toAll, _ change: (inout [UInt8]) -> Void
        ) -> NeighborMessageError? {
            var message = good
            change(&message)
            do {
                _ = try RouterAdvertisement(bytes: mendedICMPv6(message, header), header: header)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal { _ in } == nil)
        var far = toAll
        far.hopLimit = 254
        #expect(refusal(far) { _ in } == .hopLimit(254))
        var foreign = toAll
        foreign.source = .v6(resolver)
        #expect(refusal(foreign) { _ in } == .sourceNotLinkLocal)
        #expect(refusal { $0[0] = 133 } == .type(133))
        #expect(refusal { $0[1] = 1 } == .code(1))
        #expect(refusal { $0.removeLast($0.count - 15) } == .truncated(15))
        #expect(refusal { $0[17] = 0 } == .malformedOptions)
        #expect(refusal { $0[17] = 200 } == .malformedOptions)
        #expect(refusal { $0 += [1, 1, 0] } == .malformedOptions)
        // Options that we do not know, of another size, or that hosts ignore.
        func read(_ option: [UInt8]) throws -> RouterAdvertisement {
            try RouterAdvertisement(bytes: mendedICMPv6(good + option, toAll), header: toAll)
        }
        let unknown: [UInt8] = [24, 1, 0, 0, 0, 0, 0, 0]
        let prefix = Array(good[24...])
        var tooLong = prefix
        tooLong[2] = 129
        var contradictory = prefix
        contradictory[8] = 0xff
        let noResolver: [UInt8] = [25, 1, 0, 0, 0, 0, 0, 1]
        let halfResolver: [UInt8] = [25, 2] + [UInt8](repeating: 0, count: 14)
        let longMTU: [UInt8] = [5, 2] + [UInt8](repeating: 0, count: 14)
        for option in [unknown, tooLong, contradictory, noResolver, halfResolver, longMTU] {
            #expect(try read(option) == plain(), "\(option)")
        }
        // Of those that may stand there once the first one counts.
        #expect(try read([1, 1, 1, 2, 3, 4, 5, 6]) == plain())
        #expect(try read(prefix).prefixes.count == 2)
        // Reserved preference bits are medium.
        var reserved = good
        reserved[5] = 0x10
        #expect(
            try RouterAdvertisement(bytes: mendedICMPv6(reserved, toAll), header: toAll) == plain())
    }

    @Test("settings survive a file")
    func coding() throws {
        let value = try full()
        let settings = RouterAdvertisementSettings(
            maximumInterval: .milliseconds(4500), preference: .low,
            reachableTime: .milliseconds(1), mtu: 1480, prefixes: value.prefixes,
            resolvers: value.resolvers)
        let file = try JSONEncoder().encode(settings)
        #expect(try JSONDecoder().decode(RouterAdvertisementSettings.self, from: file) == settings)
    }

    @Test("what a router is told: defaults and ranges of RFC 4861 §6.2.1")
    func settings() {
        typealias Settings = RouterAdvertisementSettings
        let usual = Settings()
        #expect(usual.maximumInterval == .seconds(600))
        #expect(usual.minimumInterval == .seconds(198))
        #expect(usual.lifetime == .seconds(1800))
        for seconds in [4, 5, 8, 9, 10, 600, 1800] {
            let settings = Settings(maximumInterval: .seconds(seconds))
            let range = Settings.minimumIntervalRange(maximumInterval: .seconds(seconds))
            #expect(range.contains(settings.minimumInterval), "\(seconds) s")
            #expect(
                Settings.lifetimeRange(maximumInterval: .seconds(seconds))
                    .contains(settings.lifetime))
        }
        // No range is empty, whatever the interval.
        for interval: Duration in [.zero, .seconds(-5), .seconds(Int64.max), .seconds(Int64.min)] {
            #expect(Settings.minimumIntervalRange(maximumInterval: interval).contains(.seconds(3)))
            #expect(
                Settings.lifetimeRange(maximumInterval: interval).contains(.seconds(9000)))
        }
    }
}
