// The daemon's command line.

import ArgumentParser
import VRRPRuntime

#if canImport(Glibc)
    import Glibc
#endif

@main
struct VRRPDaemon: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vrrpd",
        abstract: "Keeps gateway addresses alive on redundant routers (VRRP, RFC 9568).",
        discussion: """
            Runs in the foreground until SIGTERM or SIGINT: then every Active virtual router \
            leaves with priority 0, and what was installed is removed. SIGHUP applies the \
            configuration anew, changing only what changed. `vrrpctl show` tells what happens.
            """,
        version: VRRPDaemon.release)

    /// The release that this source makes.
    static let release = "0.1.0"

    @Option(help: "The configuration file; conf.d beside it holds drop-ins.")
    var config = "/etc/vrrpd/vrrpd.yaml"

    @Option(help: "This router's name in node-keyed values; overrides the file's `node`.")
    var node: String?

    @Option(help: "Where vrrpctl reaches this daemon; overrides the file's `control.socket`.")
    var controlSocket: String?

    @Option(help: "Where this daemon keeps what must survive it; one directory a daemon.")
    var stateDirectory = "/var/lib/vrrpd"

    @Option(
        help: ArgumentHelp(
            "Record everything that goes into the engine, so that what happened can be replayed.",
            discussion: "FILE holds the configuration and every packet; only root may read it. When"
                + " it is full, it becomes FILE.1 and another one begins.",
            valueName: "file"))
    var record: String?

    @Option(
        help: ArgumentHelp(
            "When a recording's file is full, in MiB; there are at most two.", valueName: "size"))
    var recordLimit = RecordingOptions.standardLimitInMiB

    @Option(
        help: ArgumentHelp(
            "Replay a recording, print what the engine tells, and exit: 0 the same as when it was"
                + " recorded, 1 something else or damage. Starts nothing.", valueName: "file"))
    var replay: String?

    @Flag(help: "Check the configuration, say what is wrong with it, and exit: 0 valid, 6 invalid.")
    var check = false

    func validate() throws {
        guard (1...RecordingOptions.largestLimitInMiB).contains(recordLimit) else {
            throw ValidationError(
                "--record-limit is a number of MiB, 1…\(RecordingOptions.largestLimitInMiB)")
        }
        guard record == nil || replay == nil else {
            throw ValidationError("--record and --replay exclude each other")
        }
    }

    func run() throws {
        if let replay { throw ExitCode(Daemon.replay(path: replay).rawValue) }
        let options = DaemonOptions(
            configurationPath: config, node: node, controlSocket: controlSocket,
            stateDirectory: stateDirectory, version: Self.release,
            recording: record.map { ($0, recordLimit) })
        let status = check ? Daemon.check(options) : Daemon.run(options)
        throw ExitCode(status.rawValue)
    }

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let code as ExitCode {
            Glibc.exit(code.rawValue)
        } catch {
            // Usage errors are 2 here, as everywhere else in this project.
            let code = exitCode(for: error)
            guard code == .validationFailure else { exit(withError: error) }
            var stream = StandardError()
            print(fullMessage(for: error), to: &stream)
            Glibc.exit(2)
        }
    }
}

private struct StandardError: TextOutputStream {
    mutating func write(_ text: String) {
        var bytes = Array(text.utf8)
        bytes.withUnsafeMutableBytes { _ = Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
