// The engine as others may see it: values, taken at one instant.

package import VRRPConfiguration
package import VRRPCore
package import VRRPWire

/// Everything that `vrrpctl show` tells.
package struct EngineSnapshot: Equatable, Sendable {
    package var at: Instant
    package var node: String
    package var routers: [RouterSnapshot]
    package var counters: GlobalCounters
}

/// One virtual router at one instant.
package struct RouterSnapshot: Equatable, Sendable {
    package var configuration: VirtualRouterConfiguration
    package var state: RouterState
    /// When it entered this state.
    package var since: Instant
    /// Why it is in this state, or why it cannot leave Initialize.
    package var reason: Reason
    /// Nil while the interface is missing.
    package var interfaceIndex: Int32?
    /// The hardware address that neighbours learn for the virtual addresses.
    package var hardwareAddress: MACAddress?
    /// The macvlan, or the interface itself; nil while it is missing.
    package var device: String?
    /// The source of our advertisements.
    package var primaryAddress: IPAddress?
    /// Who is Active, if known; nil in Initialize and before anyone was heard.
    package var activeRouter: ActiveRouterSnapshot?
    package var skewTime: Duration
    package var activeDownInterval: Duration
    /// What is left of the Active_Down_Timer; nil unless Backup.
    package var remaining: Duration?
    /// The checksum form of our advertisements (version 3 over IPv4); nil elsewhere.
    package var checksumForm: ChecksumForm?
    package var addresses: [AddressSnapshot]
    package var counters: RouterCounters
}

/// The Active Router as this router knows it.
package struct ActiveRouterSnapshot: Codable, Equatable, Sendable, BitwiseCopyable {
    package var isSelf: Bool
    package var address: IPAddress
    package var version: VRRPVersion
    package var priority: Priority
    package var advertisementInterval: Duration
    /// Nil when it is this router.
    package var lastHeard: Instant?
    package var checksumForm: ChecksumForm?
}

/// One virtual address, as wanted and as the kernel has it.
package struct AddressSnapshot: Equatable, Sendable {
    package var address: InterfaceAddress
    package var kind: VirtualAddress.Kind
    /// The interface it belongs on.
    package var device: String
    package var wanted: Bool
    package var installed: Bool
    /// It was there before us: an administrator's, or an owner's own. Never removed.
    package var foreign: Bool
}
