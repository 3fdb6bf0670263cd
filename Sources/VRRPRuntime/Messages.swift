// What the threads of the daemon say to each other. Values only; the queues are bounded.

package import VRRPConfiguration
package import VRRPEngine
import VRRPWire

/// From the protocol thread to the office.
package enum OfficeMessage: Sendable {
    case event(EngineEvent)
    /// A setting of the kernel, or of a macvlan, that matters; a sentence.
    case warning(String)
    /// Something about the recording, for the log.
    case recording(String, isFailure: Bool)
    /// The answer to `.snapshot(request:)`.
    case snapshot(request: UInt64, EngineSnapshot)
    /// The answer to `.apply`: what the new configuration changed.
    case applied(request: UInt64, ConfigurationDifference)
    /// SIGHUP: load the files again and apply them.
    case reloadRequested
    /// Every virtual router is in Backup or Active, or has a reported reason why not.
    case ready
    /// SIGTERM or SIGINT: the protocol thread has left all elections and removed what it installed;
    /// events that were told before have all been posted. The office finishes and returns.
    case stopping
}

/// From the office to the protocol thread.
enum EngineMessage: Sendable {
    case snapshot(request: UInt64)
    case apply(request: UInt64, Configuration)
    /// From the thread that changes macvlans: an errno, 0 for done.
    case deviceChanged(name: String, code: Int32)
    /// A network namespace that was asked for is there.
    case namespaceOpened(NetworkPorts)
    /// It is not there any more, or another one of its name is.
    case namespaceGone(number: Int32)
}

/// From the protocol thread to the one that changes macvlans and settings of the kernel.
enum DeviceMessage: Sendable {
    case change(name: String, DeviceRequest)
    /// Virtual addresses may come to stand on this interface, or on a macvlan on it.
    case manage(interface: Int32, AddressFamily)
    case unmanage(interface: Int32, AddressFamily)
    /// Virtual routers live in this network namespace: open it as soon as it is there.
    case openNamespace(name: String)
    /// Its sockets fail: open it anew.
    case closeNamespace(number: Int32)
    /// The protocol thread is done: put back what was changed, and end.
    case finish
}
