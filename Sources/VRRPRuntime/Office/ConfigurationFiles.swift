// From paths to a configuration: the main file, its drop-ins, and what strings may refer to.

import LinuxNetwork
package import VRRPConfiguration
package import VRRPConfigurationFile

/// Reads the configuration's files; used at start, at reload and by `vrrpd --check`.
package enum ConfigurationFiles {
    /// Reads `path` and, from `conf.d` beside it, every `*.yaml` and `*.json` in the order of
    /// their names. `node` overrides the file's own.
    package static func load(
        path: String, node: String?
    ) throws(InvalidConfiguration) -> Configuration {
        let variables = environment()
        let host = hostName().prefix { $0 != "." }
        let loader = ConfigurationLoader(
            node: node ?? String(host), nodeIsOverride: node != nil, environment: variables,
            credential: { name in
                guard let directory = variables["CREDENTIALS_DIRECTORY"], !name.contains("/")
                else { return nil }
                let bytes = try? readFile("\(directory)/\(name)", limit: 65536)
                return bytes.map { String(decoding: $0, as: UTF8.self) }
            })
        var files = [try read(path)]
        for dropIn in dropIns(beside: path) { files.append(try read(dropIn)) }
        return try loader.load(files)
    }

    /// One byte more than is allowed is read, so that the loader can say that it is too much.
    private static func read(_ path: String) throws(InvalidConfiguration) -> SourceFile {
        do throws(SystemError) {
            return SourceFile(name: path, text: try readFile(path, limit: (4 << 20) + 1))
        } catch {
            throw InvalidConfiguration(diagnostics: [
                Diagnostic(
                    file: path, line: 1, column: 1, message: "cannot read this file: \(error)",
                    advice: "name another one with --config, or make it readable")
            ])
        }
    }

    private static func dropIns(beside path: String) -> [String] {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
        let directory = folder.isEmpty && !path.hasPrefix("/") ? "conf.d" : "\(folder)/conf.d"
        let names = (try? listDirectory(directory)) ?? []
        return names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".json") }.sorted()
            .map { "\(directory)/\($0)" }
    }
}
