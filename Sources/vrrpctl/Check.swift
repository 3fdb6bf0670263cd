// `vrrpctl check`: the configuration without a daemon.

import ArgumentParser
import LinuxNetwork
import VRRPConfiguration
import VRRPConfigurationFile
import VRRPControl
import VRRPRuntime

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check configuration files; exit 0 valid, 6 invalid.")

    @OptionGroup var options: GlobalOptions
    @Option(help: "Check as this node; the host's name otherwise.")
    var node: String?
    @Argument(help: "The main file; conf.d beside it holds drop-ins.")
    var file = "/etc/vrrpd/vrrpd.yaml"

    private struct Verdict: Encodable {
        var valid: Bool
        var diagnostics: [Entry]

        struct Entry: Encodable {
            var file: String
            var line: Int
            var column: Int
            var message: String
            var advice: String?
        }
    }

    func run() throws {
        do throws(InvalidConfiguration) {
            let configuration = try ConfigurationFiles.load(path: file, node: node)
            if options.json {
                try? options.printJSON(Verdict(valid: true, diagnostics: []))
            } else {
                let count = configuration.routers.count
                print(
                    "\(file): valid for node \(configuration.node), \(count) virtual router"
                        + (count == 1 ? "" : "s"))
            }
        } catch {
            if options.json {
                let entries = error.diagnostics.map {
                    Verdict.Entry(
                        file: $0.file, line: $0.line, column: $0.column, message: $0.message,
                        advice: $0.advice)
                }
                try options.printJSON(Verdict(valid: false, diagnostics: entries))
            } else {
                for diagnostic in error.diagnostics {
                    writeStandardError(diagnostic.rendered() + "\n")
                }
            }
            throw ExitCode(6)
        }
    }
}
