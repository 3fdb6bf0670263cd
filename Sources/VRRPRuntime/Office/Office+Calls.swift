// What each call of io.vrrpd does.

import LinuxNetwork
import Logging
import VRRPConfiguration
import VRRPConfigurationFile
import VRRPControl
import VRRPEngine

extension Office {
    /// The reply, or nil when the protocol thread has to be asked first.
    func answer(
        _ call: VarlinkCall, from box: ClientBox
    ) throws(ControlError) -> [UInt8]? {
        guard let method = ControlMethod(rawValue: call.method) else {
            let interface = call.method.split(separator: ".").dropLast().joined(separator: ".")
            // Throws for an interface that is not ours.
            _ = try InterfaceDescription(of: interface)
            throw .methodNotFound(method: call.method)
        }
        switch method {
        case .show:
            let name = try call.parameters(or: Selection()).name
            try checkName(name)
            try ask(.show(name), call.oneway, box)
        case .statistics:
            let name = try call.parameters(or: Selection()).name
            try checkName(name)
            try ask(.statistics(name), call.oneway, box)
        case .reload:
            try reload(call, box)
        case .version:
            return try? VarlinkReply.encode(
                VersionReply(
                    version: options.version, pid: processID(), node: configuration.node,
                    started: rfc3339(sinceEpoch: started)))
        case .getInfo:
            return try? VarlinkReply.encode(ServiceInformation(version: options.version))
        case .getInterfaceDescription:
            let name = try call.parameters(or: InterfaceName())
            let description = try InterfaceDescription(of: name.interface)
            return try? VarlinkReply.encode(description)
        }
        return nil
    }

    private func checkName(_ name: String?) throws(ControlError) {
        guard let name else { return }
        guard configuration.routers.contains(where: { selects(name, $0.name) }) else {
            throw .noSuchRouter(name: name)
        }
    }

    private func ask(
        _ kind: PendingCall.Kind, _ isOneway: Bool, _ box: ClientBox
    ) throws(ControlError) {
        lastRequest += 1
        guard engine.post(.snapshot(request: lastRequest)) else { throw .timedOut }
        box.client.pending = PendingCall(
            request: lastRequest, kind: kind, isOneway: isOneway,
            deadline: Clock.boot() + .seconds(5))
    }

    /// The protocol thread answered `.snapshot`.
    func answer(_ request: UInt64, with snapshot: EngineSnapshot) {
        guard let (descriptor, box, pending) = take(request) else { return }
        let reply: [UInt8]?
        switch pending.kind {
        case .show(let name):
            reply = try? VarlinkReply.encode(
                ShowReply(snapshot, name: name, pid: processID(), version: options.version))
        case .statistics(let name):
            reply = try? VarlinkReply.encode(StatisticsReply(snapshot, name: name))
        case .reload:
            reply = nil
        }
        send(reply, pending.isOneway, to: box)
        progress(descriptor)
    }

    /// The client that waits for `request`, which it does not any more.
    private func take(_ request: UInt64) -> (Int32, ClientBox, PendingCall)? {
        for (descriptor, box) in clients {
            guard let pending = box.client.pending, pending.request == request else { continue }
            box.client.pending = nil
            return (descriptor, box, pending)
        }
        return nil
    }

    // MARK: Reload

    private func reload(_ call: VarlinkCall, _ box: ClientBox) throws(ControlError) {
        let connection = (
            user: box.client.connection.peerUserID, group: box.client.connection.peerGroupID,
            process: box.client.connection.peerProcessID
        )
        guard
            box.client.mayChange,
            permission.allowsChanges(
                user: connection.user, group: connection.group, process: connection.process)
        else {
            throw .permissionDenied(
                reason: !box.client.mayChange
                    ? "this socket is only for looking; use the other one"
                    : "only root"
                        + (configuration.control.group.map { " and members of the group \($0)" }
                            ?? "")
                        + " may change things")
        }
        let request: UInt64
        do throws(RefusedReload) {
            request = try startReload()
        } catch {
            throw .invalidConfiguration(diagnostics: error.sentences)
        }
        guard applying[request] != nil else { throw .timedOut }
        box.client.pending = PendingCall(
            request: request, kind: .reload(needsRestart: []), isOneway: call.oneway,
            deadline: Clock.boot() + .seconds(30))
    }

    func reloadForSignal() {
        _ = try? startReload()
    }

    /// Loads the files and gives them to the protocol thread; the log tells when they are bad.
    private func startReload() throws(RefusedReload) -> UInt64 {
        let now = Int(Clock.monotonic().inMicroseconds)
        notifyServiceManager("RELOADING=1\nMONOTONIC_USEC=\(now)")
        do throws(RefusedReload) {
            let new = try loadAgain()
            lastRequest += 1
            try prepareFilter(for: new, request: lastRequest)
            applying[lastRequest] = new
            if !engine.post(.apply(request: lastRequest, new)) {
                applying[lastRequest] = nil
                keepFilter(insteadOf: lastRequest)
                logger.error("the protocol thread takes no requests; nothing was reloaded")
                notifyServiceManager("READY=1")
            }
            return lastRequest
        } catch {
            for sentence in error.sentences { logger.error("\(sentence)") }
            logger.error("\(error.outcome); the running one stays in force")
            notifyServiceManager("READY=1")
            throw error
        }
    }

    /// The protocol thread applied a configuration.
    func finishReload(_ request: UInt64, _ difference: ConfigurationDifference) {
        notifyServiceManager("READY=1")
        guard let new = applying.removeValue(forKey: request) else { return }
        settleFilter(for: new, request: request)
        var needsRestart: [String] = []
        if new.control != configuration.control {
            needsRestart.append("control: the socket and its group are opened at start")
            logger.warning("changes of `control` need a restart of vrrpd")
        }
        configuration = new
        let log = new.log
        logger = Logger(label: "vrrpd") { _ in LineLogHandler(log) }
        guard let (descriptor, box, pending) = take(request) else { return }
        let reply = ReloadReply(
            added: difference.added,
            changed: difference.changed.map {
                ReloadReply.Change(name: $0.name, disturbance: $0.disturbance.word)
            },
            removed: difference.removed, disturbance: difference.disturbance.word,
            needsRestart: needsRestart)
        send(try? VarlinkReply.encode(reply), pending.isOneway, to: box)
        progress(descriptor)
    }
}

extension Disturbance {
    /// As it stands in JSON.
    fileprivate var word: String {
        switch self {
        case .none: "none"
        case .timersOnly: "timers-only"
        case .reelection: "re-election"
        }
    }
}
