// The header of an IPv4 datagram (RFC 791 §3.1), where a raw or packet socket shows it.

/// The fields of an IPv4 header that we read or choose.
package struct IPv4Header: Equatable, Sendable, BitwiseCopyable {
    package var source: IPv4Address
    package var destination: IPv4Address
    package var timeToLive: UInt8
    package var protocolNumber: UInt8
    package var typeOfService: UInt8
    /// 20…60, options included.
    package var headerByteCount: Int
    /// Of header and payload together.
    package var totalLength: Int

    /// A header to send, without options.
    package init(
        source: IPv4Address, destination: IPv4Address,
        timeToLive: UInt8 = DatagramHeader.requiredHopLimit,
        protocolNumber: UInt8 = IPProtocolNumber.vrrp,
        typeOfService: UInt8 = TrafficClass.internetworkControl, payloadByteCount: Int
    ) {
        self.source = source
        self.destination = destination
        self.timeToLive = timeToLive
        self.protocolNumber = protocolNumber
        self.typeOfService = typeOfService
        headerByteCount = Self.minimumByteCount
        let room = Int(UInt16.max) - Self.minimumByteCount
        totalLength = Self.minimumByteCount + min(max(payloadByteCount, 0), room)
    }

    /// Reads the header of a complete datagram; bytes behind it are the padding of Ethernet.
    ///
    /// Options are skipped. A fragment is refused, since its payload is not a message; from a raw
    /// socket none arrive. The header's checksum is verified, since packet sockets show datagrams
    /// to us before the kernel has looked at them.
    package init(decoding bytes: RawSpan) throws(DiscardReason) {
        guard bytes.byteCount >= Self.minimumByteCount, bytes.byte(at: 0) >> 4 == 4 else {
            throw .malformedIPHeader
        }
        headerByteCount = 4 * Int(bytes.byte(at: 0) & 0xf)
        typeOfService = bytes.byte(at: 1)
        totalLength = Int(bytes.byte(at: 2)) << 8 | Int(bytes.byte(at: 3))
        let isFragment = bytes.byte(at: 6) & 0x3f != 0 || bytes.byte(at: 7) != 0
        guard
            headerByteCount >= Self.minimumByteCount, headerByteCount <= totalLength,
            totalLength <= bytes.byteCount, !isFragment
        else { throw .malformedIPHeader }
        var checksum = InternetChecksum()
        checksum.add(bytes.extracting(0..<headerByteCount))
        guard checksum.value == 0 else { throw .malformedIPHeader }
        timeToLive = bytes.byte(at: 8)
        protocolNumber = bytes.byte(at: 9)
        var reader = ByteReader(at: 12)
        do {
            source = try reader.ipv4Address(bytes)
            destination = try reader.ipv4Address(bytes)
        } catch {
            throw .malformedIPHeader
        }
    }

    /// Appends 20 bytes with their checksum. The identification is zero, as for every datagram that
    /// is never fragmented (RFC 6864 §4.1).
    package func append(to buffer: inout [UInt8]) {
        let start = buffer.count
        buffer.append(0x45)
        buffer.append(typeOfService)
        buffer.append(bigEndian: UInt16(clamping: totalLength))
        buffer.append(bigEndian: UInt32(0))
        buffer.append(timeToLive)
        buffer.append(protocolNumber)
        buffer.append(bigEndian: UInt16(0))
        buffer.append(.v4(source))
        buffer.append(.v4(destination))
        var checksum = InternetChecksum()
        checksum.add(buffer, from: start)
        buffer.store(bigEndian: checksum.value, at: start + 10)
    }

    /// Where the payload is, counted from the start of the header.
    package var payloadRange: Range<Int> { headerByteCount..<max(headerByteCount, totalLength) }

    /// What VRRP wants to know of it.
    package var datagramHeader: DatagramHeader {
        DatagramHeader(source: .v4(source), destination: .v4(destination), hopLimit: timeToLive)
    }

    package static let minimumByteCount = 20
}
