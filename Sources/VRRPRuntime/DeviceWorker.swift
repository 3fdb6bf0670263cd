// The thread beside the protocol that may wait for the kernel: it makes, lowers and removes
// macvlans, sets what the kernel must be told for them, and looks for network namespaces.

import LinuxNetwork
import VRRPEngine
import VRRPWire

/// Runs until `.finish`.
struct DeviceWorker: ~Copyable {
    private let inbox: Mailbox<DeviceMessage>
    private let engine: Mailbox<EngineMessage>
    private let filter: PacketFilters
    private let ledger: String
    private let warnings: Warnings
    private var poller: Poller
    /// The daemon's own namespace.
    private let home: DeviceSite
    /// The others, by their numbers, as far as they are there. Every opening has a number of its own:
    /// what was asked for one does not reach another of the same name.
    private var sites: [Int32: DeviceSite] = [:]
    private var lastNumber: Int32 = 0
    /// Those whose name is gone, to be tidied up once the protocol has let go of them: it would take
    /// our deeds for somebody else's.
    private var leaving: [DeviceSite] = []
    /// Those that were ever asked for, with the number of the one that is open.
    private var namespaces: [String: Int32?] = [:]
    /// Nobody takes answers any more.
    private var isAlone = false

    /// What our macvlans' aliases begin with.
    static let aliasPrefix = "vrrpd "
    /// How often namespaces are looked for, and what takes its time, in milliseconds.
    private static let lookInterval: Int32 = 250

    /// Each sentence once.
    private final class Warnings {
        private let office: Mailbox<OfficeMessage>
        private var told: Set<String> = []

        init(_ office: Mailbox<OfficeMessage>) {
            self.office = office
        }

        func tell(_ sentences: [String]) {
            for sentence in sentences where !told.contains(sentence) {
                if office.post(.warning(sentence)) { told.insert(sentence) }
            }
        }

        /// What it was about is well: it is news again.
        func forget(_ subject: String) {
            told = told.filter { !$0.hasPrefix(subject) }
        }
    }

    init(
        inbox: Mailbox<DeviceMessage>, engine: Mailbox<EngineMessage>,
        office: Mailbox<OfficeMessage>, filter: PacketFilters, stateDirectory: String
    ) throws(SystemError) {
        let ledger = stateDirectory + "/sysctls"
        let warnings = Warnings(office)
        let home = try DeviceSite(ledger: ledger, filter: filter.home, warn: warnings.tell)
        let poller = try Poller()
        try poller.add(inbox.rawDescriptor, token: 0)
        self.inbox = inbox
        self.engine = engine
        self.filter = filter
        self.ledger = ledger
        self.warnings = warnings
        self.home = home
        self.poller = poller
    }

    mutating func run() {
        while true {
            while let message = inbox.take() {
                switch message {
                case .change(let name, let request):
                    answer(.deviceChanged(name: name, code: change(name, request.operation)))
                case .manage(let interface, let family):
                    site(of: interface)?.manage(InterfaceHandle.index(of: interface), family)
                case .unmanage(let interface, let family):
                    site(of: interface)?.unmanage(InterfaceHandle.index(of: interface), family)
                case .openNamespace(let name):
                    if namespaces[name] == nil { open(name) }
                case .closeNamespace(let number):
                    forget(number)
                case .finish:
                    for site in leaving { site.abandon() }
                    for site in sites.values { site.restore() }
                    home.restore()
                    return
                }
            }
            // A poller that fails would fail again; a short wait does no harm here.
            do throws(SystemError) {
                let mustLook = home.isInheriting || filter.isWaiting || !namespaces.isEmpty
                try poller.wait(milliseconds: mustLook ? Self.lookInterval : -1) { _, _ in }
            } catch {
                pause(.milliseconds(10))
            }
            try? filter.tidy()
            home.inheritIfDue()
            for site in sites.values { site.inheritIfDue() }
            lookForNamespaces()
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
            case .manage, .unmanage, .openNamespace, .closeNamespace, nil: pause(.milliseconds(10))
            }
        }
    }

    private mutating func answer(_ message: EngineMessage) {
        var patience = 6000
        while !isAlone, !engine.post(message) {
            pause(.milliseconds(10))
            patience -= 1
            // The protocol reads far more often than that: it has ended, and `.finish` will come.
            isAlone = patience == 0
        }
    }

    /// An errno, 0 for done.
    private func change(_ name: String, _ operation: DeviceRequest.Operation) -> Int32 {
        let handle =
            switch operation {
            case .make(let parent, _, _): parent
            case .lower(let link), .remove(let link): link
            }
        if let site = site(of: handle) { return site.change(kernelName(name), operation) }
        // With its namespace everything in it is gone.
        if case .make = operation { return Self.noDevice }
        return 0
    }

    private func site(of handle: Int32) -> DeviceSite? {
        let number = InterfaceHandle.namespace(of: handle)
        return number == 0 ? home : sites[number]
    }

    /// ENODEV.
    private static let noDevice: Int32 = 19
}

// MARK: Network namespaces

extension DeviceWorker {
    /// One may appear, disappear, and come back as another one of the same name.
    private mutating func lookForNamespaces() {
        for site in leaving { site.abandon() }
        leaving = []
        for (name, number) in namespaces {
            if let number, let site = sites[number] {
                if site.isReached(by: name) { continue }
                forget(number)
                answer(.namespaceGone(number: number))
                leaving.append(site)
            }
            open(name)
        }
    }

    private mutating func forget(_ number: Int32) {
        sites[number] = nil
        for name in namespaces.keys where namespaces[name] == .some(number) {
            namespaces[name] = .some(nil)
            filter.close(name)
        }
    }

    /// Tried again as long as it fails.
    private mutating func open(_ name: String) {
        namespaces[name] = .some(nil)
        guard sites.count < Int(InterfaceHandle.lastNamespace) else {
            warnings.tell(["network namespace \(name): too many are open"])
            return
        }
        repeat {
            lastNumber = lastNumber % InterfaceHandle.lastNamespace + 1
        } while sites[lastNumber] != nil
        do throws(SystemError) {
            let namespace = try NetworkNamespace(name)
            guard let filter = openFilter(name, namespace) else { return }
            let site = try DeviceSite(
                namespace: namespace, ledger: "\(ledger)-\(Self.fileName(name))", filter: filter,
                warn: warnings.tell)
            let ports = try NetworkPorts(
                number: lastNumber, prefix: name + "/", namespace: namespace)
            sites[lastNumber] = site
            namespaces[name] = .some(lastNumber)
            warnings.forget(Self.subject(name))
            answer(.namespaceOpened(ports))
        } catch {
            warnings.tell(["\(Self.subject(name)) \(error); looking for it again and again"])
        }
    }

    /// Nil when the kernel does not filter there what it must: then nothing of ours may be there.
    private func openFilter(_ name: String, _ namespace: NetworkNamespace) -> PacketFilter? {
        do throws(PacketFilterError) {
            return try filter.open(name, namespace)
        } catch {
            warnings.tell(["\(Self.subject(name)) \(error)"])
            return nil
        }
    }

    private static func subject(_ name: String) -> String { "network namespace \(name):" }

    /// Of a name or of a path.
    private static func fileName(_ name: String) -> String {
        String(name.map { $0 == "/" ? "_" : $0 })
    }
}
