// An address of a virtual router as configured: where it goes and what is done with it.

package import VRRPWire

/// An address that belongs to the Active Router for as long as it is Active.
package struct VirtualAddress: Codable, Hashable, Sendable {
    package var address: InterfaceAddress
    /// Another interface to put it on; nil is the interface of the virtual router.
    package var interface: String?
    package var scope: AddressScope
    package var kind: Kind

    /// What is done with it.
    package enum Kind: String, Codable, Sendable {
        /// Advertised, and installed while Active.
        case advertised
        /// Installed with the others, and not in the advertisement.
        case unadvertised
        /// Advertised, and never installed: somebody else moves it.
        case external
    }

    /// Without a scope: `link` for link-local IPv6, `global` for everything else.
    package init(
        address: InterfaceAddress, interface: String? = nil, scope: AddressScope? = nil,
        kind: Kind = .advertised
    ) {
        self.address = address
        self.interface = interface
        self.kind = kind
        self.scope = scope ?? Self.standardScope(of: address.address)
    }

    private static func standardScope(of address: IPAddress) -> AddressScope {
        address.family == .ipv6 && address.isLinkLocal ? .link : .global
    }
}

extension VirtualAddress {
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            address: try members.decode(InterfaceAddress.self, forKey: .address),
            interface: try members.decodeIfPresent(String.self, forKey: .interface),
            scope: try members.decode(AddressScope.self, forKey: .scope),
            kind: try members.decodeIfPresent(Kind.self, forKey: .kind) ?? .advertised)
    }
}

/// How far an address is valid: the kernel's numbers (`RT_SCOPE_…`).
package enum AddressScope: UInt8, Hashable, CaseIterable, Codable, Sendable {
    case global = 0
    case site = 200
    case link = 253
    case host = 254
}
