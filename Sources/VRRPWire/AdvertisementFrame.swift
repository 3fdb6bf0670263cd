// An advertisement as the Active Router puts it on the LAN: Ethernet, IP, message. RFC 9568 §5.1,
// §7.2, §7.3. Built once; what differs from packet to packet is overwritten in place.

/// A complete Ethernet frame without its check sequence, and where the message in it is.
package struct AdvertisementFrame: Equatable, Sendable {
    package private(set) var bytes: [UInt8]
    /// The message, trailer included: `Advertisement.setPriority(_:inMessageAt:of:)` and
    /// `AuthenticationTrailer.store` work on copies of the frame, too.
    package let messageRange: Range<Int>
    /// Whether the last 28 bytes of the message are reserved for an `AuthenticationTrailer`.
    package let hasTrailer: Bool
    package let source: IPAddress

    /// Who is to receive a frame.
    package enum Recipient: Equatable, Sendable, BitwiseCopyable {
        /// The group of all VRRP routers (RFC 9568 §5.1.1.2, §5.1.2.2).
        case group
        /// One peer, or the router on the way to it.
        case peer(IPAddress, MACAddress)
    }

    /// TTL or Hop Limit is 255 (RFC 9568 §5.1.1.3, §5.1.2.3), type of service or traffic class 0xc0,
    /// and a short frame is filled up to 60 bytes.
    ///
    /// `hardwareSource` is the virtual router's own address unless another one is asked for: bridges
    /// learn from it where the Active Router is (RFC 9568 §7.2). `vlan` is a VLAN identifier,
    /// 0…4095, for an 802.1Q tag. Nil when `source` and the recipient are of different families, and
    /// for version 2 over IPv6.
    package init?(
        _ advertisement: Advertisement, source: IPAddress, to recipient: Recipient = .group,
        hardwareSource: MACAddress? = nil, vlan: UInt16? = nil,
        checksumForm: ChecksumForm = .rfc9568, reservesTrailer: Bool = false
    ) {
        let family = source.family
        guard advertisement.version == .v3 || family == .ipv4 else { return nil }
        let destination: IPAddress
        let hardwareDestination: MACAddress
        switch recipient {
        case .group:
            destination = .vrrpGroup(family)
            hardwareDestination = .multicast(destination)
        case .peer(let address, let hardwareAddress):
            (destination, hardwareDestination) = (address, hardwareAddress)
        }
        let message = advertisement.encoded(
            source: source, destination: destination, checksumForm: checksumForm,
            reservesTrailer: reservesTrailer)
        var frame: [UInt8] = []
        EthernetHeader(
            destination: hardwareDestination,
            source: hardwareSource ?? .virtualRouter(advertisement.vrid, family),
            etherType: family == .ipv4 ? EtherType.ipv4 : EtherType.ipv6, vlan: vlan
        ).append(to: &frame)
        switch (source, destination) {
        case (.v4(let source), .v4(let destination)):
            IPv4Header(source: source, destination: destination, payloadByteCount: message.count)
                .append(to: &frame)
        case (.v6(let source), .v6(let destination)):
            IPv6Header(source: source, destination: destination, payloadByteCount: message.count)
                .append(to: &frame)
        case (.v4, .v6), (.v6, .v4):
            return nil
        }
        messageRange = frame.count..<frame.count + message.count
        frame += message
        frame.padToMinimumFrame()
        bytes = frame
        hasTrailer = reservesTrailer
        self.source = source
    }

    /// Overwrites the priority. A trailer is to be stored after it, since it covers it.
    package mutating func setPriority(_ priority: Priority) {
        Advertisement.setPriority(priority, inMessageAt: messageRange.lowerBound, of: &bytes)
    }

    /// What the tag of `trailer` in this frame is the hash of; empty without room for a trailer.
    package func authenticatedBytes(for trailer: AuthenticationTrailer) -> [UInt8] {
        guard hasTrailer else { return [] }
        var result: [UInt8] = []
        // Called unsafe because of types with padding; bytes have none.
        let message = unsafe bytes.span.bytes.extracting(messageRange)
        trailer.appendAuthenticatedBytes(of: message, source: source, to: &result)
        return result
    }

    /// Overwrites the trailer; a frame without room for one stays as it is.
    package mutating func setTrailer(_ trailer: AuthenticationTrailer) {
        guard hasTrailer else { return }
        trailer.store(inMessageAt: messageRange, of: &bytes, family: source.family)
    }
}

extension Array where Element == UInt8 {
    /// Fills a frame up, since hardware does so by itself, but a veth or a tunnel does not.
    mutating func padToMinimumFrame(from start: Int = 0) {
        let missing = EthernetHeader.minimumFrameByteCount - (count - start)
        if missing > 0 { append(contentsOf: repeatElement(0, count: missing)) }
    }
}
