// `vrrpctl check`: reads the configuration files as the daemon does, without one.

import ArgumentParser
import LinuxNetwork
import VRRPConfiguration
import VRRPConfigurationFile
import VRRPControl

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the configuration files; the daemon need not run.",
        discussion: "Exits 0 if they are valid, 6 if not; every mistake goes to standard error.")

    // Checking asks nobody, but the option is taken everywhere.
    @OptionGroup var global: GlobalOptions
    @Argument(help: "The main file; conf.d beside it holds drop-ins.")
    var file = "/etc/vrrpd/vrrpd.yaml"

    @Option(help: "This router's name in node-keyed values; overrides the file's `node`.")
    var node: String?

    func run() throws {
        do {
            let configuration = try load()
            try report(Verdict(configuration))
        } catch let invalid as InvalidConfiguration {
            printError(invalid.rendered())
            try report(Verdict(invalid))
            throw ExitCode(6)
        }
    }

    private func report(_ verdict: Verdict) throws {
        if global.output.json {
            print(try ControlJSON.pretty(verdict))
        } else if verdict.valid {
            print(
                "\(file): valid for node \(verdict.node ?? ""): \(verdict.routers.count) virtual "
                    + (verdict.routers.count == 1 ? "router" : "routers"))
        }
    }

    private func load() throws(InvalidConfiguration) -> Configuration {
        let variables = environment()
        let loader = ConfigurationLoader(
            node: node ?? String(hostName().prefix { $0 != "." }), nodeIsOverride: node != nil,
            environment: variables,
            credential: { name in
                guard let directory = variables["CREDENTIALS_DIRECTORY"] else { return nil }
                let bytes = try? readFile("\(directory)/\(name)", limit: 1 << 16)
                return bytes.map { String(decoding: $0, as: UTF8.self) }
            })
        var files = [try Self.source(file)]
        for path in dropIns { files.append(try Self.source(path)) }
        return try loader.load(files)
    }

    private static func source(_ path: String) throws(InvalidConfiguration) -> SourceFile {
        do {
            // One byte more than is allowed, so that the loader says that it is too much.
            return SourceFile(name: path, text: try readFile(path, limit: (4 << 20) + 1))
        } catch {
            throw InvalidConfiguration(diagnostics: [
                Diagnostic(
                    file: path, line: 1, column: 1, message: "cannot read this file: \(error)")
            ])
        }
    }

    private var dropIns: [String] {
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        let names = (try? listDirectory(folder + "conf.d")) ?? []
        return names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".json") }
            .map { folder + "conf.d/" + $0 }
    }
}

/// What `check --json` prints.
private struct Verdict: Encodable {
    var valid: Bool
    @Nullable var node: String?
    var routers: [String]
    var diagnostics: [Mistake]

    struct Mistake: Encodable {
        var file: String
        var line: Int
        var column: Int
        var message: String
        @Nullable var advice: String?
    }

    init(_ configuration: Configuration) {
        valid = true
        node = configuration.node
        routers = configuration.routers.map(\.name)
        diagnostics = []
    }

    init(_ invalid: InvalidConfiguration) {
        valid = false
        node = nil
        routers = []
        diagnostics = invalid.diagnostics.map {
            Mistake(
                file: $0.file, line: $0.line, column: $0.column, message: $0.message,
                advice: $0.advice)
        }
    }
}
