// Virtual addresses: their two ways of being written, and what no interface can own.

import VRRPConfiguration
import VRRPWire

extension Walk {
    /// A virtual address with the places that later checks point at.
    struct PlacedAddress {
        var value: VirtualAddress
        var place: Place
    }

    /// Those of all three keys, the advertised ones first; nil when anything in them is wrong.
    func addresses(_ entries: [Entry]) -> [PlacedAddress]? {
        let kinds: [(String, VirtualAddress.Kind)] = [
            ("addresses", .advertised), ("external", .external), ("unadvertised", .unadvertised),
        ]
        var result: [PlacedAddress] = []
        var isGood = true
        for (key, kind) in kinds {
            guard let entry = entries[key] else { continue }
            guard let list = addresses(entry) else {
                isGood = false
                continue
            }
            result += list.map {
                PlacedAddress(
                    value: VirtualAddress(
                        address: $0.value.address, interface: $0.value.interface,
                        scope: $0.value.scope, kind: kind), place: $0.place)
            }
        }
        return isGood && !result.isEmpty ? result : nil
    }

    /// The readable ones, in order; nil when the list is no list or anything in it is wrong.
    private func addresses(_ entry: Entry) -> [PlacedAddress]? {
        guard case .sequence(let items) = entry.value.content else {
            report(
                entry.value.place,
                entry.value.isAbsent
                    ? "`\(entry.key)` has no value"
                    : "`\(entry.key)` takes a list, not \(entry.value.kindName)",
                advice: "write `\(entry.key): [192.0.2.1/24]`")
            return nil
        }
        guard !items.isEmpty else {
            report(
                entry.value.place, "`\(entry.key)` is empty",
                advice: entry.key == "addresses"
                    ? "a virtual router has at least one address"
                    : "write the addresses, or remove the key")
            return nil
        }
        let read = items.map(address)
        let good = read.compactMap { $0 }
        return good.count == read.count ? good : nil
    }

    private func address(_ node: Node) -> PlacedAddress? {
        guard case .mapping(let entries) = node.content else {
            return interfaceAddress(node, "addresses").map {
                PlacedAddress(value: VirtualAddress(address: $0), place: node.place)
            }
        }
        checkKeys(entries, in: "an address", known: ["address", "interface", "scope"])
        let interface = entries["interface"].map { keyed($0, interfaceName) }
        let scope = entries["scope"].map { keyed($0, word(["global", "site", "link", "host"])) }
        guard let addressEntry = entries["address"] else {
            report(node.place, "an address needs the key `address`")
            return nil
        }
        guard
            let address = interfaceAddress(addressEntry.value, "address"),
            // Nil here means that a value is there and wrong.
            (interface == nil) == (interface.flatMap { $0 } == nil),
            (scope == nil) == (scope.flatMap { $0 } == nil)
        else { return nil }
        return PlacedAddress(
            value: VirtualAddress(
                address: address, interface: interface.flatMap { $0?.own },
                scope: scope.flatMap { $0?.own }.flatMap(Self.scope)),
            place: addressEntry.value.place)
    }

    private static func scope(_ word: String) -> AddressScope? {
        AddressScope.allCases.first { "\($0)" == word }
    }

    private func interfaceAddress(_ node: Node, _ key: String) -> InterfaceAddress? {
        guard let text = text(node, key) else { return nil }
        guard let value = InterfaceAddress(text) else {
            reportUnreadable(node, text)
            return nil
        }
        guard let reason = Self.refusal(value) else { return value }
        report(
            node.place, "\(written(node)) cannot be a virtual address: it is \(reason)",
            advice: "write the address that hosts use as their gateway")
        return nil
    }

    private func reportUnreadable(_ node: Node, _ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        if let address = IPAddress(text) {
            let length = address.family == .ipv4 ? 24 : 64
            report(
                node.place, "\(written(node)) has no prefix length",
                advice: "write `\(written(node).dropFirst().dropLast())/\(length)`, "
                    + "with the prefix length of the LAN")
        } else if parts.count == 2, let address = IPAddress(parts[0]) {
            report(
                node.place, "\(written(node)) has a wrong prefix length",
                advice: "it is a number from 1 to \(address.family.bitCount) for "
                    + (address.family == .ipv4 ? "IPv4" : "IPv6"))
        } else if text.contains("%") {
            report(
                node.place, "\(written(node)) has a zone",
                advice: "remove `%` and what follows; `interface` says where the address goes")
        } else {
            report(
                node.place, "\(written(node)) is not an address",
                advice: "write `192.0.2.1/24` or `fe80::1/64`")
        }
    }

    /// Why no host could use it as its gateway; nil when it could.
    private static func refusal(_ value: InterfaceAddress) -> String? {
        if value.prefixLength == 0 { return "one of prefix length 0, which is every address" }
        if value.address.isMulticast { return "a multicast address" }
        switch value.address {
        case .v4(let address):
            if address.rawValue >> 24 == 0 { return "unspecified (0.0.0.0/8)" }
            if address.isLoopback { return "a loopback address" }
            if address == .limitedBroadcast { return "the broadcast address" }
            guard value.prefixLength <= 30 else { return nil }
            let hosts = UInt32.max >> UInt32(value.prefixLength)
            if address.rawValue & hosts == hosts { return "the broadcast address of its prefix" }
            if address.rawValue & hosts == 0 { return "the network address of its prefix" }
        case .v6(let address):
            if address == .any { return "unspecified" }
            if address == .loopback { return "a loopback address" }
            if address.high == 0, address.low >> 32 == 0xffff { return "an IPv4-mapped address" }
        }
        return nil
    }
}
