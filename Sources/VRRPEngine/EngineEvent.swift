// What operators are told: one value for the log, the history and whoever follows.

package import VRRPCore
package import VRRPWire

/// Something worth telling, with the instant at which it happened.
package struct EngineEvent: Equatable, Sendable {
    package var at: Instant
    package var kind: Kind

    package enum Kind: Equatable, Sendable {
        case transition(router: String, Transition, priority: Priority)
        /// The router cannot take part, and why; also told once at start.
        case unable(router: String, Reason)
        /// Packets were discarded. `suppressed` more of this kind came since it was last told.
        case discarded(
            interface: String, router: String?, source: IPAddress, DiscardReason, suppressed: UInt64
        )
        /// A valid advertisement has another interval than ours (version 3: processed).
        case intervalMismatch(router: String, source: IPAddress, theirs: Duration, own: Duration)
        /// A valid advertisement lists other addresses than ours (version 3: processed).
        case addressListMismatch(router: String, source: IPAddress)
        /// Somebody else claims to own the addresses that we own.
        case ownerConflict(router: String, source: IPAddress)
        /// Another router with our own priority: only the address decides between the two.
        case equalPriority(router: String, source: IPAddress, Priority)
        /// `version: both`, but the Active Router sends version 3 only (RFC 9568 §8.4.2).
        case noVersion2(router: String, source: IPAddress)
        /// The checksum form of our advertisements follows the segment's other router.
        case checksumForm(router: String, source: IPAddress, ChecksumForm)
        /// Somebody removed a virtual address; it is being put back.
        case addressRestored(router: String, InterfaceAddress, device: String)
        /// An address that was ours stood on this router without need and was removed.
        case addressCleared(InterfaceAddress, device: String)
        /// The virtual address is on the interface already and is not ours; it stays untouched.
        case addressForeign(router: String, InterfaceAddress, device: String)
        /// The virtual address is on the interface below the macvlan, too, where somebody put it: that
        /// one answers for it with its own MAC address.
        case addressTwice(router: String, InterfaceAddress, device: String)
        /// The kernel refused a change (an errno).
        case addressFailed(router: String, InterfaceAddress, device: String, code: Int32)
        /// Somebody removed the macvlan or set it down; it is being put right.
        case deviceRestored(router: String, device: String)
        /// The macvlan cannot be made or set up or down (an errno); tried again every second.
        case deviceFailed(router: String, device: String, code: Int32)
        /// A macvlan that an earlier daemon left is being removed.
        case deviceCleared(device: String)
        /// Advertisements cannot be received on an interface (an errno).
        case listenFailed(interface: String, AddressFamily, code: Int32)
        /// Router Solicitations cannot be received on an interface (an errno).
        case solicitationsFailed(interface: String, code: Int32)
        /// Advertisements or announcements cannot be sent (an errno); told once until it works.
        case transmitFailed(router: String, code: Int32)
        case configured(added: [String], changed: [String], removed: [String])
    }

    package init(at: Instant, _ kind: Kind) {
        self.at = at
        self.kind = kind
    }
}
