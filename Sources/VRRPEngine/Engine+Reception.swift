// A packet comes in: decode, whose is it, does it count. RFC 9568 §7.1.

import VRRPConfiguration
package import VRRPCore
package import VRRPWire

extension Engine {
    /// Takes one VRRP message as it arrived: `message` is what lies behind the IP header.
    ///
    /// A packet that is discarded has no effect but its counter, and now and then an event.
    /// `authenticity` is the answer to `trailerToVerify`, where there was a question.
    package mutating func receive(
        _ message: RawSpan, header: DatagramHeader, interface: Int32,
        authenticity: Authenticity = .absent, at now: Instant
    ) {
        do throws(DiscardReason) {
            let (index, advertisement) = try examine(message, header, on: interface)
            try checkTrailer(advertisement, message, header, authenticity, for: index)
            accept(advertisement, message, from: header.source, for: index, at: now)
            requestAddressChanges()
        } catch {
            discard(error, message: message, header: header, interface: interface, at: now)
        }
    }

    /// All checks but that of a trailer.
    func examine(
        _ message: RawSpan, _ header: DatagramHeader, on interface: Int32
    ) throws(DiscardReason) -> (index: Int, AdvertisementHeader) {
        let place = place(of: message, header, on: interface)
        let advertisement = try AdvertisementHeader(
            decoding: message, header: header,
            minimumHopLimit: DatagramHeader.requiredHopLimit
                - (place.map { routers[$0].configuration.hops } ?? 0),
            acceptsTrailer: place.map { routers[$0].hmac != nil } ?? false)
        guard let index = place else { throw .unknownVRID(advertisement.vrid.rawValue) }
        try check(advertisement, message, header, against: index)
        return (index, advertisement)
    }

    /// Whose a message may be, which nothing is known of yet but where it came from.
    func place(
        of message: RawSpan, _ header: DatagramHeader, on interface: Int32
    ) -> Int? {
        guard message.byteCount >= 2, let vrid = VirtualRouterID(message.byte(at: 1)) else {
            return nil
        }
        if !unicast.isEmpty, let index = unicast.router(vrid, header, on: interface) {
            return index
        }
        return lookup[RouterKey(interface: interface, family: header.source.family, vrid: vrid)]
    }

    /// The checks that need our configuration.
    private func check(
        _ advertisement: AdvertisementHeader, _ message: RawSpan, _ header: DatagramHeader,
        against index: Int
    ) throws(DiscardReason) {
        let configuration = routers[index].configuration
        let destination =
            configuration.isUnicast ? routers[index].source : .vrrpGroup(configuration.family)
        guard header.destination == destination else { throw .wrongDestination }
        guard header.source != routers[index].source else { throw .ownAddress }
        guard !configuration.isUnicast || configuration.peers.contains(header.source) else {
            throw .notPeer
        }
        guard
            advertisement.version == configuration.version
                || advertisement.version == .v2 && configuration.alsoVersion2
        else { throw .version(advertisement.version.rawValue) }
        guard routers[index].machine.publicState != .initialize else { throw .notRunning }
        try advertisement.checkAuthentication(
            configuration.authentication?.ofVersion2, in: message)
        guard configuration.version == .v2 else { return }

        // RFC 3768 §7.1: what version 3 only reports, version 2 discards.
        guard configuration.priority != .owner else { throw .owner }
        guard advertisement.maxAdvertiseInterval == configuration.advertisementInterval else {
            throw .intervalMismatch(advertisement.maxAdvertiseInterval)
        }
        guard
            advertisement.priority == .owner || listMatches(advertisement, message, of: index)
        else { throw .addressListMismatch }
    }

    private func listMatches(
        _ advertisement: AdvertisementHeader, _ message: RawSpan, of index: Int
    ) -> Bool {
        advertisement.addressesMatch(routers[index].advertisedAddresses, in: message)
    }

    private mutating func accept(
        _ advertisement: AdvertisementHeader, _ message: RawSpan, from source: IPAddress,
        for index: Int, at now: Instant
    ) {
        routers[index].counters.advertisementsReceived &+= 1
        guard countsBesideVersion3(advertisement, from: source, for: index, at: now) else {
            routers[index].counters.version2Ignored &+= 1
            return
        }
        if advertisement.priority == .leaving {
            routers[index].counters.priorityZeroReceived &+= 1
            routers[index].peer = nil
        } else {
            compare(advertisement, message, from: source, for: index, at: now)
            routers[index].peer = ActiveRouterSnapshot(
                isSelf: false, address: source, version: advertisement.version,
                priority: advertisement.priority,
                advertisementInterval: advertisement.maxAdvertiseInterval, lastHeard: now,
                checksumForm: advertisement.checksumForm)
        }
        if let form = advertisement.checksumForm { follow(form, of: source, for: index, at: now) }
        handle(
            .advertisement(
                HeardAdvertisement(
                    source: source, priority: advertisement.priority,
                    interval: advertisement.maxAdvertiseInterval)), for: index, at: now)
    }

    /// Counts every difference to our own configuration, and tells each once, some at a time.
    private mutating func compare(
        _ advertisement: AdvertisementHeader, _ message: RawSpan, from source: IPAddress,
        for index: Int, at now: Instant
    ) {
        let configuration = routers[index].configuration
        let own =
            advertisement.version == configuration.version
            ? configuration.advertisementInterval
            : Advertisement.version2Interval(for: configuration.advertisementInterval)
        let theirs = advertisement.maxAdvertiseInterval
        if theirs != own {
            routers[index].counters.intervalErrors &+= 1
            if routers[index].told.intervalMismatch != theirs,
                routers[index].told.mayTell(.interval, at: now)
            {
                routers[index].told.intervalMismatch = theirs
                let name = routers[index].configuration.name
                tell(
                    .intervalMismatch(router: name, source: source, theirs: theirs, own: own),
                    at: now)
            }
        }
        if !listMatches(advertisement, message, of: index) {
            routers[index].counters.addressListErrors &+= 1
            if routers[index].told.listMismatch != source,
                routers[index].told.mayTell(.list, at: now)
            {
                routers[index].told.listMismatch = source
                tell(
                    .addressListMismatch(
                        router: routers[index].configuration.name, source: source), at: now)
            }
        }
        guard advertisement.priority == routers[index].configuration.priority else { return }
        if advertisement.priority == .owner {
            // Erratum 8298: logged, and then the election decides.
            routers[index].counters.ownerConflicts &+= 1
            guard
                routers[index].told.ownerConflict != source,
                routers[index].told.mayTell(.ownerConflict, at: now)
            else { return }
            routers[index].told.ownerConflict = source
            tell(
                .ownerConflict(router: routers[index].configuration.name, source: source),
                at: now)
        } else if routers[index].told.equalPriority != source,
            routers[index].told.mayTell(.equalPriority, at: now)
        {
            routers[index].told.equalPriority = source
            tell(
                .equalPriority(
                    router: routers[index].configuration.name, source: source,
                    advertisement.priority), at: now)
        }
    }

    /// `checksum: auto` speaks as the segment's other router does: two forms of the IPv4 checksum
    /// are in the field, and most implementations verify only their own.
    private mutating func follow(
        _ form: ChecksumForm, of source: IPAddress, for index: Int, at now: Instant
    ) {
        guard form != routers[index].checksumForm else { return }
        routers[index].counters.otherChecksumForm &+= 1
        guard routers[index].configuration.checksum == .auto else { return }
        routers[index].checksumForm = form
        routers[index].rebuildTemplate()
        guard routers[index].told.mayTell(.checksumForm, at: now) else { return }
        tell(
            .checksumForm(router: routers[index].configuration.name, source: source, form),
            at: now)
    }

    /// A datagram whose IP header was not one.
    package mutating func receiveMalformed(interface: Int32, at now: Instant) {
        let nowhere = DatagramHeader(source: .v4(.any), destination: .v4(.any), hopLimit: 0)
        let nothing: [UInt8] = []
        discard(
            .malformedIPHeader, message: unsafe nothing.span.bytes, header: nowhere,
            interface: interface, at: now)
    }

    private mutating func discard(
        _ reason: DiscardReason, message: RawSpan, header: DatagramHeader, interface: Int32,
        at now: Instant
    ) {
        counters.count(reason)
        var router: String?
        if let index = place(of: message, header, on: interface) {
            routers[index].counters.count(reason)
            router = routers[index].configuration.name
        }
        // In Initialize nothing is expected, so nothing is wrong.
        guard reason != .notRunning else { return }
        if let suppressed = discards.tell(reason, on: interface, at: now) {
            tell(
                .discarded(
                    interface: interfaces.name(of: interface), router: router,
                    source: header.source, reason, suppressed: suppressed), at: now)
        }
    }
}
