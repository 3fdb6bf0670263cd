// What the engine asks of the world, as values. The interpreter carries them out in order and
// gives every result back as an input.

package import VRRPConfiguration
package import VRRPWire

/// One thing to do. Byte ranges refer to the engine's `outbox`, which is valid until
/// `clearEffects()`: what is sent was fixed when it was decided. `router` is only to be given back;
/// it is `nobody` for the farewell of one that has left the configuration. `interface` is an
/// `InterfaceHandle`.
package enum Effect: Equatable, Sendable {
    /// Put a trailer behind the message in this range of the outbox, for which there is room, with
    /// `Engine.store(_:inMessageAt:source:)`. What follows sends it; without a trailer no peer
    /// accepts it.
    case sign(message: Range<Int>, source: IPAddress, key: HMACPolicy.Key)
    /// Send a VRRP message in an IP datagram with TTL or hop limit 255. With index 0 the way is left
    /// to the routes of the namespace.
    case send(
        router: Int, interface: Int32, source: IPAddress, destination: IPAddress, Range<Int>)
    /// Send an advertisement as a complete Ethernet frame, from the virtual MAC address.
    case advertise(router: Int, interface: Int32, Range<Int>)
    /// Send a complete Ethernet frame: gratuitous ARP, unsolicited neighbour advertisement or Router
    /// Advertisement.
    case announce(router: Int, interface: Int32, Range<Int>)
    /// Change the kernel's addresses; answer with `addressesChanged`. At most one is unanswered.
    case changeAddresses(AddressRequest)
    /// Make, set down or remove a macvlan, off the protocol's path; answer with `deviceChanged`.
    case changeDevice(name: String, DeviceRequest)
    /// Join the VRRP group of a family on an interface; failure comes back as `listenFailed`.
    case listen(interface: Int32, AddressFamily)
    case stopListening(interface: Int32, AddressFamily)
    /// Join the group of all IPv6 routers on an interface and give in the Router Solicitations that
    /// arrive as `solicited`; failure comes back as `solicitationsFailed`.
    case listenForSolicitations(interface: Int32)
    case stopListeningForSolicitations(interface: Int32)
    case tell(EngineEvent)

    package static let nobody = -1
}

/// A batch of changes, to be sent to the kernel in one piece.
package struct AddressRequest: Codable, Equatable, Sendable {
    /// Comes back with the results.
    package var token: UInt64
    /// Links to set up before anything else; their results come first.
    package var raised: [Int32]
    package var changes: [AddressEdit]
}

/// One address to add or to remove.
package struct AddressEdit: Codable, Equatable, Sendable, BitwiseCopyable {
    package enum Operation: String, Codable, Sendable, BitwiseCopyable { case add, remove }
    package var operation: Operation
    package var interface: Int32
    package var address: InterfaceAddress
    /// The kernel's number (`man 7 rtnetlink`, rtm_scope).
    package var scope: UInt8
    /// False: without a route to its subnet, for another interface has that one.
    package var hasPrefixRoute: Bool
}
