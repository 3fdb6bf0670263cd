// Constants of the kernel's interfaces, typed. The headers give some of them as macros that are
// not imported, and others in three different types.

enum SocketFamily {
    static let local: Int32 = 1
    static let ipv4: Int32 = 2
    static let ipv6: Int32 = 10
    static let netlink: Int32 = 16
    static let packet: Int32 = 17
}

enum SocketType {
    static let stream: Int32 = 1
    static let datagram: Int32 = 2
    static let raw: Int32 = 3
}

enum SocketOption {
    /// SOL_SOCKET.
    static let socket: Int32 = 1
    static let sendBuffer: Int32 = 7
    static let receiveBuffer: Int32 = 8
    static let priority: Int32 = 12
    static let sendBufferForce: Int32 = 32
    static let receiveBufferForce: Int32 = 33

    /// IPPROTO_IP.
    static let ipv4: Int32 = 0
    static let ipv4TypeOfService: Int32 = 1
    static let ipv4TimeToLive: Int32 = 2
    static let ipv4PacketInformation: Int32 = 8
    static let ipv4MulticastTimeToLive: Int32 = 33
    static let ipv4MulticastLoop: Int32 = 34
    static let ipv4MulticastAll: Int32 = 49

    /// IPPROTO_IPV6.
    static let ipv6: Int32 = 41
    static let ipv6UnicastHops: Int32 = 16
    static let ipv6MulticastHops: Int32 = 18
    static let ipv6MulticastLoop: Int32 = 19
    static let ipv6Only: Int32 = 26
    static let ipv6MulticastAll: Int32 = 29
    static let ipv6ReceivePacketInformation: Int32 = 49
    static let ipv6ReceiveHopLimit: Int32 = 51
    static let ipv6TrafficClass: Int32 = 67

    /// SOL_NETLINK.
    static let netlink: Int32 = 270
    static let netlinkCappedAcknowledgement: Int32 = 10
    static let netlinkExtendedAcknowledgement: Int32 = 11
}

/// Flags of a link: net_device_flags of linux/if.h.
enum LinkFlag {
    static let up: UInt32 = 0x1
    static let loopback: UInt32 = 0x8
    static let running: UInt32 = 0x40
    static let lowerUp: UInt32 = 0x1_0000
}

/// Flags of an address: linux/if_addr.h.
enum AddressFlag {
    static let secondary: UInt32 = 0x01
    static let noDuplicateDetection: UInt32 = 0x02
    static let duplicateDetectionFailed: UInt32 = 0x08
    static let deprecated: UInt32 = 0x20
    static let tentative: UInt32 = 0x40
    static let noPrefixRoute: UInt32 = 0x200
}

/// linux/netlink.h and linux/rtnetlink.h.
enum Netlink {
    static let route: Int32 = 0
    static let linkGroup: UInt32 = 1 << 0
    static let ipv4AddressGroup: UInt32 = 1 << 4
    static let ipv6AddressGroup: UInt32 = 1 << 8

    static let error: UInt16 = 2
    static let done: UInt16 = 3
    static let newLink: UInt16 = 16
    static let deleteLink: UInt16 = 17
    static let getLink: UInt16 = 18
    static let newAddress: UInt16 = 20
    static let deleteAddress: UInt16 = 21
    static let getAddress: UInt16 = 22

    static let request: UInt16 = 0x1
    static let acknowledge: UInt16 = 0x4
    static let dumpInterrupted: UInt16 = 0x10
    static let dump: UInt16 = 0x300
    static let exclusive: UInt16 = 0x200
    static let create: UInt16 = 0x400
    static let append: UInt16 = 0x800

    static let linkAddress: Int32 = 1
    static let linkName: Int32 = 3
    static let linkMTU: Int32 = 4
    static let linkParent: Int32 = 5
    static let linkInformation: Int32 = 18
    static let linkAlias: Int32 = 20
    static let linkFamilies: Int32 = 26
    static let linkParentNamespace: Int32 = 37
    /// IFLA_INFO_KIND and IFLA_INFO_DATA, within linkInformation.
    static let linkKind: Int32 = 1
    static let linkData: Int32 = 2
    /// IFLA_MACVLAN_MODE, within linkData, and MACVLAN_MODE_BRIDGE.
    static let macvlanMode: Int32 = 1
    static let macvlanBridge: UInt32 = 4
    /// IFLA_INET6_ADDR_GEN_MODE, within linkFamilies and IPv6, and IN6_ADDR_GEN_MODE_NONE.
    static let linkAddressGeneration: Int32 = 8
    static let noAddressGeneration: UInt8 = 1

    static let addressAddress: Int32 = 1
    static let addressLocal: Int32 = 2
    static let addressFlags: Int32 = 8
    static let addressProtocol: Int32 = 11
}
