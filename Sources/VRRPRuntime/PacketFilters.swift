// The packet filters of all network namespaces in which virtual routers live: one configuration, told
// to each of them in its part.

import LinuxNetwork
import Synchronization
import VRRPConfiguration

/// Shared as each of them is.
final class PacketFilters: Sendable {
    /// Of the daemon's own namespace.
    let home: PacketFilter
    private let note: String
    private let state = Mutex(State())

    private struct State {
        var running: Configuration?
        /// Of reloads that the protocol thread has not applied yet, by request.
        var coming: [UInt64: Configuration] = [:]
        var others: [String: PacketFilter] = [:]
    }

    init(stateDirectory: String) {
        note = stateDirectory + "/packet-filter"
        home = PacketFilter(note: note)
    }

    /// Before the first address is up.
    func start(_ configuration: Configuration) throws(PacketFilterError) {
        state.withLock { $0.running = configuration }
        try home.start(configuration.part(in: nil))
    }

    /// Another namespace is there: before anything of ours is in it. When this throws, nothing may be.
    func open(
        _ name: String, _ namespace: NetworkNamespace
    ) throws(PacketFilterError) -> PacketFilter {
        try state.withLock { state throws(PacketFilterError) in
            // What an attempt before opened in vain would be in the way: its table is somebody else's.
            state.others[name] = nil
            let fileName = String(name.map { $0 == "/" ? "_" : $0 })
            let filter = PacketFilter(note: "\(note)-\(fileName)", namespace: namespace)
            if let running = state.running { try filter.start(running.part(in: name)) }
            for (request, configuration) in state.coming {
                try filter.prepare(configuration.part(in: name), request: request)
            }
            state.others[name] = filter
            return filter
        }
    }

    /// The namespace, or its name, is gone.
    func close(_ name: String) {
        state.withLock { $0.others[name] = nil }
    }

    /// Before the protocol thread is told to apply a configuration. When this throws, all is as before.
    func prepare(_ configuration: Configuration, request: UInt64) throws(PacketFilterError) {
        try state.withLock { state throws(PacketFilterError) in
            do throws(PacketFilterError) {
                try home.prepare(configuration.part(in: nil), request: request)
                for (name, filter) in state.others {
                    try filter.prepare(configuration.part(in: name), request: request)
                }
            } catch {
                try? home.abandon(request: request)
                for filter in state.others.values { try? filter.abandon(request: request) }
                throw error
            }
            state.coming[request] = configuration
        }
    }

    /// The protocol thread was not told after all.
    func abandon(request: UInt64) throws(PacketFilterError) {
        try state.withLock { state throws(PacketFilterError) in
            state.coming[request] = nil
            try home.abandon(request: request)
            for filter in state.others.values { try filter.abandon(request: request) }
        }
    }

    /// The protocol thread has applied it.
    func settle(_ configuration: Configuration, request: UInt64) throws(PacketFilterError) {
        try state.withLock { state throws(PacketFilterError) in
            state.coming[request] = nil
            state.running = configuration
            try home.settle(configuration.part(in: nil), request: request)
            for (name, filter) in state.others {
                try filter.settle(configuration.part(in: name), request: request)
            }
        }
    }

    /// Whether `tidy` is to be called again.
    var isWaiting: Bool {
        state.withLock { state in
            home.isWaiting || state.others.values.contains { $0.isWaiting }
        }
    }

    /// Ends the filter of addresses that are gone.
    func tidy() throws(PacketFilterError) {
        try state.withLock { state throws(PacketFilterError) in
            try home.tidy()
            for filter in state.others.values { try filter.tidy() }
        }
    }

    /// The daemon ends; false if an address could not be removed, and stays filtered.
    func finish() throws(PacketFilterError) -> Bool {
        try state.withLock { state throws(PacketFilterError) in
            var isClean = true
            for filter in state.others.values where try !filter.finish() { isClean = false }
            return try home.finish() && isClean
        }
    }
}
