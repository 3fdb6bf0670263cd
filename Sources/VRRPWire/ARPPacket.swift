// ARP for IPv4 over Ethernet (RFC 826): who has this address, and the answer.

/// Why bytes are not a message of ARP or Neighbor Discovery that we may act upon.
package enum NeighborMessageError: Error, Equatable, Sendable, BitwiseCopyable {
    /// Shorter than its fixed part.
    case truncated(Int)
    /// ARP for something else than IPv4 over Ethernet.
    case notIPv4OverEthernet
    /// ARP: neither request nor reply.
    case operation(UInt16)
    /// Neighbor Discovery: not 255 (RFC 4861 §6.1, §7.1).
    case hopLimit(UInt8)
    case checksum
    /// ICMPv6: another type than the one expected.
    case type(UInt8)
    /// ICMPv6: not 0.
    case code(UInt8)
    /// The target is no address of one interface.
    case multicastTarget
    /// An option of length 0, or one that ends behind the message.
    case malformedOptions
    /// A solicitation from nowhere with a link-layer address, or for duplicate address detection to
    /// the wrong group, or a solicited advertisement to a group.
    case contradiction
    /// A router advertisement that does not come from a link-local address (RFC 4861 §6.1.2).
    case sourceNotLinkLocal
}

/// An ARP request or reply.
package struct ARPPacket: Equatable, Sendable, BitwiseCopyable {
    package enum Operation: UInt16, Sendable, BitwiseCopyable {
        case request = 1
        case reply = 2
    }

    package var operation: Operation
    package var senderHardwareAddress: MACAddress
    package var senderAddress: IPv4Address
    package var targetHardwareAddress: MACAddress
    package var targetAddress: IPv4Address

    package init(
        operation: Operation, senderHardwareAddress: MACAddress, senderAddress: IPv4Address,
        targetHardwareAddress: MACAddress, targetAddress: IPv4Address
    ) {
        self.operation = operation
        self.senderHardwareAddress = senderHardwareAddress
        self.senderAddress = senderAddress
        self.targetHardwareAddress = targetHardwareAddress
        self.targetAddress = targetAddress
    }

    /// The gratuitous request by which a router announces an address. The target hardware address
    /// is its own, too (RFC 9568 §6.4.1, §6.4.2, errata 7947 and 7949).
    package static func gratuitous(
        _ address: IPv4Address, hardwareAddress: MACAddress
    ) -> ARPPacket {
        ARPPacket(
            operation: .request, senderHardwareAddress: hardwareAddress, senderAddress: address,
            targetHardwareAddress: hardwareAddress, targetAddress: address)
    }

    /// The answer of `hardwareAddress` to this request.
    package func reply(hardwareAddress: MACAddress) -> ARPPacket {
        ARPPacket(
            operation: .reply, senderHardwareAddress: hardwareAddress, senderAddress: targetAddress,
            targetHardwareAddress: senderHardwareAddress, targetAddress: senderAddress)
    }

    /// Reads the 28 bytes behind the Ethernet header; what follows them is padding.
    package init(decoding bytes: RawSpan) throws(NeighborMessageError) {
        guard bytes.byteCount >= Self.byteCount else { throw .truncated(bytes.byteCount) }
        var reader = ByteReader()
        do {
            let kind = try reader.uint32(bytes)
            let lengths = try reader.uint16(bytes)
            guard kind == Self.ethernetAndIPv4, lengths == Self.lengths else {
                throw NeighborMessageError.notIPv4OverEthernet
            }
            let operation = try reader.uint16(bytes)
            guard let known = Operation(rawValue: operation) else {
                throw NeighborMessageError.operation(operation)
            }
            self.operation = known
            senderHardwareAddress = try reader.macAddress(bytes)
            senderAddress = try reader.ipv4Address(bytes)
            targetHardwareAddress = try reader.macAddress(bytes)
            targetAddress = try reader.ipv4Address(bytes)
        } catch let error as NeighborMessageError {
            throw error
        } catch {
            throw .truncated(bytes.byteCount)
        }
    }

    /// Appends 28 bytes.
    package func append(to buffer: inout [UInt8]) {
        buffer.append(bigEndian: Self.ethernetAndIPv4)
        buffer.append(bigEndian: Self.lengths)
        buffer.append(bigEndian: operation.rawValue)
        buffer.append(senderHardwareAddress)
        buffer.append(.v4(senderAddress))
        buffer.append(targetHardwareAddress)
        buffer.append(.v4(targetAddress))
    }

    package static let byteCount = 28

    /// Hardware type 1, protocol type 0x0800.
    private static let ethernetAndIPv4: UInt32 = 0x0001_0800
    /// Six bytes of hardware address, four of protocol address.
    private static let lengths: UInt16 = 0x0604
}
