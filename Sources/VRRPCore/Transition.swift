// A change of state and the reason for it, with the numbers that caused it.

package import VRRPWire

/// The state of a virtual router as others see it (RFC 9568 §6.4).
package enum RouterState: UInt8, Hashable, Sendable, BitwiseCopyable {
    case initialize, backup, active
}

/// Why a virtual router changed its state, or stays out of the election. A closed list: each has
/// a code that scripts may rely on and the numbers that a person wants to see.
package enum Reason: Codable, Hashable, Sendable, BitwiseCopyable {
    /// Started as a Backup that waits for an Active Router.
    case startup
    /// Priority 255: Active at once (RFC 9568 §6.4.1).
    case owner
    /// Active_Down_Timer expired after `silence` without an advertisement from anyone.
    case noAdvertisement(silence: Duration)
    /// Active_Down_Timer expired after the Active Router said that it leaves.
    case priorityZero(from: IPAddress)
    /// Active_Down_Timer expired while only a router of lower priority was heard.
    case lowerPriorityPeer(address: IPAddress, priority: Priority, own: Priority)
    case higherPriority(address: IPAddress, priority: Priority, own: Priority)
    /// Equal priority, and the sender's address is the higher one (RFC 9568 §6.4.3).
    case higherAddress(address: IPAddress, priority: Priority, own: IPAddress)
    case interfaceDown
    case interfaceMissing
    /// No address to send from, or not the configured one.
    case noSourceAddress(configured: IPAddress? = nil)
    /// `mac: virtual`: its macvlan does not exist yet.
    case macvlanMissing
    case configuration
    case shutdown
    /// This router was not running for so long after a deadline that its peers must have given it
    /// up: what it knew is void.
    case overslept(late: Duration)
}

extension Reason {
    /// The code of `vrrpctl show --json`.
    package var code: String {
        switch self {
        case .startup: "startup"
        case .owner: "owner"
        case .noAdvertisement: "no-advertisement"
        case .priorityZero: "priority-zero"
        case .lowerPriorityPeer: "lower-priority-peer"
        case .higherPriority: "higher-priority"
        case .higherAddress: "higher-address"
        case .interfaceDown: "interface-down"
        case .interfaceMissing: "interface-missing"
        case .noSourceAddress: "no-source-address"
        case .macvlanMissing: "interface-missing"
        case .configuration: "configuration"
        case .shutdown: "shutdown"
        case .overslept: "overslept"
        }
    }
}

/// A change of state.
package struct Transition: Hashable, Sendable, BitwiseCopyable {
    package var from: RouterState
    package var to: RouterState
    package var reason: Reason

    package init(from: RouterState, to: RouterState, reason: Reason) {
        self.from = from
        self.to = to
        self.reason = reason
    }
}
