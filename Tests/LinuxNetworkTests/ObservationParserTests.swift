// The parser of netlink messages, without a kernel: golden bytes, and then any bytes at all.

import LinuxNetwork
import Testing
import VRRPWire

/// Messages in the order of a little-endian machine, padded.
private func message(_ type: UInt16, _ body: [UInt8]) -> [UInt8] {
    let length = UInt32(16 + body.count)
    var bytes: [UInt8] = []
    withUnsafeBytes(of: length) { bytes += $0 }
    withUnsafeBytes(of: type) { bytes += $0 }
    bytes += [0, 0] + [UInt8](repeating: 0, count: 8) + body
    while bytes.count % 4 != 0 { bytes.append(0) }
    return bytes
}

private func attribute(_ type: UInt16, _ data: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: UInt16(4 + data.count)) { bytes += $0 }
    withUnsafeBytes(of: type) { bytes += $0 }
    bytes += data
    while bytes.count % 4 != 0 { bytes.append(0) }
    return bytes
}

private func native(_ number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number) { Array($0) }
}

/// ifinfomsg: family, padding, type, index, flags, change.
private func link(family: UInt8 = 0, index: UInt32 = 3, flags: UInt32 = 0x1_1043) -> [UInt8] {
    [family, 0, 1, 0] + native(index) + native(flags) + native(0)
}

private let linkAttributes =
    attribute(3, Array("eth0".utf8) + [0]) + attribute(1, [2, 0, 0, 0, 0, 1])
    + attribute(4, native(1500))

/// IFLA_LINK, IFLA_IFALIAS, and IFLA_LINKINFO with a kind and data.
private let macvlanAttributes =
    linkAttributes + attribute(5, native(2)) + attribute(20, Array("ours: 7".utf8) + [0])
    + attribute(
        18, attribute(1, Array("macvlan".utf8) + [0]) + attribute(2, attribute(1, native(4))))

/// ifaddrmsg: family, prefix, flags, scope, index.
private func address(_ family: UInt8, _ prefix: UInt8, flags: UInt8 = 0) -> [UInt8] {
    [family, prefix, flags, 253] + native(3)
}

private let golden =
    message(16, link() + linkAttributes)
    + message(20, address(2, 24) + attribute(1, [192, 0, 2, 2]) + attribute(2, [192, 0, 2, 1]))
    + message(
        20,
        address(10, 64)
            + attribute(1, [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [1])
            + attribute(8, native(0x40 | 0x20 | 0x08 | 0x100)) + attribute(11, [112]))
    + message(21, address(2, 32) + attribute(2, [10, 0, 0, 1]))
    + message(17, link() + linkAttributes)

private func parse(_ bytes: [UInt8]) -> (observations: [NetworkObservation], malformed: Int) {
    // Exactly as large as it says, for tools that watch the edges.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    var observations: [NetworkObservation] = []
    let malformed = parseObservations(UnsafeRawBufferPointer(buffer)) { observations.append($0) }
    return (observations, malformed)
}

@Suite("Netlink parser")
struct ObservationParserTests {
    @Test("golden bytes")
    func goldenBytes() throws {
        let (observations, malformed) = parse(golden)
        #expect(malformed == 0)
        try #require(observations.count == 5)
        #expect(
            observations[0]
                == .link(
                    LinkObservation(
                        index: 3, name: "eth0", isUp: true, hasCarrier: true,
                        hardwareAddress: MACAddress("02:00:00:00:00:01"), mtu: 1500,
                        isLoopback: false)))
        guard case .address(let four) = observations[1], case .address(let six) = observations[2]
        else {
            Issue.record("no addresses")
            return
        }
        #expect(four.address.description == "192.0.2.1/24", "the local end of a link")
        #expect(four.scope == 253)
        #expect(six.address.description == "2001:db8::1/64")
        #expect(six.isTentative && six.isDadFailed && six.isDeprecated && !six.isSecondary)
        #expect(six.protocolTag == 112)
        #expect(six.flags == 0x168, "IFA_FLAGS counts, not the eight bits of the header")
        #expect(
            observations[3]
                == .addressRemoved(
                    interface: 3, address: try #require(InterfaceAddress("10.0.0.1/32"))))
        #expect(observations[4] == .linkRemoved(index: 3, name: "eth0"))
    }

    @Test("a macvlan: what is below it, and what is written on it")
    func macvlan() throws {
        func observe(_ attributes: [UInt8]) -> LinkObservation? {
            let (observations, malformed) = parse(message(16, link() + attributes))
            #expect(malformed == 0)
            guard case .link(let observed) = observations.first else { return nil }
            return observed
        }
        let observed = try #require(observe(macvlanAttributes))
        #expect(observed.isMacvlan)
        #expect(observed.parentIndex == 2)
        #expect(observed.alias == "ours: 7")
        let plain = try #require(observe(linkAttributes))
        #expect(!plain.isMacvlan && plain.parentIndex == nil && plain.alias == nil)
        let other = try #require(
            observe(linkAttributes + attribute(18, attribute(1, Array("macvlans".utf8)))))
        #expect(!other.isMacvlan)
        // IFLA_LINK_NETNSID: the index means nothing here.
        let elsewhere = try #require(observe(macvlanAttributes + attribute(37, native(0))))
        #expect(elsewhere.parentIndex == nil)
        #expect(observe(linkAttributes + attribute(5, native(0)))?.parentIndex == nil)
        #expect(observe(linkAttributes + attribute(5, [1, 2]))?.parentIndex == nil)
        #expect(observe(linkAttributes + attribute(18, []) + attribute(20, []))?.alias == nil)
    }

    @Test("what is not about links is skipped; what is about bridge ports too")
    func skipped() {
        let others =
            message(24, [1, 2, 3, 4]) + message(3, [])
            + message(17, link(family: 7) + linkAttributes)
            + message(20, address(28, 24))
        let (observations, malformed) = parse(others)
        #expect(observations == [])
        #expect(malformed == 0)
    }

    @Test("malformed messages are counted, and those behind them still read")
    func malformed() {
        let bad = [
            message(16, [0, 0]),
            message(16, link(index: 0) + linkAttributes),
            message(20, address(2, 33) + attribute(2, [10, 0, 0, 1])),
            message(20, address(2, 24) + attribute(2, [10, 0, 0])),
            message(20, address(10, 64)),
            message(20, address(2, 24) + [200, 0, 2, 0]),
            message(16, link() + linkAttributes + attribute(18, [200, 0, 1, 0])),
        ]
        for (number, bytes) in bad.enumerated() {
            let (observations, malformed) = parse(bytes + golden)
            #expect(malformed == 1, "message \(number)")
            #expect(observations.count == 5, "message \(number)")
        }
    }

    @Test("an answer carries a negated errno, and the least number does not trap")
    func answers() {
        #expect([0, -17, 5, .min].map(errorNumber) == [0, 17, 0, .min])
    }

    @Test("every truncation and every flipped bit is survived")
    func damage() {
        let golden = golden + message(16, link() + macvlanAttributes)
        for length in 0..<golden.count {
            #expect(parse(Array(golden[..<length])).observations.count < 6)
        }
        for bit in 0..<golden.count * 8 {
            var bytes = golden
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(parse(bytes).observations.count <= 7)
        }
    }

    @Test("random bytes are survived")
    func random() {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        for _ in 0..<20_000 {
            var body = (0..<Int(next() % 90)).map { _ in UInt8(truncatingIfNeeded: next()) }
            if next() % 4 != 0 {
                // A header that is right, so that the rubbish reaches the attributes.
                let type = [16, 17, 20, 21][Int(next() % 4)] as UInt16
                if body.count > 4 { body[0] = [0, 2, 10][Int(next() % 3)] }
                body = message(type, body)
            }
            _ = parse(body)
        }
    }
}
