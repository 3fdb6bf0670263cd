// The command line of vrrpctl: which commands there are, and exit codes.

import ArgumentParser

#if canImport(Glibc)
    import Glibc
#endif

@main
struct VRRPControlTool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vrrpctl",
        abstract: "Shows and steers vrrpd, the VRRP router (RFC 9568).",
        discussion: """
            --socket, --json and --no-color may stand before or after the command. Exit codes: \
            0 done or true, 1 failed or false, 2 usage, 3 daemon not reachable, 4 permission \
            denied, 5 no such router, 6 configuration invalid, 8 timed out.
            """,
        subcommands: [
            Show.self, Stats.self, Reload.self, Check.self, IsActive.self, Version.self,
        ],
        defaultSubcommand: Show.self)

    /// The release that this source makes.
    static let release = "0.1.0"

    static func main() {
        do {
            let arguments = GlobalOptions.moved(CommandLine.arguments.dropFirst())
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch let failure as Failure {
            printError("vrrpctl: " + failure.message)
            Glibc.exit(failure.exitCode)
        } catch {
            let code = exitCode(for: error)
            guard code == .validationFailure else { exit(withError: error) }
            printError(fullMessage(for: error))
            // A usage error is 2 here, not EX_USAGE.
            Glibc.exit(2)
        }
    }
}

/// What every command that asks the daemon takes.
struct GlobalOptions: ParsableArguments {
    @Option(help: "Where the daemon's control socket is.")
    var socket = "/run/vrrpd/vrrpd.sock"

    @OptionGroup var output: OutputOptions

    /// Moves these options behind everything else, so that they may stand before the command, too.
    /// Nothing behind `--` is an option.
    static func moved(_ arguments: some Collection<String>) -> [String] {
        var others: [String] = []
        var moved: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                return others + moved + [argument] + rest
            } else if argument == "--socket", let path = rest.popFirst() {
                moved += [argument, path]
            } else if ["--socket", "--json", "--no-color"].contains(argument)
                || argument.hasPrefix("--socket=")
            {
                moved.append(argument)
            } else {
                others.append(argument)
            }
        }
        return others + moved
    }
}

/// What every command takes.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "No colours; also when NO_COLOR is set or standard output is no terminal.")
    var noColor = false

    /// https://no-color.org: set and not empty.
    var colour: Bool {
        guard !noColor, isatty(STDOUT_FILENO) == 1 else { return false }
        guard let variable = getenv("NO_COLOR") else { return true }
        return variable.pointee == 0
    }
}

/// Why a command did not succeed, for a person and for the shell.
struct Failure: Error {
    var message: String
    var exitCode: Int32
}
