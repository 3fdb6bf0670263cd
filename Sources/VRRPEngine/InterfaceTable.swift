// What netlink told about interfaces and their addresses. Learnt, never assumed.

package import VRRPWire

/// One network interface.
package struct Link: Codable, Equatable, Sendable {
    package var index: Int32
    package var name: String
    /// Administratively up.
    package var isUp: Bool
    /// The lower layer can carry frames.
    package var hasCarrier: Bool
    /// Nil where there is none of 48 bits.
    package var hardwareAddress: MACAddress?
    /// A macvlan's lower interface; nil for other kinds.
    package var parent: Int32?
    /// A macvlan that carries the mark which ours carry (its alias).
    package var isMarkedOurs: Bool

    package init(
        index: Int32, name: String, isUp: Bool, hasCarrier: Bool, hardwareAddress: MACAddress?,
        parent: Int32? = nil, isMarkedOurs: Bool = false
    ) {
        self.index = index
        self.name = name
        self.isUp = isUp
        self.hasCarrier = hasCarrier
        self.hardwareAddress = hardwareAddress
        self.parent = parent
        self.isMarkedOurs = isMarkedOurs
    }

    package var isUsable: Bool { isUp && hasCarrier }
}

/// One address on an interface.
package struct KernelAddress: Codable, Equatable, Sendable, BitwiseCopyable {
    package var interface: Int32
    package var address: InterfaceAddress
    /// IPv4: not the first of its subnet.
    package var isSecondary: Bool
    /// IPv6: duplicate address detection has not ended, or failed; it cannot be a source.
    package var isTentative: Bool
    /// It carries the mark that our own installations carry (IFA_PROTO).
    package var isMarkedOurs: Bool

    package init(
        interface: Int32, address: InterfaceAddress, isSecondary: Bool = false,
        isTentative: Bool = false, isMarkedOurs: Bool = false
    ) {
        self.interface = interface
        self.address = address
        self.isSecondary = isSecondary
        self.isTentative = isTentative
        self.isMarkedOurs = isMarkedOurs
    }
}

/// All links and addresses, in the order in which the kernel told them.
struct InterfaceTable: Codable {
    private(set) var links: [Int32: Link] = [:]
    private var indexes: [String: Int32] = [:]
    private(set) var addresses: [Int32: [KernelAddress]] = [:]

    func link(named name: String) -> Link? {
        indexes[name].flatMap { links[$0] }
    }

    func name(of index: Int32) -> String {
        links[index]?.name ?? "interface \(index)"
    }

    /// Returns the names whose meaning changed: its own, and a former one after a rename.
    mutating func insert(_ link: Link) -> [String] {
        let old = links.updateValue(link, forKey: link.index)
        indexes[link.name] = link.index
        guard let old, old.name != link.name else { return old == link ? [] : [link.name] }
        if indexes[old.name] == link.index { indexes[old.name] = nil }
        return [old.name, link.name]
    }

    mutating func removeLink(_ index: Int32) -> String? {
        addresses[index] = nil
        guard let old = links.removeValue(forKey: index) else { return nil }
        if indexes[old.name] == index { indexes[old.name] = nil }
        return old.name
    }

    mutating func insert(_ address: KernelAddress) {
        var list = addresses[address.interface] ?? []
        if let place = list.firstIndex(where: { $0.address == address.address }) {
            list[place] = address
        } else {
            list.append(address)
        }
        addresses[address.interface] = list
    }

    mutating func removeAddress(_ address: InterfaceAddress, on interface: Int32) {
        addresses[interface]?.removeAll { $0.address == address }
    }

    /// Whether an address can be a source: it is on this interface, or anywhere in its namespace,
    /// and not ours to move.
    func has(_ source: IPAddress, on interface: Int32, orAnywhere: Bool) -> Bool {
        func isThere(_ list: [KernelAddress]) -> Bool {
            list.contains {
                $0.address.address == source && !$0.isMarkedOurs && !$0.isTentative
            }
        }
        guard orAnywhere else { return isThere(addresses[interface] ?? []) }
        let namespace = InterfaceHandle.namespace(of: interface)
        return addresses.contains {
            InterfaceHandle.namespace(of: $0.key) == namespace && isThere($0.value)
        }
    }

    /// The address that a router of `family` speaks from: for IPv4 the interface's primary address
    /// (RFC 9568 §5.1.1.1), for IPv6 its own link-local address (§5.1.2.1); never a virtual one,
    /// except for an owner, whose own it is.
    func source(
        on interface: Int32, family: AddressFamily, excluding isVirtual: (KernelAddress) -> Bool
    ) -> IPAddress? {
        var secondary: IPAddress?
        for candidate in addresses[interface] ?? [] {
            let address = candidate.address.address
            guard
                address.family == family, !candidate.isMarkedOurs, !candidate.isTentative,
                family == .ipv4 || address.isLinkLocal, !isVirtual(candidate)
            else { continue }
            if !candidate.isSecondary { return address }
            secondary = secondary ?? address
        }
        return secondary
    }
}
