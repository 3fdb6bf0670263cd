// What can be changed about links and addresses, as values.

package import VRRPWire

/// One change of a batch: `NetworkChanger` applies them in their order.
package enum NetworkChange: Equatable, Sendable {
    case address(AddressChange)
    /// Brings the link of this index up; one that is up stays so. There is no opposite: taking a
    /// link down waits for every processor, and belongs on another thread (`VirtualLinks`).
    case linkUp(Int32)
}

/// Of many IPv4 addresses of one subnet the first added is best removed last: while others are there
/// the kernel puts one of them in its place, and installs all the rest anew.
package struct AddressChange: Equatable, Sendable {
    package enum Operation: Equatable, Sendable {
        case add
        case remove
    }

    package let operation: Operation
    package let interface: Int32
    package let address: InterfaceAddress
    /// RT_SCOPE_UNIVERSE is 0, RT_SCOPE_LINK 253.
    package let scope: UInt8
    /// IFA_PROTO: who installs it; 0 says nothing.
    package let protocolTag: UInt8
    /// False adds the address without a route to its subnet (IFA_F_NOPREFIXROUTE): another
    /// interface has that route, and is to keep it.
    package let hasPrefixRoute: Bool

    package init(
        operation: Operation, interface: Int32, address: InterfaceAddress, scope: UInt8,
        protocolTag: UInt8, hasPrefixRoute: Bool = true
    ) {
        self.operation = operation
        self.interface = interface
        self.address = address
        self.scope = scope
        self.protocolTag = protocolTag
        self.hasPrefixRoute = hasPrefixRoute
    }
}
