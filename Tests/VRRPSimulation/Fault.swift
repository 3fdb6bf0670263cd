// What can go wrong. Most faults have a beginning and an end.

/// One thing that somebody or something does to the simulated world.
package struct Fault: Hashable, Sendable, BitwiseCopyable {
    package enum Kind: UInt8, CaseIterable, Sendable, BitwiseCopyable {
        /// The daemon is killed; the kernel keeps what it has. Ends with a new daemon.
        case crash
        /// The machine loses power. Ends with the machine and its daemon starting.
        case powerLoss
        /// SIGTERM; ends with a new daemon.
        case stop
        /// The machine, or the process, stands still; ends with it going on.
        case pause
        /// Frames from this router do not reach one other.
        case oneWay
        /// Frames between two groups of routers are lost.
        case partition
        case carrierLoss
        case adminDown
        case interfaceRemoved
        case interfaceRenamed
        /// Somebody removes a virtual address.
        case addressRemoved
        /// Somebody adds a virtual address by hand; ends with its removal.
        case addressAdded
        /// The interface's own addresses go; ends with their return.
        case ownAddressesRemoved
        case flush
        /// Somebody deletes a macvlan of ours, sets it down or up, or renames it.
        case macvlanDeleted
        case macvlanDown
        case macvlanUp
        case macvlanRenamed
        /// Netlink loses what it had to tell; ends with the tables read anew.
        case overrun
        /// The kernel refuses every change of addresses.
        case refusal
        case reload
        /// The same configuration again.
        case idleReload
        /// Nothing arrives anywhere.
        case blackout
    }

    package var kind: Kind
    package var isOver: Bool

    package init(_ kind: Kind, isOver: Bool = false) {
        self.kind = kind
        self.isOver = isOver
    }

    var ordinal: Int { Int(kind.rawValue) * 2 + (isOver ? 1 : 0) }
}

extension Fault.Kind {
    /// Over as soon as it happened.
    var isMomentary: Bool {
        switch self {
        case .addressRemoved, .flush, .reload, .idleReload, .macvlanDeleted, .macvlanDown,
            .macvlanUp, .macvlanRenamed:
            true
        case .crash, .powerLoss, .stop, .pause, .oneWay, .partition, .carrierLoss, .adminDown,
            .interfaceRemoved, .interfaceRenamed, .addressAdded, .ownAddressesRemoved, .overrun,
            .refusal, .blackout:
            false
        }
    }
}
