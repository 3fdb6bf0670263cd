// The other end of a cable: puts frames on it, and hears what comes.

import Glibc
import LinuxNetwork
import Testing
import VRRPWire

final class Wire {
    private let descriptor: Int32
    private let interface: Int32
    private let frames: FrameSocket

    /// Hears all that arrives at this interface.
    init(interface: Int32) throws {
        self.interface = interface
        frames = try FrameSocket()
        // AF_PACKET, SOCK_RAW, ETH_P_ALL.
        let all = Int32(UInt16(3).bigEndian)
        descriptor = socket(17, Int32(SOCK_RAW.rawValue), all)
        try #require(descriptor >= 0)
    }

    deinit {
        close(descriptor)
    }

    func send(_ frame: [UInt8]) throws {
        try frames.send(frame.span.bytes, interface: interface)
    }

    /// What arrives, from one sender or from all, until nothing has for so long.
    func hear(from sender: MACAddress? = nil, quiet milliseconds: Int32 = 150) -> [[UInt8]] {
        var heard: [[UInt8]] = []
        while waitUntilReadable(descriptor, milliseconds: milliseconds) {
            var bytes = [UInt8](repeating: 0, count: 2048)
            // sockaddr_ll: family, protocol, index, type of hardware, type of packet, …
            var address = [UInt8](repeating: 0, count: 20)
            var size = socklen_t(address.count)
            let length = bytes.withUnsafeMutableBytes { buffer in
                address.withUnsafeMutableBytes { address in
                    recvfrom(
                        descriptor, buffer.baseAddress, buffer.count, 0,
                        address.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
                }
            }
            let index = address.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: 4, as: Int32.self)
            }
            // PACKET_OUTGOING is 4.
            guard length >= 14, index == interface, address[10] != 4 else { continue }
            let frame = Array(bytes[..<length])
            if sender == nil || source(frame) == sender { heard.append(frame) }
        }
        return heard
    }

    /// The senders of the ARP replies to a request for this address.
    func ask(_ target: IPv4Address) throws -> [MACAddress] {
        try send(arpRequest(target))
        return hear().filter { $0[12...13] == [8, 6] && $0[21] == 2 }.map(source)
    }

    /// Those of the Neighbor Advertisements, with their flags.
    func solicit(_ target: IPv6Address) throws -> [(sender: MACAddress, flags: UInt8)] {
        try send(neighborSolicitation(target))
        return hear().filter { $0[12...13] == [0x86, 0xdd] && $0.count >= 86 && $0[54] == 136 }
            .map { (source($0), $0[58] >> 5) }
    }
}

func source(_ frame: [UInt8]) -> MACAddress {
    MACAddress(rawValue: frame[6..<12].reduce(0) { $0 << 8 | UInt64($1) })
}

private func bytes(_ address: MACAddress) -> [UInt8] {
    (0..<6).map { address.octets[$0] }
}

private let client: [UInt8] = [2, 0, 0, 0, 0, 0x99]

private func arpRequest(_ target: IPv4Address) -> [UInt8] {
    let number = target.rawValue
    let octets = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    return bytes(.broadcast) + client + [8, 6, 0, 1, 8, 0, 6, 4, 0, 1]
        + client + [192, 0, 2, 99] + [0, 0, 0, 0, 0, 0] + octets + [UInt8](repeating: 0, count: 18)
}

private func neighborSolicitation(_ target: IPv6Address) -> [UInt8] {
    func octets(_ address: IPv6Address) -> [UInt8] {
        [address.high, address.low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
        }
    }
    // The solicited-node group: ff02::1:ff and the last 24 bits.
    let group = IPv6Address(
        high: 0xff02_0000_0000_0000, low: 0x0000_0001_ff00_0000 | target.low & 0xff_ffff)
    let sender = IPv6Address(high: 0xfe80_0000_0000_0000, low: 0x99)
    var body: [UInt8] = [135, 0, 0, 0, 0, 0, 0, 0] + octets(target) + [1, 1] + client
    let pseudo = octets(sender) + octets(group) + [0, 0, 0, UInt8(body.count), 0, 0, 0, 58]
    var sum = 0
    let summed = pseudo + body
    for index in stride(from: 0, to: summed.count, by: 2) {
        sum += Int(summed[index]) << 8 | Int(summed[index + 1])
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    body[2] = ~UInt8(truncatingIfNeeded: sum >> 8)
    body[3] = ~UInt8(truncatingIfNeeded: sum)
    return bytes(.multicast(.v6(group))) + client + [0x86, 0xdd, 0x60, 0, 0, 0, 0]
        + [UInt8(body.count), 58, 255] + octets(sender) + octets(group) + body
}
