// The addresses 00-00-5E-00-01-{VRID} and 00-00-5E-00-02-{VRID}: RFC 9568 §7.3.

/// The MAC address of a virtual router: which family it is of, and its VRID, 1…255.
package struct VirtualRouterMAC: Hashable, Sendable, BitwiseCopyable {
    package var vrid: VirtualRouterID
    package var family: AddressFamily

    package init(_ vrid: VirtualRouterID, _ family: AddressFamily) {
        self.vrid = vrid
        self.family = family
    }

    /// Nil for an address that no virtual router has: outside the two blocks, or with VRID 0.
    package init?(_ address: MACAddress) {
        guard
            let vrid = VirtualRouterID(UInt8(truncatingIfNeeded: address.rawValue)),
            let family = AddressFamily.allCases.first(where: {
                Self.block($0) == address.rawValue & ~0xff
            })
        else { return nil }
        self.init(vrid, family)
    }

    package var address: MACAddress {
        MACAddress(rawValue: Self.block(family) | UInt64(vrid.rawValue))
    }

    /// The first five octets.
    private static func block(_ family: AddressFamily) -> UInt64 {
        switch family {
        case .ipv4: 0x0000_5e00_0100
        case .ipv6: 0x0000_5e00_0200
        }
    }
}

extension VirtualRouterMAC: CustomStringConvertible {
    package var description: String { address.description }
}
