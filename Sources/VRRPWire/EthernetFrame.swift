// The header of an Ethernet frame, with or without an 802.1Q tag.

/// The numbers of what Ethernet carries for us.
package enum EtherType {
    package static let ipv4: UInt16 = 0x0800
    package static let arp: UInt16 = 0x0806
    package static let ipv6: UInt16 = 0x86dd
    /// A tag of four bytes stands in front of the real type.
    package static let vlan: UInt16 = 0x8100
}

/// The header of an Ethernet frame.
package struct EthernetHeader: Equatable, Sendable, BitwiseCopyable {
    package var destination: MACAddress
    package var source: MACAddress
    /// Of the payload: behind the tag, if there is one.
    package var etherType: UInt16
    /// The VLAN identifier of an 802.1Q tag, 0…4095, without priority; nil without a tag. Kernels
    /// commonly remove the tag before a packet socket sees the frame.
    package var vlan: UInt16?

    package init(
        destination: MACAddress, source: MACAddress, etherType: UInt16, vlan: UInt16? = nil
    ) {
        self.destination = destination
        self.source = source
        self.etherType = etherType
        self.vlan = vlan
    }

    package init(decoding bytes: RawSpan) throws(EndOfBytes) {
        var reader = ByteReader()
        destination = try reader.macAddress(bytes)
        source = try reader.macAddress(bytes)
        let type = try reader.uint16(bytes)
        if type == EtherType.vlan {
            vlan = try reader.uint16(bytes) & Self.vlanMask
            etherType = try reader.uint16(bytes)
        } else {
            etherType = type
        }
    }

    package func append(to buffer: inout [UInt8]) {
        buffer.append(destination)
        buffer.append(source)
        if let vlan {
            buffer.append(bigEndian: EtherType.vlan)
            buffer.append(bigEndian: vlan & Self.vlanMask)
        }
        buffer.append(bigEndian: etherType)
    }

    /// Where the payload starts.
    package var byteCount: Int { vlan == nil ? 14 : 18 }

    /// The shortest frame, without its check sequence. Hardware pads shorter ones by itself, but
    /// not every virtual device does.
    package static let minimumFrameByteCount = 60

    private static let vlanMask: UInt16 = 0x0fff
}
