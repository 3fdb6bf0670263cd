// What the kernel says about links and addresses.

package import VRRPWire

package struct LinkObservation: Equatable, Sendable {
    package let index: Int32
    package let name: String
    /// Administratively up.
    package let isUp: Bool
    /// The link below is up and traffic may flow.
    package let hasCarrier: Bool
    /// Nil when the link has no address of 48 bits.
    package let hardwareAddress: MACAddress?
    package let mtu: Int
    package let isLoopback: Bool
    /// The link below, or the other end of a pair; nil where there is none in this namespace.
    package let parentIndex: Int32?
    package let isMacvlan: Bool
    /// What somebody has written on it: `ip link set … alias`.
    package let alias: String?

    package init(
        index: Int32, name: String, isUp: Bool, hasCarrier: Bool, hardwareAddress: MACAddress?,
        mtu: Int, isLoopback: Bool, parentIndex: Int32? = nil, isMacvlan: Bool = false,
        alias: String? = nil
    ) {
        self.index = index
        self.name = name
        self.isUp = isUp
        self.hasCarrier = hasCarrier
        self.hardwareAddress = hardwareAddress
        self.mtu = mtu
        self.isLoopback = isLoopback
        self.parentIndex = parentIndex
        self.isMacvlan = isMacvlan
        self.alias = alias
    }
}

package struct AddressObservation: Equatable, Sendable {
    package let interface: Int32
    package let address: InterfaceAddress
    package let isSecondary: Bool
    package let isTentative: Bool
    package let isDadFailed: Bool
    package let isDeprecated: Bool
    /// Who installed it (IFA_PROTO); 0 when nobody said.
    package let protocolTag: UInt8
    package let scope: UInt8
    package let flags: UInt32

    package init(
        interface: Int32, address: InterfaceAddress, isSecondary: Bool, isTentative: Bool,
        isDadFailed: Bool, isDeprecated: Bool, protocolTag: UInt8, scope: UInt8, flags: UInt32
    ) {
        self.interface = interface
        self.address = address
        self.isSecondary = isSecondary
        self.isTentative = isTentative
        self.isDadFailed = isDadFailed
        self.isDeprecated = isDeprecated
        self.protocolTag = protocolTag
        self.scope = scope
        self.flags = flags
    }
}

package enum NetworkObservation: Equatable, Sendable {
    /// A link is new, or something about it has changed, be it the name.
    case link(LinkObservation)
    case linkRemoved(index: Int32, name: String)
    case address(AddressObservation)
    case addressRemoved(interface: Int32, address: InterfaceAddress)
    /// What was known is void; everything follows.
    case resynchronising
    /// Everything has been said.
    case synchronised
}
