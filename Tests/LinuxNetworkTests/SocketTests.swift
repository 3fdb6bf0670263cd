// Raw and packet sockets on virtual Ethernet.

import Glibc
import LinuxNetwork
import Testing
import VRRPWire

private struct Packet: Equatable {
    let header: ReceivedDatagram
    let payload: [UInt8]
}

private func receive(_ socket: inout ProtocolSocket) throws -> (
    packets: [Packet], malformed: [Int32]
) {
    var packets: [Packet] = []
    var malformed: [Int32] = []
    guard waitUntilReadable(socket.rawDescriptor) else { return ([], []) }
    let count = try socket.receive(limit: 100, onMalformed: { malformed.append($0) }) {
        packets.append(Packet(header: $0, payload: $1.withUnsafeBytes { Array($0) }))
    }
    #expect(count == packets.count + malformed.count)
    return (packets, malformed)
}

/// Two ends in one namespace, whose IPv4 accepts what it sent itself.
private func pair(_ namespace: Namespace) throws -> (a: Int32, b: Int32) {
    namespace.ip(
        """
        link add va type veth peer name vb
        link set va addrgenmode none
        link set vb addrgenmode none
        link set va up
        link set vb up
        addr add 192.0.2.1/24 dev va
        addr add fe80::a/64 dev va nodad
        addr add fe80::b/64 dev vb nodad
        """)
    namespace.shell(
        """
        echo 1 > /proc/sys/net/ipv4/conf/vb/accept_local
        echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
        echo 0 > /proc/sys/net/ipv4/conf/vb/rp_filter
        """)
    let observed = try Observed.now()
    return (observed.index("va"), observed.index("vb"))
}

@Suite("Sockets", .enabled(if: mayUseNamespaces, "needs root"))
struct SocketTests {
    @Test(
        "a datagram arrives with its addresses, hop limit and interface",
        arguments: AddressFamily.allCases)
    func sendAndReceive(family: AddressFamily) throws {
        try inNamespace { namespace in
            let (a, b) = try pair(namespace)
            let group = IPAddress.vrrpGroup(family)
            let source = try #require(IPAddress(family == .ipv4 ? "192.0.2.1" : "fe80::a"))
            var socket = try ProtocolSocket(family: family, protocolNumber: 112, group: group)
            namespace.expect(
                try socket.receive(limit: 10) { _, _ in } == 0, "nothing there is no error")
            try socket.join(interface: b)
            try socket.join(interface: b)
            let payload = (0..<40).map { UInt8($0) }
            try socket.send(payload.span.bytes, interface: a, source: source, destination: group)
            let (packets, malformed) = try receive(&socket)
            let expected = Packet(
                header: ReceivedDatagram(
                    interface: b, source: source, destination: group, hopLimit: 255),
                payload: payload)
            namespace.expect(packets == [expected], "\(packets)")
            namespace.expect(malformed == [])
            socket.leave(interface: b)
            socket.leave(interface: b)
            try socket.send(payload.span.bytes, interface: a, source: source, destination: group)
            namespace.expect(!waitUntilReadable(socket.rawDescriptor, milliseconds: 50), "left")
        }
    }

    @Test("of ICMPv6, only the type that was asked for is received")
    func icmpv6Type() throws {
        try inNamespace { namespace in
            let (a, b) = try pair(namespace)
            let source = try #require(IPAddress("fe80::a"))
            let group = IPAddress.v6(.allRouters)
            var socket = try ProtocolSocket(
                family: .ipv6, protocolNumber: 58, group: group, icmpv6Type: 133)
            try socket.join(interface: b)
            // The kernel writes the checksum of what a raw ICMPv6 socket sends.
            let sender = try ProtocolSocket(family: .ipv6, protocolNumber: 58, group: group)
            for type in [128, 134, 133, 135, 143] as [UInt8] {
                let message: [UInt8] = [type, 0, 0, 0, 0, 0, 0, 0]
                try sender.send(
                    message.span.bytes, interface: a, source: source, destination: group)
            }
            let (packets, malformed) = try receive(&socket)
            namespace.expect(packets.map(\.payload.first) == [133], "\(packets)")
            namespace.expect(packets.first?.header.hopLimit == 255 && malformed.isEmpty)
        }
    }

    @Test("a datagram that is too long is malformed, and says where it came from")
    func truncated() throws {
        try inNamespace { namespace in
            let (a, b) = try pair(namespace)
            let group = IPAddress.vrrpGroup(.ipv4)
            var socket = try ProtocolSocket(family: .ipv4, protocolNumber: 112, group: group)
            try socket.join(interface: b)
            let payload = [UInt8](repeating: 7, count: 6000)
            let source = IPAddress.v4(IPv4Address(192, 0, 2, 1))
            try socket.send(payload.span.bytes, interface: a, source: source, destination: group)
            let (packets, malformed) = try receive(&socket)
            namespace.expect(packets == [])
            namespace.expect(malformed == [b], "\(malformed)")
        }
    }

    @Test("sending fails as a value: no such interface, not our address")
    func sendFailures() throws {
        try inNamespace { namespace in
            let (a, _) = try pair(namespace)
            let group = IPAddress.vrrpGroup(.ipv6)
            let socket = try ProtocolSocket(family: .ipv6, protocolNumber: 112, group: group)
            let payload: [UInt8] = [1, 2, 3]
            for (interface, text) in [(9999, "fe80::a"), (a, "fe80::77")] as [(Int32, String)] {
                let source = try #require(IPAddress(text))
                do throws(SystemError) {
                    try socket.send(
                        payload.span.bytes, interface: interface, source: source,
                        destination: group)
                    namespace.expect(false, "sent from \(text)")
                } catch {
                    namespace.expect(error.call == "sendmsg")
                }
            }
        }
    }

    @Test("more interfaces than one socket may join, and deleted ones free their place")
    func memberships() throws {
        try inNamespace { namespace in
            let make = (0..<13).map { "link add v\($0) type veth peer name w\($0)" }
            namespace.ip(make.joined(separator: "\n"))
            let links = try Observed.now().links.values.filter { !$0.isLoopback }
            namespace.expect(links.count == 26)
            for family in AddressFamily.allCases {
                var socket = try ProtocolSocket(
                    family: family, protocolNumber: 112, group: .vrrpGroup(family))
                for link in links { try socket.join(interface: link.index) }
                for round in 0..<25 {
                    namespace.ip("link add x type veth peer name y")
                    let index = try Observed.now().index("x")
                    namespace.expect(index != 0, "round \(round)")
                    try socket.join(interface: index)
                    namespace.ip("link del x")
                    socket.leave(interface: index)
                }
                for link in links { socket.leave(interface: link.index) }
                for link in links { try socket.join(interface: link.index) }
            }
            var socket = try ProtocolSocket(
                family: .ipv4, protocolNumber: 112, group: .vrrpGroup(.ipv4))
            do throws(SystemError) {
                try socket.join(interface: 9999)
                namespace.expect(false, "joined nowhere")
            } catch {
                namespace.expect(error.code == ENODEV, "\(error)")
            }
        }
    }

    @Test("frames go out as they are; the ones that fail are counted")
    func frames() throws {
        try inNamespace { namespace in
            let (a, b) = try pair(namespace)
            var receiver = try ProtocolSocket(
                family: .ipv4, protocolNumber: 112, group: .vrrpGroup(.ipv4))
            try receiver.join(interface: b)
            let frames = try FrameSocket()
            let frame = Self.frame(payload: [9, 8, 7])
            try frames.send(frame.span.bytes, interface: a)
            let (packets, _) = try receive(&receiver)
            namespace.expect(packets.map(\.payload) == [[9, 8, 7]], "\(packets)")
            namespace.expect(packets.first?.header.hopLimit == 77)
            namespace.expect(packets.first?.header.source == IPAddress("192.0.2.99"))

            // Of seventy, one is too short for an Ethernet header.
            var bytes: [UInt8] = []
            var ranges: [Range<Int>] = []
            for number in 0..<70 {
                let next = number == 30 ? [1, 2, 3] : Self.frame(payload: [UInt8(number)])
                ranges.append(bytes.count..<bytes.count + next.count)
                bytes += next
            }
            namespace.expect(frames.sendAll(bytes, ranges: ranges, interface: a) == 1)
            var seen: [UInt8] = []
            while seen.count < 69 {
                let (more, _) = try receive(&receiver)
                if more.isEmpty { break }
                seen += more.flatMap(\.payload)
            }
            namespace.expect(seen == (0..<70).filter { $0 != 30 }, "\(seen)")
            namespace.expect(
                frames.sendAll(bytes, ranges: Array(ranges[..<3]), interface: 9999) == 3)
            namespace.ip("link set va down")
            do throws(SystemError) {
                try frames.send(frame.span.bytes, interface: a)
                namespace.expect(false, "sent on a link that is down")
            } catch {
                namespace.expect(error.code == ENETDOWN, "\(error)")
            }
        }
    }

    /// An IPv4 datagram of protocol 112 to the group, from 192.0.2.99, with a TTL of 77.
    private static func frame(payload: [UInt8]) -> [UInt8] {
        var header: [UInt8] = [
            0x45, 0, 0, UInt8(20 + payload.count), 0, 0, 0, 0, 77, 112, 0, 0,
            192, 0, 2, 99, 224, 0, 0, 18,
        ]
        var sum = stride(from: 0, to: 20, by: 2).reduce(0 as UInt32) {
            $0 + UInt32(header[$1]) << 8 + UInt32(header[$1 + 1])
        }
        while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
        header[10] = UInt8(~sum >> 8 & 255)
        header[11] = UInt8(~sum & 255)
        let ethernet: [UInt8] = [1, 0, 0x5e, 0, 0, 18, 2, 0, 0, 0, 0, 1, 8, 0]
        return ethernet + header + payload
    }
}
