// The thread beside the protocol that may wait for the kernel: it makes, lowers and removes
// macvlans, and sets what the kernel must be told for them.

import LinuxNetwork
import VRRPEngine
import VRRPWire

/// Runs until `.finish`.
struct DeviceWorker: ~Copyable {
    private let inbox: Mailbox<DeviceMessage>
    private let engine: Mailbox<EngineMessage>
    private let office: Mailbox<OfficeMessage>
    private let filter: PacketFilter
    private var links: VirtualLinks
    private var ledger: SysctlLedger
    private var poller: Poller
    /// The interfaces below our macvlans, by the macvlans' names.
    private var parents: [String: String] = [:]
    /// Interfaces with virtual routers.
    private var managed: Set<Managed> = []
    private var warned: Set<String> = []
    /// Until then, what a killed predecessor set stays: its macvlans may still be up, and the
    /// interface would answer for their addresses with its own MAC address.
    private let inheritsUntil = Clock.boot() + .seconds(2)
    /// Something is to be put back once that is over.
    private var isInheriting = true
    /// Nobody takes answers any more.
    private var isAlone = false

    private struct Managed: Hashable {
        var interface: Int32
        var family: AddressFamily
    }

    /// What our macvlans' aliases begin with.
    static let aliasPrefix = "vrrpd "

    init(
        inbox: Mailbox<DeviceMessage>, engine: Mailbox<EngineMessage>,
        office: Mailbox<OfficeMessage>, filter: PacketFilter, stateDirectory: String
    ) throws(SystemError) {
        let links = try VirtualLinks()
        let poller = try Poller()
        try poller.add(inbox.rawDescriptor, token: 0)
        self.inbox = inbox
        self.engine = engine
        self.office = office
        self.filter = filter
        self.links = links
        self.poller = poller
        ledger = SysctlLedger(file: stateDirectory + "/sysctls")
    }

    mutating func run() {
        while true {
            while let message = inbox.take() {
                switch message {
                case .change(let name, let request):
                    answer(name, change(name, request.operation))
                case .manage(let interface, let family):
                    managed.insert(Managed(interface: interface, family: family))
                    applySettings()
                    if family == .ipv6, let name = interfaceName(of: interface) {
                        _ = guardAddresses(on: interface, of: name)
                    }
                case .unmanage(let interface, let family):
                    managed.remove(Managed(interface: interface, family: family))
                    applySettings()
                    if family == .ipv6 { leaveUnguarded(interface) }
                case .finish:
                    warn(ledger.restore().map { "cannot put back \($0.path): \($0.error)" })
                    return
                }
            }
            // A poller that fails would fail again; a short wait does no harm here.
            do throws(SystemError) {
                let mustLook = isInheriting || filter.isWaiting
                try poller.wait(milliseconds: mustLook ? 500 : -1) { _, _ in }
            } catch {
                pause(.milliseconds(10))
            }
            try? filter.tidy()
            if isInheriting, Clock.boot() >= inheritsUntil {
                isInheriting = false
                applySettings()
            }
        }
    }

    /// Answers everything with an errno, until `.finish`.
    static func refuse(
        _ inbox: Mailbox<DeviceMessage>, _ engine: Mailbox<EngineMessage>, code: Int32
    ) {
        while true {
            switch inbox.take() {
            case .change(let name, _): _ = engine.post(.deviceChanged(name: name, code: code))
            case .finish: return
            case .manage, .unmanage, nil: pause(.milliseconds(10))
            }
        }
    }

    private mutating func answer(_ name: String, _ code: Int32) {
        var patience = 100
        while !isAlone, !engine.post(.deviceChanged(name: name, code: code)) {
            pause(.milliseconds(10))
            patience -= 1
            // The protocol reads far more often than that: it has ended, and `.finish` will come.
            isAlone = patience == 0
        }
    }

    /// An errno, 0 for done.
    private mutating func change(_ name: String, _ operation: DeviceRequest.Operation) -> Int32 {
        do throws(SystemError) {
            switch operation {
            case .make(let parent, let parentName, let hardwareAddress):
                return make(name, parent, parentName, hardwareAddress)
            case .lower(let index):
                try links.setDown(index)
            case .remove(let index):
                parents[name] = nil
                try links.delete(index)
                applySettings()
                leaveUnguarded(index)
            }
            return 0
        } catch {
            return error.code
        }
    }

    private mutating func make(
        _ name: String, _ parent: Int32, _ parentName: String, _ hardwareAddress: MACAddress
    ) -> Int32 {
        do throws(VirtualLinkError) {
            let link = try links.create(
                VirtualLinkRequest(
                    name: name, parentIndex: parent, hardwareAddress: hardwareAddress,
                    alias: Self.aliasPrefix + "on " + parentName, aliasPrefix: Self.aliasPrefix))
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
        for setting in VirtualLinkSettings.link(name, parent: parentName, family: family) {
            write(setting)
        }
        applySettings()
        warn(VirtualLinkSettings.obstacles())
        return 0
    }

    /// False when the kernel does not filter what it must: then no address may be there.
    private mutating func guardAddresses(on index: Int32, of interface: String) -> Bool {
        do throws(PacketFilterError) {
            try filter.add(device: index, of: interface)
            return true
        } catch {
            warn([error.description])
            return false
        }
    }

    private mutating func leaveUnguarded(_ index: Int32) {
        do throws(PacketFilterError) {
            try filter.remove(device: index)
        } catch {
            warn(["addresses stay filtered that need not be: \(error.cause)"])
        }
    }

    private mutating func write(_ setting: SysctlSetting) {
        do throws(SystemError) {
            _ = try Sysctl.write(setting.value, to: setting.path)
        } catch {
            warn(["cannot set \(setting.path) to \(setting.value): \(error)"])
        }
    }

    /// What must be set on interfaces that are not ours, as long as we need it.
    private mutating func applySettings() {
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

    /// Each sentence once.
    private mutating func warn(_ sentences: [String]) {
        for sentence in sentences where warned.insert(sentence).inserted {
            _ = office.post(.warning(sentence))
        }
    }

    private static let exists: Int32 = 17
    /// EPERM.
    private static let refused: Int32 = 1
}
