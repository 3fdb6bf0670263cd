// An advertisement as a whole value: what is sent, and what tools and tests look at.
// Encoding is total: whatever the value, the bytes are a well-formed message.

/// An advertisement with its addresses.
package struct Advertisement: Equatable, Sendable {
    package var version: VRRPVersion
    package var vrid: VirtualRouterID
    package var priority: Priority
    package var maxAdvertiseInterval: Duration
    /// In the order of the configuration: it is the same on all routers if their configurations are
    /// (RFC 9568 §5.2.9).
    package var addresses: [IPAddress]
    /// Version 2 only; nil means type 0 and eight zeros.
    package var authentication: Authentication?

    package init(
        version: VRRPVersion = .v3, vrid: VirtualRouterID, priority: Priority = .standard,
        maxAdvertiseInterval: Duration = .seconds(1), addresses: [IPAddress],
        authentication: Authentication? = nil
    ) {
        self.version = version
        self.vrid = vrid
        self.priority = priority
        self.maxAdvertiseInterval = maxAdvertiseInterval
        self.addresses = addresses
        self.authentication = authentication
    }

    /// Reads what `AdvertisementHeader` reads, and copies the rest, but for a trailer.
    package init(
        decoding message: RawSpan, header: DatagramHeader, acceptsTrailer: Bool = false
    ) throws(DiscardReason) {
        let fields = try AdvertisementHeader(
            decoding: message, header: header, acceptsTrailer: acceptsTrailer)
        version = fields.version
        vrid = fields.vrid
        priority = fields.priority
        maxAdvertiseInterval = fields.maxAdvertiseInterval
        addresses = []
        addresses.reserveCapacity(fields.addressCount)
        for index in 0..<fields.addressCount {
            if let address = fields.address(at: index, in: message) { addresses.append(address) }
        }
        if let data = fields.authenticationData(in: message),
            fields.authenticationType != 0 || data != 0
        {
            authentication = Authentication(type: fields.authenticationType, data: data)
        }
    }
}

extension Advertisement {
    /// The message as it is sent from `source` to `destination`.
    ///
    /// The interval is rounded to the units of the version and kept within what its field can say:
    /// 1…4095 cs in version 3, 1…255 s in version 2. Addresses of another family than `source`, and
    /// any beyond the 255th, have no place in a message and are left out; a configuration that asks
    /// for them is refused long before. With `reservesTrailer` 28 zeros follow, where
    /// `AuthenticationTrailer.store` puts what is different in every packet.
    package func encoded(
        source: IPAddress, destination: IPAddress, checksumForm: ChecksumForm,
        reservesTrailer: Bool = false
    ) -> [UInt8] {
        let family = version == .v2 ? .ipv4 : source.family
        let sent = addresses.lazy.filter { $0.family == family }.prefix(Int(UInt8.max))
        let count = sent.count
        let trailer = reservesTrailer ? AuthenticationTrailer.byteCount : 0
        var message: [UInt8] = []
        message.reserveCapacity(
            AdvertisementHeader.byteCount(version, family, addressCount: count) + trailer)
        message.append(version.rawValue << 4 | AdvertisementHeader.advertisementType)
        message.append(vrid.rawValue)
        message.append(priority.rawValue)
        message.append(UInt8(truncatingIfNeeded: count))
        switch version {
        case .v2:
            message.append(authentication?.type ?? 0)
            message.append(UInt8(clamping: Self.seconds(maxAdvertiseInterval)))
        case .v3:
            message.append(bigEndian: Self.centiseconds(maxAdvertiseInterval))
        }
        message.append(bigEndian: UInt16(0))
        for address in sent { message.append(address) }
        if version == .v2 { message.append(bigEndian: authentication?.data ?? 0) }

        var checksum = InternetChecksum()
        checksum.add(message)
        if version == .v3, family == .ipv6 || checksumForm == .rfc5798 {
            checksum.addPseudoHeader(
                source: source, destination: destination, protocolNumber: IPProtocolNumber.vrrp,
                length: message.count + (family == .ipv6 ? trailer : 0))
        }
        message.store(bigEndian: checksum.value, at: Self.checksumOffset)
        message.append(contentsOf: repeatElement(0, count: trailer))
        return message
    }

    /// Overwrites the priority of an encoded message and mends its checksum, in place.
    ///
    /// The priority is what changes between two advertisements of a virtual router, and the change
    /// of one word can be applied to the checksum alone, in any form of it: HC' = ~(~HC + ~m + m')
    /// (RFC 1624 §3). A buffer that ends before the message does is left as it is.
    package static func setPriority(
        _ priority: Priority, inMessageAt offset: Int, of buffer: inout [UInt8]
    ) {
        guard offset >= 0, offset <= buffer.count - AdvertisementHeader.addressesOffset else {
            return
        }
        let countOfAddresses = UInt16(buffer[offset + 3])
        let old = UInt16(buffer[offset + priorityOffset]) << 8 | countOfAddresses
        let new = UInt16(priority.rawValue) << 8 | countOfAddresses
        var sum = InternetChecksum()
        sum.add(~buffer.word(at: offset + checksumOffset))
        sum.add(~old)
        sum.add(new)
        buffer[offset + priorityOffset] = priority.rawValue
        buffer.store(bigEndian: sum.value, at: offset + checksumOffset)
    }

    private static let priorityOffset = 2
    static let checksumOffset = 6

    /// To the nearest centisecond, 1…4095 (RFC 9568 §5.2.7, erratum 8301).
    static func centiseconds(_ interval: Duration) -> UInt16 {
        let (seconds, attoseconds) = interval.components
        // Beyond both bounds the answer is known, and the arithmetic between them cannot overflow.
        if seconds < 0 { return 1 }
        if seconds > 40 { return 4095 }
        let rounded =
            seconds * 100 + (attoseconds + attosecondsPerCentisecond / 2)
            / attosecondsPerCentisecond
        return UInt16(clamping: min(max(rounded, 1), 4095))
    }

    /// To the nearest second, 1…255 (RFC 3768 §5.3.7).
    private static func seconds(_ interval: Duration) -> Int64 {
        let (seconds, attoseconds) = interval.components
        if seconds < 0 { return 1 }
        if seconds >= 255 { return 255 }
        return max(seconds + (attoseconds >= 50 * attosecondsPerCentisecond ? 1 : 0), 1)
    }

    private static let attosecondsPerCentisecond: Int64 = 10_000_000_000_000_000
}
