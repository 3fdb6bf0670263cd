// The second thread: serves the control socket, writes the log, parses configurations, talks to
// the service manager. It may take its time; the protocol thread never waits for it.

import LinuxNetwork
import Logging
import VRRPConfiguration
import VRRPConfigurationFile
import VRRPControl
import VRRPCore
import VRRPEngine

/// What the office needs of the command line.
package struct OfficeOptions: Sendable {
    package var configurationPath: String
    package var node: String?
    package var controlSocket: String?
    package var version: String
}

/// Made by the main thread, which gives it to a thread of its own and does not touch it again:
/// that is why it may cross, unchecked.
final class Office: @unchecked Sendable {
    let options: OfficeOptions
    let inbox: Mailbox<OfficeMessage>
    let engine: Mailbox<EngineMessage>
    let filter: PacketFilters
    let listener: LocalListener
    /// A second socket, behind which nothing can be changed; nil unless configured.
    let observer: LocalListener?
    let started = Clock.wall()
    var configuration: Configuration
    var permission: Permission
    var logger: Logger
    var poller: Poller
    var clients: [Int32: ClientBox] = [:]
    var lastRequest: UInt64 = 0
    /// Reloads that nobody on the socket asked for (SIGHUP): their configurations, by request.
    var applying: [UInt64: Configuration] = [:]
    var isStopping = false

    private enum Token {
        static let inbox: UInt64 = 1 << 32
        static let listener: UInt64 = 2 << 32
        static let observer: UInt64 = 3 << 32
    }

    static let maximumClients = 64

    /// Opens the control socket, so that a failure shows before anything starts.
    init(
        options: OfficeOptions, configuration: Configuration, inbox: Mailbox<OfficeMessage>,
        engine: Mailbox<EngineMessage>, filter: PacketFilters
    ) throws(SystemError) {
        let group = configuration.control.group.flatMap { groupID(named: $0) }
        let listener = try LocalListener(
            path: options.controlSocket ?? configuration.control.socket, mode: 0o666, groupID: group
        )
        let poller = try Poller()
        let observer = try Self.openObserver(configuration.control.observeSocket, poller)
        try poller.add(inbox.rawDescriptor, token: Token.inbox)
        try poller.add(listener.rawDescriptor, token: Token.listener)
        self.options = options
        self.configuration = configuration
        self.inbox = inbox
        self.engine = engine
        self.filter = filter
        self.listener = listener
        self.observer = observer
        self.poller = poller
        permission = Permission(group: group)
        let log = configuration.log
        logger = Logger(label: "vrrpd") { _ in LineLogHandler(log) }
    }

    private static func openObserver(
        _ path: String?, _ poller: borrowing Poller
    ) throws(SystemError) -> LocalListener? {
        guard let path else { return nil }
        let listener = try LocalListener(path: path, mode: 0o666, groupID: nil)
        try poller.add(listener.rawDescriptor, token: Token.observer)
        return listener
    }

    /// Runs until the protocol thread has stopped.
    func run() {
        if let name = configuration.control.group, permission.group == nil {
            logger.warning(
                "there is no group `\(name)` (control.group): only root may change things")
        }
        while !isStopping {
            var ready: [(token: UInt64, events: UInt32)] = []
            do throws(SystemError) {
                let isIdle = clients.isEmpty && !filter.isWaiting
                try poller.wait(milliseconds: isIdle ? -1 : 250) { token, events in
                    ready.append((token, events))
                }
            } catch {
                // Without a poller nobody can be served; the log goes on.
                logger.error("the control socket is not served any more: \(error)")
                for descriptor in clients.keys { close(descriptor) }
                while !isStopping {
                    readInbox()
                    pause(.milliseconds(50))
                }
            }
            for (token, events) in ready { handle(token, events) }
            expirePending()
            tidyFilter()
        }
    }

    private func handle(_ token: UInt64, _ events: UInt32) {
        switch token {
        case Token.inbox: readInbox()
        case Token.listener:
            while let connection = try? listener.accept() { admit(connection, mayChange: true) }
        case Token.observer:
            while let connection = try? observer?.accept() { admit(connection, mayChange: false) }
        default: serve(Int32(truncatingIfNeeded: token), events)
        }
    }

    private func readInbox() {
        while let message = inbox.take() {
            switch message {
            case .event(let event): logger.log(level: event.kind.level, "\(event.kind.text)")
            case .warning(let text):
                logger.warning("\(text)")
            case .recording(let text, let isFailure):
                logger.log(level: isFailure ? .error : .notice, "\(text)")
            case .snapshot(let request, let snapshot): answer(request, with: snapshot)
            case .applied(let request, let difference): finishReload(request, difference)
            case .reloadRequested: reloadForSignal()
            case .ready:
                notifyServiceManager(
                    "READY=1\nSTATUS=\(configuration.routers.count) virtual routers")
                logger.info("ready: \(configuration.routers.count) virtual routers")
            case .stopping:
                notifyServiceManager("STOPPING=1")
                isStopping = true
            }
        }
    }

    // MARK: Clients

    /// More clients than that are closed at once: each has buffers.
    private func admit(_ connection: consuming LocalConnection, mayChange: Bool) {
        let descriptor = connection.rawDescriptor
        guard
            clients.count < Self.maximumClients,
            (try? poller.add(descriptor, token: UInt64(UInt32(bitPattern: descriptor)))) != nil
        else { return }
        clients[descriptor] = ClientBox(ControlClient(connection, mayChange: mayChange))
    }

    private func serve(_ descriptor: Int32, _ events: UInt32) {
        guard let box = clients[descriptor] else { return }
        let mayRead = events & (Poller.readable | Poller.hangup | Poller.error) != 0
        if mayRead, !box.client.hasEnded, !box.client.read() { return close(descriptor) }
        progress(descriptor)
    }

    private func close(_ descriptor: Int32) {
        poller.remove(descriptor)
        clients[descriptor] = nil
    }

    /// Answers calls in their order, as far as it goes without waiting.
    func progress(_ descriptor: Int32) {
        guard let box = clients[descriptor] else { return }
        while box.client.pending == nil, !box.client.calls.isEmpty {
            let call = box.client.calls.removeFirst()
            do throws(ControlError) {
                if let reply = try answer(call, from: box) { send(reply, call.oneway, to: box) }
            } catch {
                send(try? VarlinkReply.encode(error), call.oneway, to: box)
            }
        }
        guard box.client.write(), !box.client.isDone else { return close(descriptor) }
        try? poller.modify(
            descriptor, token: UInt64(UInt32(bitPattern: descriptor)),
            readable: !box.client.hasEnded,
            writable: !box.client.output.isEmpty)
    }

    func send(_ bytes: [UInt8]?, _ isOneway: Bool, to box: ClientBox) {
        if let bytes, !isOneway { box.client.output += bytes }
    }

    private func expirePending() {
        let now = Clock.boot()
        for (descriptor, box) in clients {
            guard let pending = box.client.pending, pending.deadline <= now else { continue }
            box.client.pending = nil
            send(try? VarlinkReply.encode(ControlError.timedOut), pending.isOneway, to: box)
            progress(descriptor)
        }
    }
}

/// A client in a dictionary: descriptors have one owner, and that is this.
final class ClientBox {
    var client: ControlClient

    init(_ client: consuming ControlClient) {
        self.client = client
    }
}
