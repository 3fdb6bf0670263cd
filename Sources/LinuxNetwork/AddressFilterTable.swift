// The table of nftables that an address filter is made of: what `nft list table` shows.

import VRRPWire

/// The table's sets, each of one kind of key.
enum FilterSet: String, CaseIterable {
    case ipv4 = "ipv4-addresses"
    case ipv6 = "ipv6-addresses"
    case ipv6ByIndex = "ipv6-addresses-by-index"
    case ipv6ByName = "ipv6-addresses-by-name"

    fileprivate var keyType: UInt32 {
        switch self {
        case .ipv4: Netfilter.KeyType.ipv4Address
        case .ipv6: Netfilter.KeyType.ipv6Address
        case .ipv6ByIndex: Self.pair(Netfilter.KeyType.interfaceIndex)
        case .ipv6ByName: Self.pair(Netfilter.KeyType.interfaceName)
        }
    }

    fileprivate var keyLength: UInt32 {
        switch self {
        case .ipv4: 4
        case .ipv6: 16
        case .ipv6ByIndex: 20
        case .ipv6ByName: 32
        }
    }

    /// What the kernel must know of the way in, beside the address.
    fileprivate var entrance: Netfilter.Fact? {
        switch self {
        case .ipv4, .ipv6: nil
        case .ipv6ByIndex: .inputIndex
        case .ipv6ByName: .inputName
        }
    }

    private static func pair(_ second: UInt32) -> UInt32 {
        Netfilter.KeyType.ipv6Address << Netfilter.KeyType.bits | second
    }
}

/// Keys, by the set that they belong in.
struct FilterElements {
    private(set) var keys: [FilterSet: [[UInt8]]] = [:]

    init(_ addresses: some Sequence<FilteredAddress>) {
        for filtered in addresses {
            switch (filtered.address, filtered.entrance) {
            // Of IPv4, no address belongs to one interface alone.
            case (.v4(let address), _):
                keys[.ipv4, default: []].append(bytes(address.rawValue.bigEndian))
            case (.v6(let address), let entrance):
                let number = bytes(address.high.bigEndian) + bytes(address.low.bigEndian)
                switch entrance {
                case .anywhere: keys[.ipv6, default: []].append(number)
                case .interface(let index):
                    keys[.ipv6ByIndex, default: []].append(number + bytes(index))
                case .named(let name):
                    let text = Array(name.utf8.prefix(Self.nameLength))
                    let padding = [UInt8](repeating: 0, count: Self.nameLength - text.count)
                    keys[.ipv6ByName, default: []].append(number + text + padding)
                }
            }
        }
    }

    private static let nameLength = 16
}

private func bytes<Number: BitwiseCopyable>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number) { Array($0) }
}

extension NetfilterBatch {
    /// Appends the table without its contents.
    mutating func addTable(_ table: String, flags: UInt32, mustBeNew: Bool = false) {
        append(
            .newTable,
            flags: Netlink.create | (mustBeNew ? Netlink.exclusive : 0)
        ) {
            $0.append(attribute: Netfilter.Table.name, text: table)
                && $0.append(attribute: Netfilter.Table.flags, number: flags)
        }
    }

    /// Appends the end of a table and of everything in it.
    mutating func deleteTable(_ table: String) {
        append(.deleteTable) { $0.append(attribute: Netfilter.Table.name, text: table) }
    }

    /// Appends the table's sets, without elements, its counter and its rules.
    mutating func addRules(to table: String) {
        for (id, set) in FilterSet.allCases.enumerated() {
            append(.newSet, flags: Netlink.create) {
                $0.append(attribute: Netfilter.AddressSet.table, text: table)
                    && $0.append(attribute: Netfilter.AddressSet.name, text: set.rawValue)
                    && $0.append(attribute: Netfilter.AddressSet.keyType, number: set.keyType)
                    && $0.append(attribute: Netfilter.AddressSet.keyLength, number: set.keyLength)
                    && $0.append(attribute: Netfilter.AddressSet.id, number: UInt32(id + 1))
            }
        }
        append(.newObject, flags: Netlink.create) { request in
            request.append(attribute: Netfilter.Object.table, text: table)
                && request.append(attribute: Netfilter.Object.name, text: counter)
                && request.append(
                    attribute: Netfilter.Object.type, number: Netfilter.Object.counter)
                && request.append(attribute: Netfilter.Object.data) {
                    request.append(attribute: Netfilter.Object.bytes, UInt64.zero)
                        && request.append(attribute: Netfilter.Object.packets, UInt64.zero)
                }
        }
        append(.newChain, flags: Netlink.create) { request in
            request.append(attribute: Netfilter.Chain.table, text: table)
                && request.append(attribute: Netfilter.Chain.name, text: chain)
                && request.append(attribute: Netfilter.Chain.hook) {
                    request.append(
                        attribute: Netfilter.Chain.hookNumber, number: Netfilter.localInput)
                        && request.append(attribute: Netfilter.Chain.hookPriority, number: 0)
                }
                && request.append(attribute: Netfilter.Chain.policy, number: Netfilter.accept)
                && request.append(attribute: Netfilter.Chain.type, text: "filter")
        }
        for rule in filterRules {
            append(.newRule, flags: Netlink.create | Netlink.append) { request in
                request.append(attribute: Netfilter.Rule.table, text: table)
                    && request.append(attribute: Netfilter.Rule.chain, text: chain)
                    && request.append(attribute: Netfilter.Rule.expressions) {
                        rule.allSatisfy { $0.append(to: request) }
                    }
            }
        }
    }

    /// Appends the end of a set's elements.
    mutating func clear(_ set: FilterSet, in table: String) {
        append(.deleteElements) {
            $0.append(attribute: Netfilter.Elements.table, text: table)
                && $0.append(attribute: Netfilter.Elements.addressSet, text: set.rawValue)
        }
    }

    /// Appends elements to the sets that they belong in.
    mutating func add(_ elements: FilterElements, to table: String) {
        for set in FilterSet.allCases {
            let keys = elements.keys[set] ?? []
            // An attribute has at most 64 KiB.
            for start in stride(from: 0, to: keys.count, by: elementsPerMessage) {
                let piece = keys[start..<min(start + elementsPerMessage, keys.count)]
                append(.newElements, flags: Netlink.create, size: 1 << 15) { request in
                    request.append(attribute: Netfilter.Elements.table, text: table)
                        && request.append(
                            attribute: Netfilter.Elements.addressSet, text: set.rawValue)
                        && request.append(attribute: Netfilter.Elements.list) {
                            piece.allSatisfy { Self.append($0, to: request) }
                        }
                }
            }
        }
    }

    private static func append(_ key: [UInt8], to request: borrowing NetlinkRequest) -> Bool {
        request.append(attribute: Netfilter.listElement) {
            request.append(attribute: Netfilter.Elements.key) {
                request.append(attribute: Netfilter.dataValue, bytes: key)
            }
        }
    }
}

/// What the chain does, rule by rule.
private let filterRules: [[PacketExpression]] =
    [
        // What this machine sends to itself comes in through the loopback interface: always the
        // first of a namespace.
        [
            .load(.inputIndex, register: Netfilter.register1), .compare(.equal, bytes(Int32(1))),
            .verdict(Netfilter.accept),
        ],
        dropping(.ipv4, version: 2, offset: 16),
        // Neighbour Solicitations and Advertisements, in IPv6 only: the same numbers mean something
        // else in IPv4.
        isVersion(10) + [
            .load(.transport, register: Netfilter.register1), .compare(.equal, [58]),
            .read(.transport, offset: 0, length: 1), .compare(.atLeast, [135]),
            .compare(.atMost, [136]), .verdict(Netfilter.accept),
        ],
    ] + [.ipv6, .ipv6ByIndex, .ipv6ByName].map { dropping($0, version: 10, offset: 24) }

/// Drops packets whose destination, `offset` bytes into their header, is in the set.
private func dropping(
    _ set: FilterSet, version: UInt8, offset: UInt32
) -> [PacketExpression] {
    let length: UInt32 = set == .ipv4 ? 4 : 16
    let entrance = set.entrance.map { [PacketExpression.load($0, register: Netfilter.register2)] }
    return isVersion(version)
        + [.read(.network, offset: offset, length: length)] + (entrance ?? [])
        + [.isMember(of: set.rawValue), .count(counter), .verdict(Netfilter.drop)]
}

/// `version` is 2 for IPv4, 10 for IPv6 (NFPROTO_…).
private func isVersion(_ version: UInt8) -> [PacketExpression] {
    [.load(.family, register: Netfilter.register1), .compare(.equal, [version])]
}

private let chain = "input"
private let counter = "dropped"
private let elementsPerMessage = 400
