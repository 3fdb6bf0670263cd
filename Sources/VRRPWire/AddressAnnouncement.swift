// How a new Active Router tells the LAN where an address lives now: RFC 9568 §6.4.1, §6.4.2.

/// The frame that moves an address to us in the caches of hosts and the tables of switches.
package enum AddressAnnouncement {
    /// Appends a complete Ethernet frame without its check sequence.
    ///
    /// IPv4: a gratuitous ARP request, both hardware addresses ours (errata 7947 and 7949), padded
    /// to the shortest frame, since a veth or a tunnel would send a runt.
    ///
    /// IPv6: an unsolicited neighbor advertisement to all nodes, with S unset and O set. It comes
    /// from the announced address itself: that one has passed to us, and no other is certain to be
    /// ours and not tentative.
    package static func append(
        for address: IPAddress, hardwareAddress: MACAddress, isRouter: Bool,
        to buffer: inout [UInt8]
    ) {
        switch address {
        case .v4(let address):
            let start = buffer.count
            EthernetHeader(
                destination: .broadcast, source: hardwareAddress, etherType: EtherType.arp
            ).append(to: &buffer)
            ARPPacket.gratuitous(address, hardwareAddress: hardwareAddress).append(to: &buffer)
            buffer.padToMinimumFrame(from: start)
        case .v6(let address):
            EthernetHeader(
                destination: .multicast(.v6(.allNodes)), source: hardwareAddress,
                etherType: EtherType.ipv6
            ).append(to: &buffer)
            NeighborAdvertisement(
                isRouter: isRouter, isSolicited: false, overrides: true, target: address,
                targetLinkLayerAddress: hardwareAddress
            ).append(to: &buffer, source: address, destination: .allNodes)
        }
    }
}
