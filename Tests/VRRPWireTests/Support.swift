// What the suites of this target share: the recorded frames, hexadecimal, and a receiver that
// walks a frame from Ethernet down to the message, as the daemon does.

import Foundation
import VRRPWire

/// One recorded frame of vectors.json.
struct Vector: Decodable, Sendable {
    let name: String
    let frame: String
    let l3: String
    let vrrp: String?
    let cksum: String?
    let rx: Verdict?

    struct Verdict: Decodable, Sendable {
        let verdict: String
    }

    private struct File: Decodable {
        let vectors: [Vector]
    }

    static let all: [Vector] = {
        guard
            let url = Bundle.module.url(forResource: "vectors", withExtension: "json"),
            let data = try? Data(contentsOf: url),
            let file = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        return file.vectors
    }()

    static func named(_ name: String) throws -> Vector {
        guard let vector = all.first(where: { $0.name == name }) else {
            throw Missing(name: name)
        }
        return vector
    }

    struct Missing: Error {
        let name: String
    }
}

/// The bytes of a hexadecimal text; empty when it is none, which no comparison survives.
func bytes(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return [] }
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}

/// A frame or datagram that does not carry VRRP: not discarded, but none of our business.
struct NotVRRP: Error {}

/// An advertisement with everything that the layers below said about it.
struct Received: Equatable {
    var datagram: DatagramHeader
    var header: AdvertisementHeader
    var advertisement: Advertisement
}

func decodeMessage(_ message: [UInt8], _ datagram: DatagramHeader) throws -> Received {
    let span = message.span.bytes
    let header = try AdvertisementHeader(decoding: span, header: datagram)
    return Received(
        datagram: datagram, header: header,
        advertisement: try Advertisement(decoding: span, header: datagram))
}

/// From the IP header down.
func decodeDatagram(_ datagram: [UInt8], _ family: AddressFamily) throws -> Received {
    switch family {
    case .ipv4:
        let header = try IPv4Header(decoding: datagram.span.bytes)
        guard header.protocolNumber == IPProtocolNumber.vrrp else { throw NotVRRP() }
        return try decodeMessage(Array(datagram[header.payloadRange]), header.datagramHeader)
    case .ipv6:
        let header = try IPv6Header(decoding: datagram.span.bytes)
        guard header.nextHeader == IPProtocolNumber.vrrp else { throw NotVRRP() }
        return try decodeMessage(Array(datagram[header.payloadRange]), header.datagramHeader)
    }
}

/// From the Ethernet header down.
func decodeFrame(_ frame: [UInt8]) throws -> Received {
    let ethernet = try EthernetHeader(decoding: frame.span.bytes)
    let rest = Array(frame[ethernet.byteCount...])
    switch ethernet.etherType {
    case EtherType.ipv4: return try decodeDatagram(rest, .ipv4)
    case EtherType.ipv6: return try decodeDatagram(rest, .ipv6)
    default: throw NotVRRP()
    }
}

// A span cannot go through `#expect`, so the suites decode arrays.

extension EthernetHeader {
    init(bytes: some Collection<UInt8>) throws(EndOfBytes) {
        let copy = Array(bytes)
        try self.init(decoding: copy.span.bytes)
    }
}

extension IPv6Header {
    init(bytes: [UInt8]) throws(DiscardReason) {
        try self.init(decoding: bytes.span.bytes)
    }
}

extension ARPPacket {
    init(bytes: some Collection<UInt8>) throws(NeighborMessageError) {
        let copy = Array(bytes)
        try self.init(decoding: copy.span.bytes)
    }
}

extension NeighborSolicitation {
    init(bytes: [UInt8], header: DatagramHeader) throws(NeighborMessageError) {
        try self.init(decoding: bytes.span.bytes, header: header)
    }
}

extension NeighborAdvertisement {
    init(bytes: some Collection<UInt8>, header: DatagramHeader) throws(NeighborMessageError) {
        let copy = Array(bytes)
        try self.init(decoding: copy.span.bytes, header: header)
    }
}

extension RouterAdvertisement {
    init(bytes: some Collection<UInt8>, header: DatagramHeader) throws(NeighborMessageError) {
        let copy = Array(bytes)
        try self.init(decoding: copy.span.bytes, header: header)
    }

    /// The datagram behind the Ethernet header, as one value.
    func datagram(from source: IPv6Address, to destination: IPv6Address = .allNodes) -> [UInt8] {
        var result: [UInt8] = []
        append(to: &result, source: source, destination: destination)
        return result
    }
}

extension RouterSolicitation {
    init(bytes: some Collection<UInt8>, header: DatagramHeader) throws(NeighborMessageError) {
        let copy = Array(bytes)
        try self.init(decoding: copy.span.bytes, header: header)
    }
}

extension AdvertisementHeader {
    init(bytes: [UInt8], header: DatagramHeader, acceptsTrailer: Bool) throws(DiscardReason) {
        try self.init(
            decoding: bytes.span.bytes, header: header, acceptsTrailer: acceptsTrailer)
    }

    func trailer(in bytes: [UInt8]) throws(AuthenticationTrailerError) -> AuthenticationTrailer? {
        try trailer(in: bytes.span.bytes)
    }

    func checkAuthentication(
        _ expected: Advertisement.Authentication?, in bytes: [UInt8]
    ) throws(DiscardReason) {
        try checkAuthentication(expected, in: bytes.span.bytes)
    }
}

extension AuthenticationTrailer {
    init(endOf bytes: [UInt8]) throws(AuthenticationTrailerError) {
        try self.init(endOf: bytes.span.bytes)
    }

    func authenticatedBytes(of message: [UInt8], source: IPAddress) -> [UInt8] {
        var result: [UInt8] = []
        appendAuthenticatedBytes(of: message.span.bytes, source: source, to: &result)
        return result
    }
}

/// The same ICMPv6 message with the checksum put right.
func mendedICMPv6(_ message: [UInt8], _ header: DatagramHeader) -> [UInt8] {
    guard message.count >= 4 else { return message }
    var result = message
    result.store(bigEndian: 0, at: 2)
    var checksum = InternetChecksum()
    checksum.add(result)
    checksum.addPseudoHeader(
        source: header.source, destination: header.destination,
        protocolNumber: IPProtocolNumber.icmpv6, length: result.count)
    result.store(bigEndian: checksum.value, at: 2)
    return result
}

/// Calls a function with every copy of `bytes` in which one bit is flipped.
func forEachFlippedBit(of bytes: [UInt8], _ body: (_ bit: Int, [UInt8]) throws -> Void) rethrows {
    for bit in 0..<bytes.count * 8 {
        var damaged = bytes
        damaged[bit / 8] ^= 0x80 >> UInt8(bit % 8)
        try body(bit, damaged)
    }
}

/// The same message with the checksum put right, in the form that `datagram` asks for.
func mended(_ message: [UInt8], _ datagram: DatagramHeader, pseudoHeader: Bool) -> [UInt8] {
    var result = message
    result.store(bigEndian: 0, at: 6)
    var checksum = InternetChecksum()
    checksum.add(result)
    if pseudoHeader { checksum.addPseudoHeader(datagram, length: result.count) }
    result.store(bigEndian: checksum.value, at: 6)
    return result
}

/// A seeded generator (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
