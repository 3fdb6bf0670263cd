// Macvlans and settings of one network namespace: made, lowered and removed there, set and put back.

import LinuxNetwork
import VRRPEngine
import VRRPWire

/// Used by one thread, the one that may wait.
final class DeviceSite {
    /// Nil is the daemon's own namespace, in which the thread is anyway.
    private let namespace: NetworkNamespace?
    private let filter: PacketFilter?
    private let warn: ([String]) -> Void
    private var links: VirtualLinks
    private var ledger: SysctlLedger
    /// The interfaces below our macvlans, by the macvlans' names.
    private var parents: [String: String] = [:]
    /// Interfaces with virtual routers, by their indexes.
    private var managed: Set<Managed> = []
    /// Until then, what a killed predecessor set stays: its macvlans may still be up, and the
    /// interface would answer for their addresses with its own MAC address.
    private let inheritsUntil = Clock.boot() + .seconds(2)
    /// Something is to be put back once that is over.
    private(set) var isInheriting = true

    private struct Managed: Hashable {
        var interface: Int32
        var family: AddressFamily
    }

    /// The settings that were changed are noted in `ledger`.
    init(
        namespace: NetworkNamespace? = nil, ledger: String, filter: PacketFilter?,
        warn: @escaping ([String]) -> Void
    ) throws(SystemError) {
        self.namespace = namespace
        self.filter = filter
        self.warn = warn
        links = try NetworkNamespace.run(in: namespace) { () throws(SystemError) in
            try VirtualLinks()
        }
        // What it was noted for is told by the namespace it is read in.
        self.ledger = try NetworkNamespace.run(in: namespace) { SysctlLedger(file: ledger) }
    }

    /// Whether `name` still leads to this namespace. Where that cannot be told, it does.
    func isReached(by name: String) -> Bool {
        do throws(SystemError) {
            return try NetworkNamespace(name).identity == namespace?.identity
        } catch {
            return !error.isNoNamespace
        }
    }

    /// Its name is gone; if it lives on, by a process in it, nothing of ours is to stay.
    func abandon() {
        for name in parents.keys { try? links.delete(named: name) }
        parents = [:]
        managed = []
        restore()
        _ = try? filter?.finish()
    }

    /// Whatever fails in here says so itself; entering the namespace does not.
    private func inside(_ body: () -> Void) {
        do throws(SystemError) {
            try NetworkNamespace.run(in: namespace) { body() }
        } catch {
            warn(["cannot enter a network namespace: \(error)"])
        }
    }
}

// MARK: Interfaces

extension DeviceSite {
    func manage(_ interface: Int32, _ family: AddressFamily) {
        managed.insert(Managed(interface: interface, family: family))
        inside {
            applySettings()
            if family == .ipv6, let name = interfaceName(of: interface) {
                _ = guardAddresses(on: interface, of: name)
            }
        }
    }

    func unmanage(_ interface: Int32, _ family: AddressFamily) {
        managed.remove(Managed(interface: interface, family: family))
        inside { applySettings() }
        if family == .ipv6 { leaveUnguarded(interface) }
    }

    /// Puts back what a predecessor set, once nothing of it can be there any more.
    func inheritIfDue() {
        guard isInheriting, Clock.boot() >= inheritsUntil else { return }
        isInheriting = false
        inside { applySettings() }
    }

    func restore() {
        inside {
            warn(ledger.restore().map { "cannot put back \($0.path): \($0.error)" })
        }
    }
}

// MARK: Macvlans

extension DeviceSite {
    /// An errno, 0 for done. `name` and the parent's are the kernel's.
    func change(_ name: String, _ operation: DeviceRequest.Operation) -> Int32 {
        do throws(SystemError) {
            switch operation {
            case .make(let parent, let parentName, let hardwareAddress):
                return make(
                    name, InterfaceHandle.index(of: parent), kernelName(parentName),
                    hardwareAddress)
            case .lower(let link):
                try links.setDown(InterfaceHandle.index(of: link))
            case .remove(let link):
                let index = InterfaceHandle.index(of: link)
                try links.delete(index)
                // Not before: while it is there, the interface below must not answer for it.
                parents[name] = nil
                inside { applySettings() }
                leaveUnguarded(index)
            }
            return 0
        } catch {
            return error.code
        }
    }

    private func make(
        _ name: String, _ parent: Int32, _ parentName: String, _ hardwareAddress: MACAddress
    ) -> Int32 {
        do throws(VirtualLinkError) {
            let link = try links.create(
                VirtualLinkRequest(
                    name: name, parentIndex: parent, hardwareAddress: hardwareAddress,
                    alias: DeviceWorker.aliasPrefix + "on " + parentName,
                    aliasPrefix: DeviceWorker.aliasPrefix))
            // Once we have answered, addresses may come to stand on it.
            guard guardAddresses(on: link.index, of: parentName) else { return Self.refused }
        } catch {
            switch error {
            case .occupied:
                warn([error.description])
                return Self.exists
            case .system(let error):
                return error.code
            }
        }
        parents[name] = parentName
        let family = VirtualRouterMAC(hardwareAddress)?.family ?? .ipv4
        inside {
            for setting in VirtualLinkSettings.link(name, parent: parentName, family: family) {
                write(setting)
            }
            applySettings()
            warn(VirtualLinkSettings.obstacles())
        }
        return 0
    }

    private static let exists: Int32 = 17
    /// EPERM.
    private static let refused: Int32 = 1
}

// MARK: The packet filter

extension DeviceSite {
    /// False when the kernel does not filter what it must: then no address may be there.
    private func guardAddresses(on index: Int32, of interface: String) -> Bool {
        do throws(PacketFilterError) {
            try filter?.add(device: index, of: interface)
            return true
        } catch {
            warn([error.description])
            return false
        }
    }

    private func leaveUnguarded(_ index: Int32) {
        do throws(PacketFilterError) {
            try filter?.remove(device: index)
        } catch {
            warn(["addresses stay filtered that need not be: \(error.cause)"])
        }
    }
}

// MARK: Settings of the kernel

extension DeviceSite {
    private func write(_ setting: SysctlSetting) {
        do throws(SystemError) {
            _ = try Sysctl.write(setting.value, to: setting.path)
        } catch {
            warn(["cannot set \(setting.path) to \(setting.value): \(error)"])
        }
    }

    /// What must be set on interfaces that are not ours, as long as we need it.
    private func applySettings() {
        var wanted: [SysctlSetting] = []
        for name in Set(managed.compactMap { interfaceName(of: $0.interface) }).sorted() {
            // One virtual address may go without those that share its subnet.
            let promotion = SysctlSetting(
                .ipv4, interface: name, key: "promote_secondaries", value: "1")
            if let promotion { wanted.append(promotion) }
        }
        for name in Set(parents.values).sorted() { wanted += VirtualLinkSettings.parent(name) }
        let failures = ledger.apply(wanted, keepingOthers: isInheriting)
        warn(failures.map { "cannot set \($0.path): \($0.error)" })
    }
}
