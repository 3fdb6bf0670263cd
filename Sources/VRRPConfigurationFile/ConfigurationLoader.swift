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
        let routers = routers(sections, walk)
        let configuration = Configuration(
            node: walk.node ?? node, routers: routers,
            control: walk.control(sections.control), log: walk.log(sections.log))
        if collector.isEmpty { checkOtherNodes(sections, walk) }
        return configuration
    }

    private func routers(_ sections: Sections, _ walk: Walk) -> [VirtualRouterConfiguration] {
        var checks = RouterChecks(walk: walk)
        var acceptChecks = AcceptChecks(walk: walk)
        for entry in sections.routers {
            guard let router = walk.router(entry, defaults: sections.defaults) else { continue }
            checks.add(router)
            acceptChecks.add(router)
        }
        checks.checkSources()
        return checks.routers
    }

    /// What is right here may be wrong on another node: a reload of one router is no time to find out
    /// about the other. Only those that the file names are known.
    private func checkOtherNodes(_ sections: Sections, _ walk: Walk) {
        let own = walk.node
        for other in walk.nodes.subtracting([own ?? ""]).sorted().prefix(Self.nodeLimit) {
            walk.node = other
            walk.collector.node = other
            _ = routers(sections, walk)
        }
        walk.node = own
        walk.collector.node = nil
    }

    /// More nodes than share a file; a file of nothing but names is not read for each of them.
    private static let nodeLimit = 16
}
