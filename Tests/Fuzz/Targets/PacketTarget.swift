// Everything of VRRPWire that decodes: what decodes also encodes, to the same bytes or value.

import VRRPWire

/// The first byte says what the others are; its highest bit asks for checksums and counts to be put
/// right, so that damage reaches what lies behind them.
func fuzzPacket(_ input: [UInt8]) throws(BrokenPromise) {
    var reader = InputReader(input)
    let kind = reader.byte()
    let mends = kind & 0x80 != 0
    switch kind & 7 {
    case 0: try checkFrame(reader.rest(), mends: mends)
    case 1: try checkDatagram(reader.rest(), .ipv4, mends: mends)
    case 2: try checkDatagram(reader.rest(), .ipv6, mends: mends)
    case 3:
        let header = DatagramHeader(
            source: .v4(IPv4Address(rawValue: reader.uint32())),
            destination: .v4(IPv4Address(rawValue: reader.uint32())), hopLimit: reader.byte())
        try checkMessage(reader.rest(), header, mends: mends)
    case 4:
        let header = DatagramHeader(
            source: .v6(IPv6Address(high: reader.uint64(), low: reader.uint64())),
            destination: .v6(IPv6Address(high: reader.uint64(), low: reader.uint64())),
            hopLimit: reader.byte())
        let message = reader.rest()
        try checkMessage(message, header, mends: mends)
        try checkNeighborMessage(message, header, mends: mends)
    case 5: try checkARP(reader.rest())
    case 6: try checkAddressText(String(decoding: reader.rest(), as: UTF8.self))
    default: try checkAnnouncement(&reader)
    }
}

/// From the Ethernet header down, as a receiver goes.
private func checkFrame(_ frame: [UInt8], mends: Bool) throws(BrokenPromise) {
    guard let header = try? EthernetHeader(decoding: frame.span.bytes) else {
        return try promise(frame.count < 18, "a frame of \(frame.count) bytes is refused")
    }
    try promise(header.byteCount <= frame.count, "the header is longer than the frame")
    var encoded: [UInt8] = []
    header.append(to: &encoded)
    var expected = Array(frame[..<header.byteCount])
    // The priority of a tag is not kept.
    if header.vlan != nil { expected[14] &= 0x0f }
    try promise(encoded == expected, "\(header) encodes to \(encoded)")
    if let virtual = VirtualRouterMAC(header.source) {
        try promise(virtual.address == header.source, "\(header.source) is \(virtual)")
    }
    let rest = Array(frame[header.byteCount...])
    switch header.etherType {
    case EtherType.ipv4: try checkDatagram(rest, .ipv4, mends: mends)
    case EtherType.ipv6: try checkDatagram(rest, .ipv6, mends: mends)
    case EtherType.arp: try checkARP(rest)
    default: break
    }
}

private func checkDatagram(
    _ datagram: [UInt8], _ family: AddressFamily, mends: Bool
) throws(BrokenPromise) {
    let range: Range<Int>
    let number: UInt8
    let header: DatagramHeader
    switch family {
    case .ipv4:
        let bytes = mends ? mendedIPv4Header(datagram) : datagram
        guard let decoded = try? IPv4Header(decoding: bytes.span.bytes) else { return }
        (range, number, header) =
            (decoded.payloadRange, decoded.protocolNumber, decoded.datagramHeader)
        let again = IPv4Header(
            source: decoded.source, destination: decoded.destination,
            timeToLive: decoded.timeToLive, protocolNumber: number,
            typeOfService: decoded.typeOfService, payloadByteCount: range.count)
        var encoded: [UInt8] = []
        again.append(to: &encoded)
        encoded += [UInt8](repeating: 0, count: range.count)
        let read = try? IPv4Header(decoding: encoded.span.bytes)
        try promise(again == read, "\(again) is read as \(String(describing: read))")
    case .ipv6:
        guard let decoded = try? IPv6Header(decoding: datagram.span.bytes) else { return }
        (range, number, header) = (decoded.payloadRange, decoded.nextHeader, decoded.datagramHeader)
        var encoded: [UInt8] = []
        decoded.append(to: &encoded)
        var expected = Array(datagram[..<IPv6Header.byteCount])
        // The flow label is not kept.
        expected.replaceSubrange(1..<4, with: [expected[1] & 0xf0, 0, 0])
        try promise(encoded == expected, "\(decoded) encodes to \(encoded)")
    }
    try promise(range.upperBound <= datagram.count, "the payload ends behind the datagram")
    let payload = Array(datagram[range])
    if number == IPProtocolNumber.vrrp { try checkMessage(payload, header, mends: mends) }
    if number == IPProtocolNumber.icmpv6, family == .ipv6 {
        try checkNeighborMessage(payload, header, mends: mends)
    }
}

private func checkARP(_ bytes: [UInt8]) throws(BrokenPromise) {
    guard let packet = try? ARPPacket(decoding: bytes.span.bytes) else { return }
    var encoded: [UInt8] = []
    packet.append(to: &encoded)
    try promise(
        encoded == Array(bytes[..<ARPPacket.byteCount]), "\(packet) encodes to \(encoded)")
    let answer = packet.reply(hardwareAddress: .broadcast)
    try promise(answer.targetAddress == packet.senderAddress, "the answer goes elsewhere")
}

private func checkNeighborMessage(
    _ payload: [UInt8], _ header: DatagramHeader, mends: Bool
) throws(BrokenPromise) {
    guard case .v6(let source) = header.source, case .v6(let destination) = header.destination
    else { return }
    let message =
        mends ? mended(payload, header, number: IPProtocolNumber.icmpv6, at: 2) : payload
    if let value = try? NeighborSolicitation(decoding: message.span.bytes, header: header) {
        var encoded: [UInt8] = []
        value.append(to: &encoded, source: source, destination: destination)
        let bytes = Array(encoded.dropFirst(IPv6Header.byteCount))
        let again = try? NeighborSolicitation(decoding: bytes.span.bytes, header: header)
        try promise(again == value, "\(value) comes back as \(String(describing: again))")
    }
    if let value = try? NeighborAdvertisement(decoding: message.span.bytes, header: header) {
        var encoded: [UInt8] = []
        value.append(to: &encoded, source: source, destination: destination)
        let bytes = Array(encoded.dropFirst(IPv6Header.byteCount))
        let again = try? NeighborAdvertisement(decoding: bytes.span.bytes, header: header)
        try promise(again == value, "\(value) comes back as \(String(describing: again))")
    }
    if let value = try? RouterSolicitation(decoding: message.span.bytes, header: header) {
        var encoded: [UInt8] = []
        value.append(to: &encoded, source: source, destination: destination)
        let bytes = Array(encoded.dropFirst(IPv6Header.byteCount))
        let again = try? RouterSolicitation(decoding: bytes.span.bytes, header: header)
        try promise(again == value, "\(value) comes back as \(String(describing: again))")
    }
    try checkRouterAdvertisement(message, header, source, destination)
}

/// One that is too long for its datagram loses options, and is well-formed all the same.
private func checkRouterAdvertisement(
    _ message: [UInt8], _ header: DatagramHeader, _ source: IPv6Address,
    _ destination: IPv6Address
) throws(BrokenPromise) {
    guard let value = try? RouterAdvertisement(decoding: message.span.bytes, header: header)
    else { return }
    var encoded: [UInt8] = []
    value.append(to: &encoded, source: source, destination: destination)
    let bytes = Array(encoded.dropFirst(IPv6Header.byteCount))
    try promise(bytes.count <= RouterAdvertisement.maximumByteCount, "\(bytes.count) bytes")
    guard let again = try? RouterAdvertisement(decoding: bytes.span.bytes, header: header) else {
        throw BrokenPromise(description: "\(value) encodes to \(bytes)")
    }
    guard value.byteCount <= RouterAdvertisement.maximumByteCount else { return }
    try promise(bytes.count == value.byteCount, "\(value) encodes to \(bytes.count) bytes")
    try promise(again == value, "\(value) comes back as \(again)")
}

private func checkAddressText(_ text: String) throws(BrokenPromise) {
    if let address = IPAddress(text) {
        try promise(IPAddress(address.description) == address, "\(text) became \(address)")
    }
    if let address = InterfaceAddress(text) {
        try promise(InterfaceAddress(address.description) == address, "\(text) became \(address)")
    }
    if let address = MACAddress(text) {
        try promise(MACAddress(address.description) == address, "\(text) became \(address)")
    }
}

/// What a new Active Router sends decodes at every neighbour.
private func checkAnnouncement(_ reader: inout InputReader) throws(BrokenPromise) {
    let flags = reader.byte()
    let hardwareAddress = MACAddress(rawValue: reader.uint64())
    let address: IPAddress =
        flags & 1 == 0
        ? .v4(IPv4Address(rawValue: reader.uint32()))
        : .v6(IPv6Address(high: reader.uint64(), low: reader.uint64()))
    var frame: [UInt8] = []
    AddressAnnouncement.append(
        for: address, hardwareAddress: hardwareAddress, isRouter: flags & 2 != 0, to: &frame)
    let header = try? EthernetHeader(decoding: frame.span.bytes)
    try promise(header?.source == hardwareAddress, "the frame comes from elsewhere")
    try checkFrame(frame, mends: false)
}

/// The same datagram with the checksum of its header put right.
private func mendedIPv4Header(_ datagram: [UInt8]) -> [UInt8] {
    guard let first = datagram.first else { return datagram }
    let count = 4 * Int(first & 0xf)
    guard count >= IPv4Header.minimumByteCount, count <= datagram.count else { return datagram }
    var header = Array(datagram[..<count])
    header.store(bigEndian: 0, at: 10)
    var checksum = InternetChecksum()
    checksum.add(header)
    header.store(bigEndian: checksum.value, at: 10)
    return header + datagram[count...]
}
