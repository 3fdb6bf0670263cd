// The errors that the control socket answers with, and what `vrrpctl` makes of them.

/// An error reply of io.vrrpd or org.varlink.service.
package enum ControlError: Error, Equatable, Sendable {
    case noSuchRouter(name: String)
    case permissionDenied(reason: String)
    case invalidConfiguration(diagnostics: [String])
    case timedOut
    case methodNotFound(method: String)
    case methodNotImplemented(method: String)
    case invalidParameter(parameter: String)
    case interfaceNotFound(interface: String)
    /// An error of a newer daemon.
    case other(name: String)

    /// The name on the wire.
    package var name: String {
        switch self {
        case .noSuchRouter: "io.vrrpd.NoSuchRouter"
        case .permissionDenied: "io.vrrpd.PermissionDenied"
        case .invalidConfiguration: "io.vrrpd.InvalidConfiguration"
        case .timedOut: "io.vrrpd.TimedOut"
        case .methodNotFound: "org.varlink.service.MethodNotFound"
        case .methodNotImplemented: "org.varlink.service.MethodNotImplemented"
        case .invalidParameter: "org.varlink.service.InvalidParameter"
        case .interfaceNotFound: "org.varlink.service.InterfaceNotFound"
        case .other(let name): name
        }
    }

    /// What `vrrpctl` exits with.
    package var exitCode: Int32 {
        switch self {
        case .permissionDenied: 4
        case .noSuchRouter: 5
        case .invalidConfiguration: 6
        case .timedOut: 8
        case .methodNotFound, .methodNotImplemented, .invalidParameter, .interfaceNotFound, .other:
            1
        }
    }

    var parameters: ErrorParameters {
        var parameters = ErrorParameters()
        switch self {
        case .noSuchRouter(let name): parameters.name = name
        case .permissionDenied(let reason): parameters.reason = reason
        case .invalidConfiguration(let diagnostics): parameters.diagnostics = diagnostics
        case .methodNotFound(let method), .methodNotImplemented(let method):
            parameters.method = method
        case .invalidParameter(let parameter): parameters.parameter = parameter
        case .interfaceNotFound(let interface): parameters.interface = interface
        case .timedOut, .other: break
        }
        return parameters
    }

    init(name: String, parameters: ErrorParameters?) {
        let parameters = parameters ?? ErrorParameters()
        switch name {
        case "io.vrrpd.NoSuchRouter": self = .noSuchRouter(name: parameters.name ?? "")
        case "io.vrrpd.PermissionDenied":
            self = .permissionDenied(reason: parameters.reason ?? "permission denied")
        case "io.vrrpd.InvalidConfiguration":
            self = .invalidConfiguration(diagnostics: parameters.diagnostics ?? [])
        case "io.vrrpd.TimedOut": self = .timedOut
        case "org.varlink.service.MethodNotFound":
            self = .methodNotFound(method: parameters.method ?? "")
        case "org.varlink.service.MethodNotImplemented":
            self = .methodNotImplemented(method: parameters.method ?? "")
        case "org.varlink.service.InvalidParameter":
            self = .invalidParameter(parameter: parameters.parameter ?? "")
        case "org.varlink.service.InterfaceNotFound":
            self = .interfaceNotFound(interface: parameters.interface ?? "")
        default: self = .other(name: name)
        }
    }
}

extension ControlError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSuchRouter(let name): "no virtual router is called `\(name)`"
        case .permissionDenied(let reason): "permission denied: \(reason)"
        case .invalidConfiguration(let diagnostics): diagnostics.joined(separator: "\n")
        case .timedOut: "timed out: the daemon's protocol thread did not answer"
        case .methodNotFound(let method), .methodNotImplemented(let method):
            "this vrrpd does not know `\(method)`: is it older than vrrpctl?"
        case .invalidParameter(let parameter): "invalid parameter `\(parameter)`"
        case .interfaceNotFound(let interface): "this vrrpd has no interface `\(interface)`"
        case .other(let name): "the daemon answered \(name)"
        }
    }
}

/// The parameters of all errors; each has those that it needs.
struct ErrorParameters: Codable, Equatable, Sendable {
    var name: String?
    var reason: String?
    var diagnostics: [String]?
    var method: String?
    var parameter: String?
    var interface: String?
}
