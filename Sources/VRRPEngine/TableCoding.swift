// Dictionaries and sets in a checkpoint: sorted, so that equal engines are equal texts whatever
// order a dictionary happens to have.

import VRRPWire

/// One line of a dictionary.
private struct TableEntry<Key: Codable, Value: Codable>: Codable {
    var key: Key
    var value: Value
}

// The synthesised members of Codable types choose these over the general ones.

extension KeyedEncodingContainer {
    mutating func encode<Name: Codable & Comparable, Value: Codable>(
        _ table: [Name: Value], forKey key: Key
    ) throws {
        let entries = table.sorted { $0.key < $1.key }
        try encode(entries.map { TableEntry(key: $0.key, value: $0.value) }, forKey: key)
    }

    mutating func encode<Element: Codable & Comparable>(
        _ set: Set<Element>, forKey key: Key
    ) throws {
        try encode(set.sorted(), forKey: key)
    }
}

extension KeyedDecodingContainer {
    func decode<Name: Codable & Comparable, Value: Codable>(
        _: [Name: Value].Type, forKey key: Key
    ) throws -> [Name: Value] {
        let entries = try decode([TableEntry<Name, Value>].self, forKey: key)
        return Dictionary(entries.map { ($0.key, $0.value) }) { first, _ in first }
    }
}

extension RouterKey: Comparable {
    static func < (left: RouterKey, right: RouterKey) -> Bool {
        (left.interface, left.family.rawValue, left.vrid)
            < (right.interface, right.family.rawValue, right.vrid)
    }
}

extension ListenKey: Comparable {
    static func < (left: ListenKey, right: ListenKey) -> Bool {
        (left.interface, left.family.rawValue) < (right.interface, right.family.rawValue)
    }
}
