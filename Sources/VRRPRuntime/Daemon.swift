// The life of the daemon: checks before the start, its threads, one exit code.

import LinuxNetwork
import VRRPConfiguration
import VRRPConfigurationFile

/// What the command line of `vrrpd` says.
package struct DaemonOptions: Sendable {
    package var configurationPath: String
    /// Overrides `node` of the file.
    package var node: String?
    /// Overrides `control.socket` of the file.
    package var controlSocket: String?
    package var stateDirectory: String
    package var version: String
    /// Where everything that goes into the engine is recorded, and how much; nil is nowhere.
    package var recording: (path: String, limitInMiB: Int)?

    package init(
        configurationPath: String, node: String?, controlSocket: String?, stateDirectory: String,
        version: String, recording: (path: String, limitInMiB: Int)? = nil
    ) {
        self.configurationPath = configurationPath
        self.node = node
        self.controlSocket = controlSocket
        self.stateDirectory = stateDirectory
        self.version = version
        self.recording = recording
    }
}

/// The exit codes of `vrrpd` (they agree with those of `vrrpctl`).
package enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case permissionDenied = 4
    case invalidConfiguration = 6
}

package enum Daemon {
    /// Loads the configuration and says what is wrong with it; starts nothing.
    package static func check(_ options: DaemonOptions) -> ExitStatus {
        switch load(options) {
        case .success:
            return .done
        case .failure(let invalid):
            report(invalid)
            return .invalidConfiguration
        }
    }

    /// Runs until SIGTERM or SIGINT. Every failure to start is one clear line on standard error.
    package static func run(_ options: DaemonOptions) -> ExitStatus {
        let configuration: Configuration
        switch load(options) {
        case .success(let loaded):
            configuration = loaded
        case .failure(let invalid):
            report(invalid)
            return .invalidConfiguration
        }
        guard hasCapability(Capability.netAdmin), hasCapability(Capability.netRaw) else {
            fail(
                "needs root, or the capabilities CAP_NET_ADMIN and CAP_NET_RAW, to open raw"
                    + " sockets and to manage addresses")
            return .permissionDenied
        }
        do {
            try start(options, configuration)
            return .done
        } catch {
            fail("\(error)")
            return .failed
        }
    }

    private static func start(
        _ options: DaemonOptions, _ configuration: Configuration
    ) throws(StartFailure) {
        raiseDescriptorLimit()
        let lock = try lockState(options.stateDirectory)
        defer { extendLifetime(lock) }
        let filter = PacketFilters(stateDirectory: options.stateDirectory)
        do throws(PacketFilterError) {
            try filter.start(configuration)
        } catch {
            throw .filter(error)
        }
        defer { finish(filter) }
        do throws(SystemError) {
            // Before any other thread starts, so that all of them leave signals to the descriptor.
            let signals = try SignalDescriptor([
                Signal.hangUp, Signal.interrupt, Signal.terminate,
            ])
            let toEngine = try Mailbox<EngineMessage>(capacity: 256)
            let toOffice = try Mailbox<OfficeMessage>(capacity: 16384)
            let office = try Office(
                options: OfficeOptions(
                    configurationPath: options.configurationPath, node: options.node,
                    controlSocket: options.controlSocket, version: options.version),
                configuration: configuration, inbox: toOffice, engine: toEngine, filter: filter)
            let recorder = options.recording == nil ? nil : try Recorder()
            let toDevices = try Mailbox<DeviceMessage>(capacity: 16384)
            let devices = try startDevices(options, toDevices, toEngine, toOffice, filter)
            var loop = try ProtocolLoop(
                node: configuration.node, signals: signals, inbox: toEngine, office: toOffice,
                devices: toDevices,
                recorder: recorder)
            let thread = try startThread(name: "vrrpd-office") { office.run() }
            var recording = try record(options, configuration.node, recorder, toOffice)
            defer { recording.take()?.finish() }
            preferRealTime()
            var failure: SystemError?
            do throws(SystemError) {
                try loop.run(configuration)
            } catch {
                failure = error
            }
            while !toOffice.post(.stopping) { pause(.milliseconds(10)) }
            while !toDevices.post(.finish) { pause(.milliseconds(10)) }
            devices.join()
            thread.join()
            if let failure { throw failure }
        } catch {
            throw .system(error, options.controlSocket ?? configuration.control.socket)
        }
    }

    private static func startDevices(
        _ options: DaemonOptions, _ inbox: Mailbox<DeviceMessage>,
        _ engine: Mailbox<EngineMessage>, _ office: Mailbox<OfficeMessage>, _ filter: PacketFilters
    ) throws(SystemError) -> JoinableThread {
        let directory = options.stateDirectory
        return try startThread(name: "vrrpd-devices") {
            do throws(SystemError) {
                var worker = try DeviceWorker(
                    inbox: inbox, engine: engine, office: office, filter: filter,
                    stateDirectory: directory)
                worker.run()
            } catch {
                _ = office.post(.warning("macvlans cannot be changed: \(error)"))
                DeviceWorker.refuse(inbox, engine, code: error.code)
            }
        }
    }

    private static func record(
        _ options: DaemonOptions, _ node: String, _ recorder: Recorder?,
        _ office: Mailbox<OfficeMessage>
    ) throws(SystemError) -> RecordingThread? {
        guard let recorder, let (path, limit) = options.recording else { return nil }
        return try RecordingThread(
            RecordingOptions(
                path: path, limit: limit << 20, release: options.version, node: node),
            recorder, office: office)
    }

    /// This thread runs the protocol: it comes before everything that can wait. Containers often do
    /// not permit it, and the protocol runs without.
    private static func preferRealTime() {
        do throws(SystemError) {
            try becomeRealTime(priority: 20)
        } catch {
            fail("runs without real-time priority, deadlines may suffer under load (\(error))")
        }
    }

    /// After everything that needs it; as a rule the addresses are gone.
    private static func finish(_ filter: PacketFilters) {
        do throws(PacketFilterError) {
            guard try !filter.finish() else { return }
            fail("addresses could not be removed, and stay filtered (`nft list table inet vrrpd`)")
        } catch {
            fail("the packet filter could not be removed: \(error.cause)")
        }
    }

    private static func lockState(_ directory: String) throws(StartFailure) -> DirectoryLock {
        do throws(DirectoryLock.Failure) {
            return try DirectoryLock(directory: directory)
        } catch {
            throw .state(directory, error)
        }
    }

    private static func load(_ options: DaemonOptions) -> Result<
        Configuration, InvalidConfiguration
    > {
        Result { () throws(InvalidConfiguration) in
            try ConfigurationFiles.load(path: options.configurationPath, node: options.node)
        }
    }

    private static func report(_ invalid: InvalidConfiguration) {
        for diagnostic in invalid.diagnostics {
            writeStandardError(diagnostic.rendered() + "\n")
        }
    }

    private static func fail(_ message: String) {
        writeStandardError("vrrpd: \(message)\n")
    }
}

/// Why the daemon could not start, in a sentence.
private enum StartFailure: Error, CustomStringConvertible {
    case state(String, DirectoryLock.Failure)
    case filter(PacketFilterError)
    case system(SystemError, String)

    var description: String {
        switch self {
        case .state(let directory, .heldBy(let process)):
            "another vrrpd (process \(process)) uses the state directory \(directory); give this"
                + " one its own with --state-directory"
        case .state(let directory, .system(let error)):
            "cannot use the state directory \(directory): \(error)"
        case .filter(let error):
            error.description
        case .system(let error, let socket) where error.code == Capability.addressInUse:
            "the control socket \(socket) is in use by another process; give this one its own with"
                + " --control-socket (\(error))"
        case .system(let error, _):
            "cannot start: \(error)"
        }
    }
}

/// Numbers of the kernel that have no Swift name.
private enum Capability {
    static let netAdmin: Int32 = 12
    static let netRaw: Int32 = 13
    static let addressInUse: Int32 = 98
}
