// What a virtual router sends each time, encoded beforehand with its configured priority: one packet,
// or one for each peer, and each of them in both versions with `version: both`.

import VRRPConfiguration
import VRRPWire

struct AdvertisementTemplate {
    /// How a packet leaves.
    enum Way: Equatable, BitwiseCopyable {
        /// A complete Ethernet frame from the virtual MAC address.
        case frame
        /// A message, to be sent to the VRRP group.
        case group
        /// A message, to be sent to a peer.
        case peer(IPAddress)
    }

    struct Packet: Equatable {
        var range: Range<Int>
        /// Where the message is in the packet, with its trailer, without what fills a frame up.
        var message: Range<Int>
        var way: Way
    }

    private(set) var bytes: [UInt8] = []
    private(set) var packets: [Packet] = []
    /// What each packet has to be signed with; nil for nothing.
    private(set) var key: HMACPolicy.Key?

    var isEmpty: Bool { packets.isEmpty }

    init() {}

    init(
        _ configuration: VirtualRouterConfiguration, source: IPAddress, checksumForm: ChecksumForm
    ) {
        let advertisement = Advertisement(
            version: configuration.version, vrid: configuration.vrid,
            priority: configuration.priority,
            maxAdvertiseInterval: configuration.advertisementInterval,
            addresses: configuration.advertisedAddresses,
            authentication: configuration.authentication?.ofVersion2)
        key = configuration.authentication?.hmac?.signingKey
        var versions = [advertisement]
        if configuration.alsoVersion2 {
            // Version 3 first: who speaks both knows then that version 2 says nothing new.
            versions.append(
                advertisement.inVersion2(
                    authentication: configuration.authentication?.ofVersion2))
        }
        for advertisement in versions {
            if configuration.isUnicast {
                for peer in configuration.peers {
                    append(advertisement, source, to: peer, .peer(peer), checksumForm)
                }
            } else if configuration.mac == .interface {
                let group = IPAddress.vrrpGroup(configuration.family)
                append(advertisement, source, to: group, .group, checksumForm)
            } else if let frame = AdvertisementFrame(
                advertisement, source: source, checksumForm: checksumForm,
                reservesTrailer: key != nil)
            {
                append(frame.bytes, message: frame.messageRange, .frame)
            }
        }
    }

    private mutating func append(
        _ advertisement: Advertisement, _ source: IPAddress, to destination: IPAddress, _ way: Way,
        _ checksumForm: ChecksumForm
    ) {
        let message = advertisement.encoded(
            source: source, destination: destination, checksumForm: checksumForm,
            reservesTrailer: key != nil)
        append(message, message: 0..<message.count, way)
    }

    private mutating func append(_ packet: [UInt8], message: Range<Int>, _ way: Way) {
        packets.append(
            Packet(
                range: bytes.count..<bytes.count + packet.count, message: message, way: way))
        bytes += packet
    }
}

extension AuthenticationPolicy {
    /// What version 2 carries; nil for nothing.
    var ofVersion2: Advertisement.Authentication? {
        switch self {
        case .text(let password): Advertisement.Authentication(text: password)
        case .hmac: nil
        }
    }
}
