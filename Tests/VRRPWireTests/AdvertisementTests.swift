// Encoding: round trips, rounding, clamping, and the patched priority (RFC 9568 §5.2, RFC 1624).

import Testing
import VRRPWire

private let v4Peer = IPAddress.v4(IPv4Address(192, 0, 2, 2))
private let v6Peer = IPAddress.v6(IPv6Address(high: 0xfe80 << 48, low: 2))

@Suite("Advertisements")
struct AdvertisementTests {
    private func vrid(_ number: UInt8) throws -> VirtualRouterID {
        try #require(VirtualRouterID(number))
    }

    private func addresses(_ family: AddressFamily, _ count: Int) -> [IPAddress] {
        (0..<count).map { index in
            switch family {
            case .ipv4: .v4(IPv4Address(rawValue: 0xc000_0201 + UInt32(index)))
            case .ipv6: .v6(IPv6Address(high: 0xfe80 << 48, low: 0x1_0001 + UInt64(index)))
            }
        }
    }

    private func sentAndReceived(
        _ advertisement: Advertisement, _ family: AddressFamily = .ipv4,
        _ form: ChecksumForm = .rfc9568
    ) throws -> Received {
        let source = family == .ipv4 ? v4Peer : v6Peer
        let group = IPAddress.vrrpGroup(family)
        let message = advertisement.encoded(
            source: source, destination: group, checksumForm: form)
        return try decodeMessage(
            message, DatagramHeader(source: source, destination: group, hopLimit: 255))
    }

    @Test("round trips", arguments: [1, 2, 3, 20, 254, 255])
    func roundTrips(count: Int) throws {
        for number: UInt8 in [1, 51, 255] {
            for priority: UInt8 in [0, 1, 100, 254, 255] {
                for (version, family) in [
                    (VRRPVersion.v2, AddressFamily.ipv4), (.v3, .ipv4), (.v3, .ipv6),
                ] {
                    for form in ChecksumForm.allCases {
                        let sent = Advertisement(
                            version: version, vrid: try vrid(number), priority: Priority(priority),
                            maxAdvertiseInterval: .seconds(number % 40 + 1),
                            addresses: addresses(family, count),
                            authentication: version == .v2
                                ? .init(type: 1, data: 0x0102_0304_0506_0708) : nil)
                        let received = try sentAndReceived(sent, family, form)
                        #expect(received.advertisement == sent)
                        let hasForms = version == .v3 && family == .ipv4
                        #expect(received.header.checksumForm == (hasForms ? form : nil))
                    }
                }
            }
        }
    }

    @Test(
        "M18: version 3 rounds to centiseconds, 1…4095",
        arguments: [
            (Duration.seconds(1), 100), (.zero, 1), (.milliseconds(-10), 1),
            (.milliseconds(4), 1), (.milliseconds(10), 1), (.microseconds(14_999), 1),
            (.milliseconds(15), 2), (.milliseconds(40_950), 4095),
            (.microseconds(40_954_999), 4095),
            (.seconds(41), 4095), (.seconds(Int64.max), 4095), (.seconds(Int64.min), 1),
        ])
    func centiseconds(interval: Duration, expected: Int) throws {
        let sent = Advertisement(
            vrid: try vrid(1), maxAdvertiseInterval: interval, addresses: addresses(.ipv4, 1))
        let received = try sentAndReceived(sent)
        #expect(received.header.maxAdvertiseInterval == .milliseconds(10 * expected))
    }

    @Test(
        "V4: version 2 rounds to seconds, 1…255",
        arguments: [
            (Duration.seconds(1), 1), (.zero, 1), (.seconds(-3), 1), (.milliseconds(1_499), 1),
            (.milliseconds(1_500), 2), (.seconds(255), 255), (.milliseconds(254_500), 255),
            (.seconds(256), 255), (.seconds(Int64.max), 255),
        ])
    func seconds(interval: Duration, expected: Int) throws {
        let sent = Advertisement(
            version: .v2, vrid: try vrid(1), maxAdvertiseInterval: interval,
            addresses: addresses(.ipv4, 1))
        #expect(try sentAndReceived(sent).header.maxAdvertiseInterval == .seconds(expected))
    }

    @Test("what has no place in a message is left out")
    func leftOut() throws {
        var sent = Advertisement(vrid: try vrid(1), addresses: addresses(.ipv4, 300))
        #expect(try sentAndReceived(sent).advertisement.addresses == addresses(.ipv4, 255))
        sent.addresses = addresses(.ipv6, 2) + addresses(.ipv4, 2)
        #expect(try sentAndReceived(sent).advertisement.addresses == addresses(.ipv4, 2))
        #expect(try sentAndReceived(sent, .ipv6).advertisement.addresses == addresses(.ipv6, 2))
    }

    @Test("a patched priority is what encoding afresh would have given")
    func patchedPriority() throws {
        let cases: [(VRRPVersion, AddressFamily, ChecksumForm)] = [
            (.v2, .ipv4, .rfc9568), (.v3, .ipv4, .rfc9568), (.v3, .ipv4, .rfc5798),
            (.v3, .ipv6, .rfc9568),
        ]
        for (version, family, form) in cases {
            let source = family == .ipv4 ? v4Peer : v6Peer
            var advertisement = Advertisement(
                version: version, vrid: try vrid(1), addresses: addresses(family, 2))
            let fresh = (UInt8.min...UInt8.max).map { priority in
                advertisement.priority = Priority(priority)
                return advertisement.encoded(
                    source: source, destination: .vrrpGroup(family), checksumForm: form)
            }
            // From each to each, in a buffer with something in front.
            var wrong = 0
            for old in fresh {
                for new in UInt8.min...UInt8.max {
                    var buffer: [UInt8] = [1, 2, 3] + old
                    Advertisement.setPriority(Priority(new), inMessageAt: 3, of: &buffer)
                    if buffer != [1, 2, 3] + fresh[Int(new)] { wrong += 1 }
                }
            }
            #expect(wrong == 0)
        }
    }

    @Test("patching outside the buffer changes nothing", arguments: [-1, 5, 13, Int.max, Int.min])
    func patchedOutside(offset: Int) {
        var buffer = [UInt8](repeating: 7, count: 12)
        Advertisement.setPriority(.leaving, inMessageAt: offset, of: &buffer)
        #expect(buffer == [UInt8](repeating: 7, count: 12))
    }

    @Test("M20: addresses are compared as a set")
    func addressesMatch() throws {
        let sent = Advertisement(vrid: try vrid(1), addresses: addresses(.ipv4, 3))
        let message = sent.encoded(
            source: v4Peer, destination: .vrrpGroup(.ipv4), checksumForm: .rfc9568)
        let datagram = DatagramHeader(
            source: v4Peer, destination: .vrrpGroup(.ipv4), hopLimit: 255)
        let header = try decodeMessage(message, datagram).header
        func match(_ list: [IPAddress], _ other: [UInt8]? = nil) -> Bool {
            let bytes = other ?? message
            return header.addressesMatch(list, in: bytes.span.bytes)
        }
        let list = sent.addresses
        #expect(match(list))
        #expect(match(list.reversed()))
        #expect(match([list[1], list[0], list[2]]))
        #expect(!match([]))
        #expect(!match(Array(list.dropLast())))
        #expect(!match(list + [list[0]]))
        #expect(!match([list[0], list[1], list[1]]))
        #expect(!match([list[0], list[1], .v4(.any)]))
        #expect(!match(addresses(.ipv6, 3)))
        func address(_ index: Int, _ message: [UInt8]) -> IPAddress? {
            header.address(at: index, in: message.span.bytes)
        }
        #expect(address(2, message) == list[2])
        #expect(address(3, message) == nil)
        #expect(address(-1, message) == nil)
        // Another span is answered, too.
        #expect(address(2, Array(message.dropLast())) == nil)
        #expect(!match(list, Array(message.dropLast())))
        let authenticationData = header.authenticationData(in: message.span.bytes)
        #expect(authenticationData == nil)
    }

    @Test("every reason has a sentence and a clause of its own kind")
    func reasons() {
        let reasons: [DiscardReason] = [
            .hopLimit(254), .truncated(3), .version(4), .type(2), .length(expected: 12, actual: 40),
            .checksum, .unknownVRID(77), .wrongDestination, .ownAddress, .addressCountZero,
            .intervalZero, .authenticationType(9), .authenticationTypeMismatch(1),
            .authenticationFailure, .intervalMismatch(.seconds(2)), .firstAddressNotLinkLocal,
            .addressListMismatch, .owner, .notRunning, .malformedIPHeader,
            .trailerMalformed(.type(2)), .trailerMalformed(.reserved(7)), .trailerKey(3),
            .trailerTag, .trailerReplayed,
        ]
        #expect(Set(reasons.map(\.description)).count == reasons.count)
        for reason in reasons {
            #expect(reason.clause.hasPrefix("RFC ") || reason.clause.hasPrefix("draft-"))
        }
        #expect("\(reasons[0])" == "it arrived with TTL or Hop Limit 254 instead of 255")
        #expect("\(reasons[4])" == "it has 40 bytes, but its address count makes 12")
    }
}
