// The macvlans of virtual routers: which are wanted, which the kernel has, what is being changed.
// Like addresses they are learnt from netlink, and never assumed.

import VRRPCore
package import VRRPWire

/// What a thread beside the protocol is asked to do with a macvlan; answered with `deviceChanged`.
package struct DeviceRequest: Equatable, Sendable {
    package enum Operation: Codable, Equatable, Sendable {
        /// Make it, down, on this parent; or take over one that is there and is ours.
        case make(parent: Int32, parentName: String, hardwareAddress: MACAddress)
        /// Set it down: 8…16 ms, which the protocol must not wait for.
        case lower(Int32)
        case remove(Int32)
    }

    package var operation: Operation
}

/// One macvlan.
struct DeviceRecord: Codable {
    /// Nil: no router wants it any more.
    var router: Int?
    var parent: Int32
    var hardwareAddress: MACAddress
    /// Nil while the kernel has none.
    var index: Int32?
    var isUp = false
    /// It was made, or taken over, and the kernel was told all that it needs: before, one of that
    /// name is not to be relied on.
    var isMade = false
    /// What was asked and is not answered yet.
    var asked: DeviceRequest.Operation?
    /// Refused: not to be tried again before the router's repair deadline.
    var isHeld = false
    /// The errno that was told, and is not told again before it works or another comes.
    var toldCode: Int32?

    /// Its mark is no part of it: the kernel does not tell of an alias that is given while down.
    func isMet(by link: Link) -> Bool {
        link.parent == parent && link.hardwareAddress == hardwareAddress
    }
}

struct DeviceBook: Codable {
    var records: [String: DeviceRecord] = [:]
    private(set) var names: [Int32: String] = [:]

    /// The kernel has the device of this name.
    mutating func find(_ name: String, as link: Link) {
        records[name]?.index = link.index
        records[name]?.isUp = link.isUp
        names[link.index] = name
    }

    /// The device of this index is gone, or has another name now; returns the name it had.
    mutating func lose(_ index: Int32) -> String? {
        guard let name = names.removeValue(forKey: index) else { return nil }
        records[name]?.index = nil
        records[name]?.isUp = false
        records[name]?.isMade = false
        return name
    }

    /// Whether every record belongs to one of so many routers.
    func isConsistent(routerCount: Int) -> Bool {
        records.values.allSatisfy { $0.router.map((0..<routerCount).contains) ?? true }
    }

    /// No device is left that nobody wants, and nothing is unanswered.
    var isSettled: Bool {
        records.values.allSatisfy { $0.asked == nil && ($0.router != nil || $0.isHeld) }
    }
}
