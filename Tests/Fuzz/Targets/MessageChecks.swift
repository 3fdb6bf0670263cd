// A VRRP message: the two decoders agree, encoding gives it back, the priority can be overwritten.

import VRRPWire

func checkMessage(
    _ payload: [UInt8], _ header: DatagramHeader, mends: Bool
) throws(BrokenPromise) {
    try checkTrailer(payload, header, mends: mends)
    let message = mends ? mendedMessage(payload, header) : payload
    let fields: AdvertisementHeader
    do throws(DiscardReason) {
        fields = try AdvertisementHeader(decoding: message.span.bytes, header: header)
    } catch {
        let other = try? Advertisement(decoding: message.span.bytes, header: header)
        try promise(other == nil, "discarded (\(error)), and yet an advertisement")
        try promise(
            !error.description.isEmpty && !error.clause.isEmpty, "\(error) has no sentence")
        return
    }
    guard let whole = try? Advertisement(decoding: message.span.bytes, header: header) else {
        throw BrokenPromise(description: "a header, and yet no advertisement")
    }
    try promise(
        fields.vrid == whole.vrid && fields.priority == whole.priority
            && fields.maxAdvertiseInterval == whole.maxAdvertiseInterval
            && fields.addressCount == whole.addresses.count && fields.version == whole.version,
        "\(fields) and \(whole) are not the same")
    try checkAddresses(of: fields, whole.addresses, message)
    try checkEncoding(of: whole, fields.checksumForm ?? .rfc9568, message, header)
    try checkSetPriority(fields, message, header)
    try checkFrame(of: whole, fields.checksumForm ?? .rfc9568, message, header)
}

/// The frame that the sender would build of it has it in the place that it says.
private func checkFrame(
    of whole: Advertisement, _ form: ChecksumForm, _ message: [UInt8], _ header: DatagramHeader
) throws(BrokenPromise) {
    let frame = AdvertisementFrame(
        whole, source: header.source, to: .peer(header.destination, .broadcast),
        checksumForm: form)
    guard let frame else {
        let fits = header.source.family == header.destination.family
        return try promise(!fits, "no frame for \(whole)")
    }
    let inside = Array(frame.bytes[frame.messageRange])
    let again = try? Advertisement(decoding: inside.span.bytes, header: header)
    try promise(again == whole, "\(whole) comes back as \(String(describing: again))")
    try promise(frame.bytes.count >= EthernetHeader.minimumFrameByteCount, "a runt")
}

/// A message with 28 bytes more is one only for whoever was told; the trailer encodes to the same.
private func checkTrailer(
    _ payload: [UInt8], _ header: DatagramHeader, mends: Bool
) throws(BrokenPromise) {
    let count = AuthenticationTrailer.byteCount
    var message = payload
    if mends, payload.count >= AdvertisementHeader.addressesOffset + count {
        message = mendedMessage(Array(payload.dropLast(count)), header) + payload.suffix(count)
        if header.source.family == .ipv6 {
            message = mended(message, header, number: IPProtocolNumber.vrrp, at: 6)
        }
    }
    let told = try? AdvertisementHeader(
        decoding: message.span.bytes, header: header, acceptsTrailer: true)
    let untold = try? AdvertisementHeader(decoding: message.span.bytes, header: header)
    guard let told, told.hasTrailer else {
        return try promise(told == untold, "without a trailer it makes a difference")
    }
    try promise(untold == nil, "a trailer, and nobody was told")
    guard let trailer = try? told.trailer(in: message.span.bytes) else { return }
    var encoded: [UInt8] = []
    trailer.append(to: &encoded)
    try promise(encoded == message.suffix(count), "\(trailer) encodes to \(encoded)")
    var hashed: [UInt8] = []
    trailer.appendAuthenticatedBytes(of: message.span.bytes, source: header.source, to: &hashed)
    try promise(hashed.count == 20 + message.count, "\(hashed.count) bytes are hashed")
    // Another trailer in its place keeps the checksum.
    var other = trailer
    other.stamp = trailer.stamp.successor
    other.keyID = ~trailer.keyID
    var buffer: [UInt8] = [1, 2, 3] + message
    other.store(inMessageAt: 3..<buffer.count, of: &buffer, family: header.source.family)
    let changed = Array(buffer.dropFirst(3))
    let read = try? AdvertisementHeader(
        decoding: changed.span.bytes, header: header, acceptsTrailer: true)
    try promise(read == told, "with another trailer: \(String(describing: read))")
}

private func checkAddresses(
    of fields: AdvertisementHeader, _ addresses: [IPAddress], _ message: [UInt8]
) throws(BrokenPromise) {
    let span = message.span.bytes
    try promise(fields.addressesMatch(addresses, in: span), "the list does not match itself")
    try promise(
        fields.addressesMatch(addresses.reversed(), in: span), "the order makes a difference")
    try promise(!fields.addressesMatch(addresses.dropLast(), in: span), "a shorter list matches")
    let outside = [-1, fields.addressCount].compactMap { fields.address(at: $0, in: span) }
    try promise(outside.isEmpty, "an address outside the list: \(outside)")
    // Another span than its own is safe.
    let short = [UInt8](repeating: 0, count: 7)
    _ = fields.addressesMatch(addresses, in: short.span.bytes)
    _ = fields.authenticationData(in: short.span.bytes)
}

private func checkEncoding(
    of whole: Advertisement, _ form: ChecksumForm, _ message: [UInt8], _ header: DatagramHeader
) throws(BrokenPromise) {
    let encoded = whole.encoded(
        source: header.source, destination: header.destination, checksumForm: form)
    let again = try? Advertisement(decoding: encoded.span.bytes, header: header)
    try promise(again == whole, "\(whole) comes back as \(String(describing: again))")
    // Reserved bits are not kept, and one's complement has two zeros.
    let hasReservedBits = whole.version == .v3 && message[4] & 0xf0 != 0
    guard !hasReservedBits else { return }
    let isSame =
        encoded == message
        || (encoded[..<6] == message[..<6] && encoded[8...] == message[8...]
            && Set([checksum(encoded), checksum(message)]) == [0, 0xffff])
    try promise(isSame, "\(whole) encodes to \(encoded)")
}

private func checksum(_ message: [UInt8]) -> UInt16 { UInt16(message[6]) << 8 | UInt16(message[7]) }

private func checkSetPriority(
    _ fields: AdvertisementHeader, _ message: [UInt8], _ header: DatagramHeader
) throws(BrokenPromise) {
    for number in [0, 1, 255, ~fields.priority.rawValue] as [UInt8] {
        var buffer: [UInt8] = [1, 2, 3] + message
        Advertisement.setPriority(Priority(number), inMessageAt: 3, of: &buffer)
        let changed = Array(buffer.dropFirst(3))
        let read = try? AdvertisementHeader(decoding: changed.span.bytes, header: header)
        var expected = fields
        expected.priority = Priority(number)
        try promise(read == expected, "with priority \(number): \(String(describing: read))")
        Advertisement.setPriority(Priority(number), inMessageAt: buffer.count - 7, of: &buffer)
        try promise(buffer.dropFirst(3) == changed[...], "written behind the message")
    }
}

/// The same message with an address count that its length makes possible and a checksum that is
/// right. Version 3 over IPv4 has two forms: that of RFC 5798 if the wrong one was odd.
func mendedMessage(_ message: [UInt8], _ header: DatagramHeader) -> [UInt8] {
    guard message.count >= AdvertisementHeader.addressesOffset else { return message }
    let covers =
        message[0] >> 4 == 3 && (header.source.family == .ipv6 || message[7] & 1 != 0)
    let trailer = message[0] >> 4 == 2 ? AdvertisementHeader.authenticationDataByteCount : 0
    let room = message.count - AdvertisementHeader.addressesOffset - trailer
    var result = message
    result[3] = UInt8(clamping: room / header.source.family.addressByteCount)
    guard !covers else {
        return mended(result, header, number: IPProtocolNumber.vrrp, at: 6)
    }
    result.store(bigEndian: 0, at: 6)
    var checksum = InternetChecksum()
    checksum.add(result)
    result.store(bigEndian: checksum.value, at: 6)
    return result
}

/// The same message with the checksum at `offset` put right, pseudo-header included.
func mended(
    _ message: [UInt8], _ header: DatagramHeader, number: UInt8, at offset: Int
) -> [UInt8] {
    guard message.count >= offset + 2 else { return message }
    var result = message
    result.store(bigEndian: 0, at: offset)
    var checksum = InternetChecksum()
    checksum.add(result)
    checksum.addPseudoHeader(
        source: header.source, destination: header.destination, protocolNumber: number,
        length: message.count)
    result.store(bigEndian: checksum.value, at: offset)
    return result
}
