// The command line of vrrpctl and its exit codes.

import ArgumentParser
import Glibc
import LinuxNetwork
import VRRPControl

@main
struct ControlCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vrrpctl",
        abstract: "Shows and steers vrrpd.",
        discussion: """
            Exit codes: 0 done or true, 1 failed or false (is-active), 2 usage, 3 daemon not \
            reachable, 4 permission denied, 5 no such router, 6 configuration invalid, 8 timed out.
            """,
        subcommands: [
            Show.self, Statistics.self, Reload.self, Check.self, IsActive.self, Version.self,
        ],
        defaultSubcommand: Show.self)

    static func main() {
        do {
            // Global options stand before the subcommand or behind it.
            let arguments = globalOptionsLast(Array(CommandLine.arguments.dropFirst()))
            try checkCommand(arguments)
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch let failure as CallFailure {
            writeStandardError("vrrpctl: \(failure.message)\n")
            Glibc.exit(failure.exitCode)
        } catch let code as ExitCode {
            Glibc.exit(code.rawValue)
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            writeStandardError(fullMessage(for: error) + "\n")
            Glibc.exit(2)
        }
    }

    /// Bare `vrrpctl` is `vrrpctl show`, but a word that is no command is a mistake, not the name of
    /// a virtual router.
    private static func checkCommand(_ arguments: [String]) throws {
        guard let word = arguments.first, !word.hasPrefix("-") else { return }
        let known = configuration.subcommands.map { $0._commandName } + ["help"]
        guard known.contains(word) else {
            throw ValidationError(
                "There is no command `\(word)`; the commands are \(known.joined(separator: ", ")).")
        }
    }

    /// Moves options in front of the subcommand behind it, where the parser looks for them.
    private static func globalOptionsLast(_ arguments: [String]) -> [String] {
        var leading: [String] = []
        var rest = arguments[...]
        while let first = rest.first {
            if first == "--json" || first == "--no-color" || first.hasPrefix("--socket=") {
                leading.append(first)
                rest = rest.dropFirst()
            } else if first == "--socket", rest.count > 1 {
                leading += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        // Behind `--` nothing is an option.
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return rest[..<end] + leading + rest[end...]
    }
}

/// What every command takes.
struct GlobalOptions: ParsableArguments {
    @Option(help: "The control socket of the daemon.")
    var socket = "/run/vrrpd/vrrpd.sock"

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "No colours; also without a terminal, and with NO_COLOR set.")
    var noColor = false

    var style: TextStyle {
        // https://no-color.org: set, and not empty.
        let isRefused = noColor || environment()["NO_COLOR"].map { !$0.isEmpty } ?? false
        return TextStyle(usesColor: !isRefused && isatty(1) == 1)
    }

    func call<Reply: Decodable>(
        _ method: ControlMethod, _ parameters: some Encodable = NoParameters(),
        timeout: Duration = .seconds(5), as type: Reply.Type
    ) throws(CallFailure) -> Reply {
        try ControlClient.call(method, parameters, on: socket, timeout: timeout, as: type)
    }

    func printJSON(_ value: some Encodable) throws(CallFailure) {
        do {
            print(try ControlJSON.pretty(value))
        } catch {
            throw CallFailure(message: "cannot write JSON: \(error)", exitCode: 1)
        }
    }
}
