// Every recorded frame, from the Ethernet header down, and ours rebuilt byte for byte.

import Testing
import VRRPWire

/// What this target can say about a received frame.
enum Expectation: Equatable, Sendable {
    case accepted
    case discarded(DiscardReason)
    /// The bytes are in order; only who knows the configuration can refuse them, for this reason.
    case leftToTheEngine(String)
}

/// Every received advertisement. A frame without a row here fails `everyVectorHasItsPlace`.
let receivedFrames: [(name: String, expectation: Expectation)] = [
    ("v2-basic", .accepted),
    ("v2-prio200", .accepted),
    ("v2-three-addrs-owner", .accepted),
    ("v2-prio0", .accepted),
    ("v2-auth-simple", .leftToTheEngine("authenticationTypeMismatch")),
    ("v2-auth-unknown", .leftToTheEngine("authenticationType")),
    ("v2-interval-mismatch", .leftToTheEngine("intervalMismatch")),
    ("v2-addrlist-mismatch", .leftToTheEngine("addressListMismatch")),
    ("v2-ttl254", .discarded(.hopLimit(254))),
    ("v2-bad-checksum", .discarded(.checksum)),
    ("v2-type2", .discarded(.type(2))),
    ("v2-count-lie", .discarded(.length(expected: 28, actual: 20))),
    ("v3-basic-rfc9568", .accepted),
    ("v3-prio200-rfc9568", .accepted),
    ("v3-prio0-rfc9568", .accepted),
    ("v3-two-addrs-10cs-rfc9568", .accepted),
    ("v3-equal-prio-higher-addr-rfc9568", .accepted),
    ("v3-basic-rfc5798", .accepted),
    ("v3-prio200-rfc5798", .accepted),
    ("v3-equal-prio-higher-addr-rfc5798", .accepted),
    ("v3-interval-1", .accepted),
    ("v3-addrlist-mismatch", .accepted),
    ("v3-ttl254", .discarded(.hopLimit(254))),
    ("v3-version4", .discarded(.version(4))),
    ("v3-bad-checksum", .discarded(.checksum)),
    ("v3-count0", .discarded(.addressCountZero)),
    ("v3-unknown-vrid", .leftToTheEngine("unknownVRID")),
    ("v3-v2-group", .leftToTheEngine("version")),
    ("v3-unicast-rfc5798", .leftToTheEngine("wrongDestination")),
    ("v6-basic", .accepted),
    ("v6-prio0", .accepted),
    ("v6-hlim254", .discarded(.hopLimit(254))),
    ("v6-first-not-ll", .discarded(.firstAddressNotLinkLocal)),
    ("v3-unicast-hmac-trailer", .discarded(.length(expected: 12, actual: 40))),
]

/// The other frames; each has a test of its own in `NeighborTests`.
let neighborFrames = [
    "garp-rfc9568", "una-global", "una-linklocal", "arp-request-host", "arp-reply-expected",
    "ns-host", "na-reply-expected", "ra-virtual-router",
]

@Suite("Recorded frames")
struct VectorTests {
    @Test("every vector is in exactly one table, and the tables name no others")
    func everyVectorHasItsPlace() {
        #expect(Vector.all.count == 42)
        let placed = receivedFrames.map(\.name) + neighborFrames
        #expect(placed.sorted() == Vector.all.map(\.name).sorted())
    }

    @Test("verdicts", arguments: receivedFrames)
    func verdict(name: String, expectation: Expectation) throws {
        let vector = try Vector.named(name)
        let frame = bytes(vector.frame)
        switch expectation {
        case .accepted:
            #expect(vector.rx?.verdict == "accept")
            _ = try decodeFrame(frame)
        case .discarded(let reason):
            // The trailer is an experiment of others, and its vector has no verdict.
            #expect(vector.rx?.verdict ?? "discard" == "discard")
            #expect(throws: reason) { try decodeFrame(frame) }
        case .leftToTheEngine:
            #expect(vector.rx?.verdict == "discard")
            _ = try decodeFrame(frame)
        }
    }

    @Test("the checksum's form is told where there are two", arguments: receivedFrames)
    func checksumForm(name: String, expectation: Expectation) throws {
        if case .discarded = expectation { return }
        let vector = try Vector.named(name)
        let received = try decodeFrame(bytes(vector.frame))
        switch vector.cksum {
        case "rfc9568": #expect(received.header.checksumForm == .rfc9568)
        case "rfc5798": #expect(received.header.checksumForm == .rfc5798)
        case "rfc3768", "v6": #expect(received.header.checksumForm == nil)
        default: Issue.record("unknown form \(vector.cksum ?? "none")")
        }
    }

    @Test("what was decoded is built again byte for byte", arguments: receivedFrames)
    func rebuilt(name: String, expectation: Expectation) throws {
        if case .discarded = expectation { return }
        let vector = try Vector.named(name)
        let frame = bytes(vector.frame)
        let received = try decodeFrame(frame)
        let message = received.advertisement.encoded(
            source: received.datagram.source, destination: received.datagram.destination,
            checksumForm: received.header.checksumForm ?? .rfc9568)
        #expect(hexadecimal(message) == vector.vrrp)

        var ours: [UInt8] = []
        try EthernetHeader(bytes: frame).append(to: &ours)
        switch (received.datagram.source, received.datagram.destination) {
        case (.v4(let source), .v4(let destination)):
            IPv4Header(
                source: source, destination: destination, payloadByteCount: message.count
            ).append(to: &ours)
        case (.v6(let source), .v6(let destination)):
            IPv6Header(
                source: source, destination: destination, payloadByteCount: message.count
            ).append(to: &ours)
        default:
            Issue.record("two families in one datagram")
        }
        ours += message
        while ours.count < EthernetHeader.minimumFrameByteCount { ours.append(0) }
        #expect(hexadecimal(ours) == vector.frame)
    }

    @Test("the fields of a few, by hand")
    func fields() throws {
        let basic = try decodeFrame(bytes(Vector.named("v3-basic-rfc9568").frame))
        #expect(basic.datagram.source == .v4(IPv4Address(192, 0, 2, 2)))
        #expect(basic.datagram.destination == .vrrpGroup(.ipv4))
        #expect(
            basic.advertisement
                == Advertisement(
                    vrid: try #require(VirtualRouterID(1)), priority: .standard,
                    addresses: [.v4(IPv4Address(192, 0, 2, 1))]))

        let two = try decodeFrame(bytes(Vector.named("v3-two-addrs-10cs-rfc9568").frame))
        #expect(two.header.priority == Priority(254))
        #expect(two.header.maxAdvertiseInterval == .milliseconds(100))
        #expect(two.header.addressCount == 2)

        let six = try decodeFrame(bytes(Vector.named("v6-basic").frame))
        #expect(six.header.family == .ipv6)
        #expect(six.advertisement.addresses.map(\.description) == ["fe80::1:1", "2001:db8:1::1"])

        let password = try decodeFrame(bytes(Vector.named("v2-auth-simple").frame))
        #expect(password.header.authenticationType == 1)
        // "secret12"
        #expect(
            password.advertisement.authentication
                == .init(type: 1, data: 0x7365_6372_6574_3132))
        #expect(password.header.maxAdvertiseInterval == .seconds(1))
    }

    @Test("an 802.1Q tag is skipped on receipt and written when asked for")
    func vlan() throws {
        let frame = bytes(try Vector.named("v3-basic-rfc9568").frame)
        var tagged = try EthernetHeader(bytes: frame)
        tagged.vlan = 100
        var ours: [UInt8] = []
        tagged.append(to: &ours)
        #expect(hexadecimal(ours) == "01005e00001200005e000101810000640800")
        ours += frame[14...]
        #expect(try EthernetHeader(bytes: ours) == tagged)
        #expect(try decodeFrame(ours) == decodeFrame(frame))
        for count in 0..<18 {
            #expect(throws: EndOfBytes.self) {
                try EthernetHeader(bytes: ours[..<count])
            }
        }
    }
}
