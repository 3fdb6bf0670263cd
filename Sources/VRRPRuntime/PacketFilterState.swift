// What one packet filter knows: what is wanted, what the kernel has, what is on its way out.

import LinuxNetwork
import VRRPConfiguration
import VRRPWire

/// What the threads share; always used by one at a time, in its namespace.
struct PacketFilterState: ~Copyable {
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
