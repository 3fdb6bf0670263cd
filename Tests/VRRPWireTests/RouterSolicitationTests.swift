// A host that asks for a router (RFC 4861 §4.1, §6.1.1).

import Testing
import VRRPWire

private let host = IPv6Address(high: 0xfe80 << 48, low: 0x99)
private let hostMAC = MACAddress(rawValue: 0x0200_0000_0099)

@Suite("Router solicitations")
struct RouterSolicitationTests {
    private let header = DatagramHeader(
        source: .v6(host), destination: .v6(.allRouters), hopLimit: 255)

    /// Type 133, code, checksum, reserved, and the source link-layer address.
    private let golden = "850078fc" + "00000000" + "0101020000000099"

    @Test("golden bytes, and round trips")
    func goldenBytes() throws {
        var datagram: [UInt8] = []
        RouterSolicitation(sourceLinkLayerAddress: hostMAC).append(to: &datagram, source: host)
        #expect(
            hexadecimal(datagram)
                == "6000000000103aff" + "fe800000000000000000000000000099"
                + "ff020000000000000000000000000002" + golden)
        let read = try RouterSolicitation(bytes: bytes(golden), header: header)
        #expect(read.sourceLinkLayerAddress == hostMAC)

        datagram = []
        RouterSolicitation(sourceLinkLayerAddress: nil).append(to: &datagram, source: .any)
        #expect(datagram.count == 48)
        var nowhere = header
        nowhere.source = .v6(.any)
        #expect(
            try RouterSolicitation(bytes: datagram[40...], header: nowhere)
                == RouterSolicitation(sourceLinkLayerAddress: nil))
    }

    @Test("every flipped bit and every truncation is refused")
    func damaged() {
        let message = bytes(golden)
        forEachFlippedBit(of: message) { bit, damaged in
            #expect((try? RouterSolicitation(bytes: damaged, header: header)) == nil, "bit \(bit)")
        }
        for count in 0..<message.count {
            #expect((try? RouterSolicitation(bytes: message[..<count], header: header)) == nil)
        }
    }

    @Test("RFC 4861 §6.1.1: hop limit, type, code, options, and no address without one")
    func invalid() {
        func refusal(
            _ header: DatagramHeader, _ change: (inout [UInt8]) -> Void
        ) -> NeighborMessageError? {
            var message = bytes(golden)
            change(&message)
            do {
                _ = try RouterSolicitation(bytes: mendedICMPv6(message, header), header: header)
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal(header) { _ in } == nil)
        #expect(refusal(header) { $0[4] = 0xff } == nil)
        #expect(refusal(header) { $0 += [14, 1, 1, 2, 3, 4, 5, 6] } == nil)
        #expect(refusal(header) { $0[0] = 134 } == .type(134))
        #expect(refusal(header) { $0[1] = 1 } == .code(1))
        #expect(refusal(header) { $0[9] = 0 } == .malformedOptions)
        #expect(refusal(header) { $0.removeLast(9) } == .truncated(7))
        var far = header
        far.hopLimit = 64
        #expect(refusal(far) { _ in } == .hopLimit(64))
        var nowhere = header
        nowhere.source = .v6(.any)
        #expect(refusal(nowhere) { _ in } == .contradiction)
    }
}
