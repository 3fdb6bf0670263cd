// `accept: false` in the kernel: what is filtered at start, across a reload, on a new macvlan, at
// the end. An address is never up without its filter: that comes before it, and goes after it.

package import LinuxNetwork
import Synchronization
package import VRRPConfiguration
import VRRPWire

/// Shared by the threads that may wait: the office, the one that changes macvlans, and the one that
/// starts and ends the others. Never called by the protocol thread while it runs.
package final class PacketFilter: Sendable {
    private let state: Mutex<State>

    /// The name of our table, of the family `inet`.
    package static let table = "vrrpd"

    package init(stateDirectory: String) {
        state = Mutex(State(note: stateDirectory + "/packet-filter"))
    }

    /// Before the first address is up. Without `accept: false`, nftables is touched only if a
    /// predecessor was killed that had a filter.
    package func start(_ configuration: Configuration) throws(PacketFilterError) {
        try state.withLock { state throws(PacketFilterError) in
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
        try state.withLock { state throws(PacketFilterError) in
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
        try state.withLock { state throws(PacketFilterError) in
            guard state.coming.removeValue(forKey: request) != nil else { return }
            try state.install()
        }
    }

    /// The protocol thread has applied it: what it accepts is open, what it does not name any more
    /// stays filtered until it is gone.
    package func settle(_ configuration: Configuration, request: UInt64) throws(PacketFilterError) {
        try state.withLock { state throws(PacketFilterError) in
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
        try state.withLock { state throws(PacketFilterError) in
            guard !state.leaving.isEmpty || state.isBehind else { return }
            state.forgetWhatIsGone()
            try state.install()
        }
    }

    /// Before addresses of the routers on `interface` may come to stand on the device with this
    /// index: the interface itself, or a macvlan on it.
    package func add(device index: Int32, of interface: String) throws(PacketFilterError) {
        try state.withLock { state throws(PacketFilterError) in
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
        try state.withLock { state throws(PacketFilterError) in
            guard state.devices.removeValue(forKey: index) != nil else { return }
            state.leaving.formUnion(state.installed.filter { $0.entrance == .interface(index) })
            state.forgetWhatIsGone()
            try state.install()
        }
    }

    /// The daemon ends. An address that could not be removed stays filtered, as one does whose
    /// daemon was killed; false if there is one.
    package func finish() throws(PacketFilterError) -> Bool {
        try state.withLock { state throws(PacketFilterError) in
            state.running = UnacceptedAddresses()
            state.coming = [:]
            state.leaving = state.installed
            state.forgetWhatIsGone()
            try state.install()
            return state.leaving.isEmpty
        }
    }
}

/// Why the kernel does not filter, in a sentence with what to do.
package enum PacketFilterError: Error, CustomStringConvertible {
    case filter(AddressFilterError)
    /// The file that tells a successor of the table.
    case note(String, SystemError)
    /// What there is cannot be found out.
    case observation(SystemError)

    package var description: String {
        "`accept: false` cannot be enforced, hosts would reach the virtual addresses: \(cause), or"
            + " write `accept: true`"
    }

    /// What failed, and what to do about it.
    var cause: String {
        let table = "inet \(PacketFilter.table)"
        return
            switch self
        {
        case .filter(.occupied):
            "the nftables table `\(table)` exists and belongs to somebody else; delete it (`nft"
                + " delete table \(table)`) or end the program that owns it"
        case .filter(.system(let error)):
            "nftables refuses the table `\(table)` (\(error)); load the kernel module nf_tables"
                + " (`modprobe nf_tables`; Linux 5.12 or later)"
        case .note(let path, let error):
            "nftables is used only with a note of it, and \(path) cannot be written (\(error));"
                + " make it writable"
        case .observation(let error):
            "the kernel does not tell which addresses there are (\(error)); try again"
        }
    }
}

/// What the threads share.
private struct State: ~Copyable {
    /// Nil while nothing is filtered: without `accept: false` nftables is not needed.
    private var filter: AddressFilter?
    /// A file that is there while a table of ours may be: a successor without `accept: false`
    /// learns from it that it has to remove one.
    private let note: String
    var running = UnacceptedAddresses()
    /// Of reloads that the protocol thread has not applied yet, by request.
    var coming: [UInt64: UnacceptedAddresses] = [:]
    /// Addresses that no configuration names, and that are not gone yet.
    var leaving: Set<FilteredAddress> = []
    /// Interfaces of the configuration and macvlans on them, by their indexes: the names that such
    /// an interface has in the configuration.
    var devices: [Int32: String] = [:]
    /// What the kernel filters.
    private(set) var installed: Set<FilteredAddress> = []

    init(note: String) {
        self.note = note
    }

    /// What the configurations ask for. An interface counts by its name, which is what the
    /// configuration has, so that it is guarded from the moment it is there; and by its index once
    /// that is known, so that it stays guarded when somebody renames it. A macvlan is known before
    /// it is used, and counts by its index.
    var wanted: Set<FilteredAddress> {
        var result: Set<FilteredAddress> = []
        for plan in [running] + coming.values {
            for address in plan.everywhere { result.insert(FilteredAddress(address)) }
            for (interface, addresses) in plan.onLink {
                let indexes = devices.filter { $0.value == interface }.keys
                for address in addresses {
                    result.insert(FilteredAddress(address, through: .named(interface)))
                    for index in indexes {
                        result.insert(FilteredAddress(address, through: .interface(index)))
                    }
                }
            }
        }
        return result
    }

    /// Whether the kernel was not told all yet, because telling it failed.
    var isBehind: Bool { wanted.union(leaving) != installed }

    func isAccepted(_ filtered: FilteredAddress, by configuration: Configuration) -> Bool {
        let interface =
            switch filtered.entrance {
            case .anywhere: ""
            case .named(let name): name
            case .interface(let index): devices[index] ?? ""
            }
        return configuration.accepts(filtered.address, on: interface)
    }

    /// Tells the kernel what is wanted, if it is not what it does already.
    mutating func install() throws(PacketFilterError) {
        let addresses = wanted.union(leaving)
        guard addresses != installed else { return }
        if filter == nil { try writeNote() }
        do throws(AddressFilterError) {
            if addresses.isEmpty {
                try filter?.remove()
                filter = nil
                try? removeFile(note)
            } else {
                try openFilter()
                try filter?.install(addresses)
            }
        } catch {
            if installed.isEmpty { filter = nil }
            throw .filter(error)
        }
        installed = addresses
    }

    private mutating func openFilter() throws(AddressFilterError) {
        guard filter == nil else { return }
        do throws(SystemError) {
            filter = try AddressFilter(table: PacketFilter.table)
        } catch {
            throw .system(error)
        }
    }

    /// First the note, then the deed: we may be killed at any moment.
    private func writeNote() throws(PacketFilterError) {
        do throws(SystemError) {
            if try FileKind(of: note) == .missing { _ = try OutputFile(creating: note) }
        } catch {
            throw .note(note, error)
        }
    }

    /// What is left of a killed predecessor would refuse packets that are to be accepted. Without
    /// nftables there is no table either.
    mutating func removeLeftover() {
        guard (try? FileKind(of: note)) == .regular else { return }
        guard var old = try? AddressFilter(table: PacketFilter.table) else { return }
        do throws(AddressFilterError) {
            try old.removeLeftover()
            try? removeFile(note)
        } catch {
            writeStandardError(
                "vrrpd: cannot remove the nftables table `inet \(PacketFilter.table)` that an"
                    + " earlier vrrpd left, its addresses may stay filtered: \(error)\n")
        }
    }

    /// A killed predecessor's macvlans may still be up, with its addresses.
    mutating func adoptMacvlans() throws(PacketFilterError) {
        let (links, _) = try observe()
        for link in links.values where link.isMacvlan {
            guard
                link.alias?.hasPrefix(DeviceWorker.aliasPrefix) == true,
                let parent = link.parentIndex.flatMap({ links[$0] })
            else { continue }
            devices[link.index] = parent.name
        }
    }

    /// An address counts as there while it carries our mark: one that is somebody else's is not to
    /// stay filtered. Before Linux 5.18 none carries one: then nothing is waited for. What cannot be
    /// found out is not gone.
    mutating func forgetWhatIsGone() {
        guard !leaving.isEmpty, let (links, addresses) = try? observe() else { return }
        let ours = addresses.filter { $0.protocolTag == NetworkPorts.addressMark }
        leaving = leaving.filter { filtered in
            ours.contains { present in
                guard present.address.address == filtered.address else { return false }
                return switch filtered.entrance {
                case .anywhere: true
                case .interface(let index): present.interface == index
                case .named(let name): links[present.interface]?.name == name
                }
            }
        }
    }

    /// All interfaces and addresses of this network namespace.
    private func observe() throws(PacketFilterError) -> (
        links: [Int32: LinkObservation], addresses: [AddressObservation]
    ) {
        var links: [Int32: LinkObservation] = [:]
        var addresses: [AddressObservation] = []
        do throws(SystemError) {
            var monitor = try NetworkMonitor(receiveBufferBytes: 1 << 20)
            try monitor.synchronise { observation in
                switch observation {
                case .link(let link): links[link.index] = link
                case .address(let address): addresses.append(address)
                case .resynchronising:
                    links = [:]
                    addresses = []
                case .linkRemoved, .addressRemoved, .synchronised: break
                }
            }
        } catch {
            throw .observation(error)
        }
        return (links, addresses)
    }
}
