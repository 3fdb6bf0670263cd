// Files in, a configuration or every mistake out. The only door of this target.
// Opens nothing: bytes, environment and credentials are given.

package import VRRPConfiguration

/// Reads configuration files.
package struct ConfigurationLoader {
    private let node: String
    private let nodeIsOverride: Bool
    private let environment: [String: String]
    private let credential: (String) -> String?

    /// `node` is the option `--node` (then `nodeIsOverride`), or the host name up to its first dot.
    /// `credential` gives the contents of a file in `$CREDENTIALS_DIRECTORY`, nil when there is
    /// none; it is only asked for names without a slash that do not begin with a dot.
    package init(
        node: String, nodeIsOverride: Bool, environment: [String: String],
        credential: @escaping (String) -> String?
    ) {
        self.node = node
        self.nodeIsOverride = nodeIsOverride
        self.environment = environment
        self.credential = credential
    }

    /// Reads the main file and its drop-ins, in this order, as one configuration.
    package func load(_ files: [SourceFile]) throws(InvalidConfiguration) -> Configuration {
        guard !files.isEmpty else {
            throw InvalidConfiguration(diagnostics: [
                Diagnostic(file: "vrrpd.yaml", line: 1, column: 1, message: "there is no file")
            ])
        }
        let collector = DiagnosticCollector(files: files)
        let roots = files.indices.map { Composer.compose(file: $0, collector: collector) }
        let readable = roots.compactMap { $0 }
        // What is missing may be in the file that could not be read.
        guard readable.count == files.count else {
            throw InvalidConfiguration(diagnostics: collector.diagnostics())
        }
        let configuration = walk(readable, collector: collector)
        guard collector.isEmpty else {
            throw InvalidConfiguration(diagnostics: collector.diagnostics())
        }
        return configuration
    }

    private func walk(_ roots: [Node], collector: DiagnosticCollector) -> Configuration {
        let walk = Walk(
            collector: collector, node: node, environment: environment, credential: credential)
        let sections = walk.sections(roots)
        if let entry = sections.node {
            let named = walk.nodeName(entry)
            if !nodeIsOverride { walk.node = named }
        }
        if !sections.hasRouters {
            collector.report(
                Place(file: 0, line: 1, column: 1), "the key `routers` is missing",
                advice: "a configuration has at least one entry under `routers`")
        }
        walk.checkDefaults(sections.defaults)
        var checks = RouterChecks(walk: walk)
        var acceptChecks = AcceptChecks(walk: walk)
        for entry in sections.routers {
            guard let router = walk.router(entry, defaults: sections.defaults) else { continue }
            checks.add(router)
            acceptChecks.add(router)
        }
        checks.checkSources()
        return Configuration(
            node: walk.node ?? node, routers: checks.routers,
            control: walk.control(sections.control), log: walk.log(sections.log))
    }
}
