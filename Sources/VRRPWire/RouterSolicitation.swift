// A host that asks for a router: RFC 4861 §4.1, read as §6.1.1 demands.

/// Is there a router? The Active Router answers with a `RouterAdvertisement` (RFC 9568 §8.2.3).
package struct RouterSolicitation: Equatable, Sendable, BitwiseCopyable {
    /// Absent where the host does not say it, and always where it has no address yet.
    package var sourceLinkLayerAddress: MACAddress?

    package init(sourceLinkLayerAddress: MACAddress?) {
        self.sourceLinkLayerAddress = sourceLinkLayerAddress
    }

    /// Reads an ICMPv6 message, valid by RFC 4861 §6.1.1.
    package init(
        decoding message: RawSpan, header: DatagramHeader
    ) throws(NeighborMessageError) {
        try NeighborDiscoveryMessage.check(
            message, header: header, type: NeighborDiscoveryType.routerSolicitation,
            fixedByteCount: Self.fixedByteCount)
        sourceLinkLayerAddress = try NeighborOptions.linkLayerAddress(
            NeighborOptionType.sourceLinkLayerAddress, in: message, from: Self.fixedByteCount)
        guard header.source != .v6(.any) || sourceLinkLayerAddress == nil else {
            throw .contradiction
        }
    }

    /// Appends an IPv6 datagram.
    package func append(
        to buffer: inout [UInt8], source: IPv6Address, destination: IPv6Address = .allRouters
    ) {
        var body: [UInt8] = []
        body.append(bigEndian: UInt32(0))
        if let sourceLinkLayerAddress {
            body.append(
                neighborOption: NeighborOptionType.sourceLinkLayerAddress, sourceLinkLayerAddress)
        }
        NeighborDiscoveryMessage.append(
            type: NeighborDiscoveryType.routerSolicitation, body: body, to: &buffer,
            source: source, destination: destination)
    }

    /// Up to the options.
    private static let fixedByteCount = 8
}
