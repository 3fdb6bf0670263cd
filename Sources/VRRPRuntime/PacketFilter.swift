// `accept: false` in the kernel: what is filtered at start, across a reload, on a new macvlan, at
// the end. An address is never up without its filter: that comes before it, and goes after it.

package import LinuxNetwork
import Synchronization
package import VRRPConfiguration
import VRRPWire

/// The filter of one network namespace, told the part of the configuration that is in it. Shared by
/// the threads that may wait: the office, the one that changes macvlans, and the one that starts and
/// ends the others. Never called by the protocol thread while it runs.
package final class PacketFilter: Sendable {
    private let state: Mutex<PacketFilterState>
    /// Nil is the daemon's own.
    private let namespace: NetworkNamespace?

    /// The name of our table, of the family `inet`.
    package static let table = "vrrpd"

    /// `note` is the path of a file that is there while a table of ours may be.
    package init(note: String, namespace: NetworkNamespace? = nil) {
        self.namespace = namespace
        state = Mutex(PacketFilterState(note: note))
    }

    /// Before the first address is up. Without `accept: false`, nftables is touched only if a
    /// predecessor was killed that had a filter.
    package func start(_ configuration: Configuration) throws(PacketFilterError) {
        try inside { state throws(PacketFilterError) in
            let plan = UnacceptedAddresses(configuration)
            if plan.isEmpty { return state.removeLeftover() }
            try state.adoptMacvlans()
            state.running = plan
            try state.install()
        }
    }

    /// Before the protocol thread is told to apply a configuration: what it filters is filtered
    /// from now on, and what the running one filters still is.
    package func prepare(_ configuration: Configuration, request: UInt64) throws(PacketFilterError)
    {
        try inside { state throws(PacketFilterError) in
            state.coming[request] = UnacceptedAddresses(configuration)
            do throws(PacketFilterError) {
                try state.install()
            } catch {
                state.coming[request] = nil
                throw error
            }
        }
    }

    /// The protocol thread was not told after all.
    package func abandon(request: UInt64) throws(PacketFilterError) {
        try inside { state throws(PacketFilterError) in
            guard state.coming.removeValue(forKey: request) != nil else { return }
            try state.install()
        }
    }

    /// The protocol thread has applied it: what it accepts is open, what it does not name any more
    /// stays filtered until it is gone.
    package func settle(_ configuration: Configuration, request: UInt64) throws(PacketFilterError) {
        try inside { state throws(PacketFilterError) in
            guard let plan = state.coming.removeValue(forKey: request) else { return }
            state.running = plan
            let unwanted = state.installed.subtracting(state.wanted)
            state.leaving = unwanted.filter { !state.isAccepted($0, by: configuration) }
            state.forgetWhatIsGone()
            try state.install()
        }
    }

    /// Whether addresses stay filtered that no configuration names. Then `tidy` is to be called
    /// again.
    package var isWaiting: Bool { state.withLock { !$0.leaving.isEmpty || $0.isBehind } }

    /// Ends the filter of addresses that are gone.
    package func tidy() throws(PacketFilterError) {
        guard isWaiting else { return }
        try inside { state throws(PacketFilterError) in
            guard !state.leaving.isEmpty || state.isBehind else { return }
            state.forgetWhatIsGone()
            try state.install()
        }
    }

    /// Before addresses of the routers on `interface` may come to stand on the device with this
    /// index: the interface itself, or a macvlan on it.
    package func add(device index: Int32, of interface: String) throws(PacketFilterError) {
        try inside { state throws(PacketFilterError) in
            let old = state.devices.updateValue(interface, forKey: index)
            if old != interface, !state.installed.isEmpty {
                // A macvlan that somebody deleted is made anew, with another index.
                state.devices = state.devices.filter { interfaceName(of: $0.key) != nil }
            }
            do throws(PacketFilterError) {
                try state.install()
            } catch {
                // The next attempt must not find it done.
                state.devices[index] = old
                throw error
            }
        }
    }

    /// No more addresses come to stand on a device; those that do stay filtered.
    package func remove(device index: Int32) throws(PacketFilterError) {
        try inside { state throws(PacketFilterError) in
            guard state.devices.removeValue(forKey: index) != nil else { return }
            state.leaving.formUnion(state.installed.filter { $0.entrance == .interface(index) })
            state.forgetWhatIsGone()
            try state.install()
        }
    }

    /// The daemon ends. An address that could not be removed stays filtered, as one does whose
    /// daemon was killed; false if there is one.
    package func finish() throws(PacketFilterError) -> Bool {
        try inside { state throws(PacketFilterError) in
            state.running = UnacceptedAddresses()
            state.coming = [:]
            state.leaving = state.installed
            state.forgetWhatIsGone()
            try state.install()
            return state.leaving.isEmpty
        }
    }

    /// In the namespace, and alone.
    private func inside<Value: Sendable>(
        _ body: (inout PacketFilterState) throws(PacketFilterError) -> Value
    ) throws(PacketFilterError) -> Value {
        guard let namespace else { return try alone(body) }
        var outcome: Result<Value, PacketFilterError>?
        do throws(SystemError) {
            try namespace.run {
                do throws(PacketFilterError) {
                    outcome = .success(try alone(body))
                } catch {
                    outcome = .failure(error)
                }
            }
        } catch {
            throw .observation(error)
        }
        switch outcome {
        case .success(let value): return value
        case .failure(let error): throw error
        case nil: throw .observation(SystemError(call: "setns", code: 0))
        }
    }

    private func alone<Value: Sendable>(
        _ body: (inout PacketFilterState) throws(PacketFilterError) -> Value
    ) throws(PacketFilterError) -> Value {
        try state.withLock { state throws(PacketFilterError) in try body(&state) }
    }
}
