// What the daemon is to do, as validated values: nothing here can be wrong on its own.
// Knows no syntax and no files. Reading the text is the work of VRRPConfigurationFile.

/// Everything one router was told to do.
package struct Configuration: Codable, Equatable, Sendable {
    /// This router's name in node-keyed values.
    package var node: String
    /// One per name and family, sorted by name.
    package var routers: [VirtualRouterConfiguration]
    package var control: ControlConfiguration
    package var log: LogConfiguration

    /// Sorts `routers` by name.
    package init(
        node: String, routers: [VirtualRouterConfiguration],
        control: ControlConfiguration = ControlConfiguration(),
        log: LogConfiguration = LogConfiguration()
    ) {
        self.node = node
        self.routers = routers.sorted { $0.name < $1.name }
        self.control = control
        self.log = log
    }
}

/// The control socket.
package struct ControlConfiguration: Codable, Equatable, Sendable {
    /// The path of the socket that `vrrpctl` speaks to.
    package var socket: String
    /// The group whose members may change things; nil is root only.
    package var group: String?
    /// The path of a second socket that only answers questions; nil is none.
    package var observeSocket: String?

    package init(
        socket: String = Self.standardSocket, group: String? = nil, observeSocket: String? = nil
    ) {
        self.socket = socket
        self.group = group
        self.observeSocket = observeSocket
    }

    package static let standardSocket = "/run/vrrpd/vrrpd.sock"
}

/// What is logged, and where.
package struct LogConfiguration: Codable, Equatable, Sendable {
    /// The least important level that is still written.
    package var level: LogLevel
    package var target: LogTarget

    package init(level: LogLevel = .info, target: LogTarget = .auto) {
        self.level = level
        self.target = target
    }
}

/// From the least to the most important.
package enum LogLevel: String, CaseIterable, Codable, Sendable {
    case debug, info, notice, warning, error
}

/// Where log lines go.
package enum LogTarget: String, CaseIterable, Codable, Sendable {
    /// The journal when standard error is connected to it, standard error otherwise.
    case auto
    case journal
    case stderr
}
