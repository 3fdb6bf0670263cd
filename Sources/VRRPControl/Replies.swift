// The smaller requests and replies of io.vrrpd, and how a name selects virtual routers.

/// Parameters of `Show` and `Statistics`.
package struct Selection: Codable, Equatable, Sendable {
    /// Nil is all.
    package var name: String?

    package init(name: String? = nil) {
        self.name = name
    }
}

/// Parameters of requests and replies that have none.
package struct NoParameters: Codable, Equatable, Sendable {
    package init() {}
}

package struct VersionReply: Codable, Equatable, Sendable {
    package var version: String
    package var pid: Int
    package var node: String
    /// RFC 3339, UTC.
    package var started: String

    package init(version: String, pid: Int, node: String, started: String) {
        self.version = version
        self.pid = pid
        self.node = node
        self.started = started
    }
}

/// What a reload changed. A virtual router that is not named here was not touched.
package struct ReloadReply: Codable, Equatable, Sendable {
    package var added: [String]
    package var changed: [Change]
    package var removed: [String]
    /// The worst that happened to a virtual router: `none`, `timers-only` or `re-election`.
    package var disturbance: String
    /// What was changed in the files and waits for a restart, in plain words.
    package var needsRestart: [String]

    package struct Change: Codable, Equatable, Sendable {
        package var name: String
        /// `none`, `timers-only` or `re-election`.
        package var disturbance: String

        package init(name: String, disturbance: String) {
            self.name = name
            self.disturbance = disturbance
        }
    }

    package init(
        added: [String], changed: [Change], removed: [String], disturbance: String,
        needsRestart: [String]
    ) {
        self.added = added
        self.changed = changed
        self.removed = removed
        self.disturbance = disturbance
        self.needsRestart = needsRestart
    }
}

/// Whether what a person calls `name` includes the virtual router `router`: `lan` is `lan`, or both
/// of `lan/ipv4` and `lan/ipv6`.
package func selects(_ name: String?, _ router: String) -> Bool {
    guard let name else { return true }
    return router == name || router == "\(name)/ipv4" || router == "\(name)/ipv6"
}
