// What the carrying IP header says that VRRP has to know: RFC 9568 §5.1.
// Sockets and packet captures both fill it in, so that decoding does not care which one it was.

/// The part of an IP header that decides about an advertisement.
package struct DatagramHeader: Equatable, Sendable, BitwiseCopyable {
    /// Also tells the family of the addresses inside the message, which does not say it itself
    /// (RFC 9568 §5.2.9).
    package var source: IPAddress
    /// Goes into the pseudo-header: for a message sent to one peer it is not the group.
    package var destination: IPAddress
    /// TTL or Hop Limit.
    package var hopLimit: UInt8

    package init(source: IPAddress, destination: IPAddress, hopLimit: UInt8) {
        self.source = source
        self.destination = destination
        self.hopLimit = hopLimit
    }

    /// What every VRRP packet is sent with and must arrive with: proof that no router has forwarded
    /// it (RFC 9568 §5.1.1.3, §5.1.2.3). Neighbor Discovery demands the same (RFC 4861 §7.1).
    package static let requiredHopLimit: UInt8 = 255
}

/// Numbers of the protocols above IP that we read and write.
package enum IPProtocolNumber {
    /// RFC 9568 §5.1.1.4, §5.1.2.4.
    package static let vrrp: UInt8 = 112
    package static let icmpv6: UInt8 = 58
}

/// What goes into the type of service of IPv4 and the traffic class of IPv6.
package enum TrafficClass {
    /// Internetwork control (CS6): a switch that is full must not drop what keeps a gateway alive.
    package static let internetworkControl: UInt8 = 0xc0
    package static let routine: UInt8 = 0
}
