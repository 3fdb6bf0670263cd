// The methods of the control socket and their description in Varlink's own language.

/// What can be called. Raw values are the names on the wire.
package enum ControlMethod: String, CaseIterable, Sendable {
    case show = "io.vrrpd.Show"
    case statistics = "io.vrrpd.Statistics"
    case reload = "io.vrrpd.Reload"
    case version = "io.vrrpd.Version"
    case getInfo = "org.varlink.service.GetInfo"
    case getInterfaceDescription = "org.varlink.service.GetInterfaceDescription"
}

/// The answer of `org.varlink.service.GetInfo`.
package struct ServiceInformation: Codable, Equatable, Sendable {
    package var vendor = "vrrpd"
    package var product = "vrrpd"
    package var version: String
    package var url = "https://varlink.org"
    package var interfaces = [serviceInterface, controlInterface]

    package init(version: String) {
        self.version = version
    }
}

/// The parameters of `org.varlink.service.GetInterfaceDescription`.
package struct InterfaceName: Codable, Equatable, Sendable {
    package var interface = ""

    package init() {}
}

/// Its answer.
package struct InterfaceDescription: Codable, Equatable, Sendable {
    package var description: String

    package init(of interface: String) throws(ControlError) {
        switch interface {
        case controlInterface: description = controlDescription
        case serviceInterface: description = serviceDescription
        default: throw .interfaceNotFound(interface: interface)
        }
    }
}

private let controlInterface = "io.vrrpd"
private let serviceInterface = "org.varlink.service"

private let serviceDescription = """
    # The Varlink Service Interface is provided by every varlink service. It
    # describes the service and the interfaces it implements.
    interface org.varlink.service

    # Get a list of all the interfaces a service provides and information
    # about the implementation.
    method GetInfo() -> (
      vendor: string,
      product: string,
      version: string,
      url: string,
      interfaces: []string
    )

    # Get the description of an interface that is implemented by this service.
    method GetInterfaceDescription(interface: string) -> (description: string)

    # The requested interface was not found.
    error InterfaceNotFound (interface: string)

    # The requested method was not found
    error MethodNotFound (method: string)

    # The interface defines the requested method, but the service does not
    # implement it.
    error MethodNotImplemented (method: string)

    # One of the passed parameters is invalid.
    error InvalidParameter (parameter: string)

    """

private let controlDescription = """
    # VRRP (RFC 9568) on this host. Times are RFC 3339 in UTC, *_ms are milliseconds,
    # *_us microseconds.
    interface io.vrrpd

    # `code` is one of: startup, owner, no-advertisement, priority-zero, lower-priority-peer,
    # higher-priority, higher-address, interface-down, interface-missing, no-source-address,
    # tracker, group, drained, failover, configuration, shutdown, overslept.
    type Reason (code: string, text: string)

    type PriorityPart (kind: string, value: int)

    # `effective` is the sum of `parts`.
    type Priority (base: int, effective: int, fault: bool, parts: []PriorityPart)

    # `last_heard_ms` is null when it is this router.
    type ActiveRouter (
      self: bool,
      address: string,
      version: int,
      priority: int,
      advertise_ms: int,
      last_heard_ms: ?int,
      checksum: ?string
    )

    # `remaining_ms` is what is left of the Active_Down_Timer; null unless Backup.
    type Timers (advertise_ms: int, skew_us: float, active_down_ms: float, remaining_ms: ?float)

    # `foreign`: it was there before the daemon, which leaves it alone.
    type Address (
      address: string,
      kind: (advertised, unadvertised, external),
      device: string,
      wanted: bool,
      installed: bool,
      foreign: bool
    )

    type Route (route: string, wanted: bool, installed: bool)

    type Tracker (name: string, up: bool, effect: ?int)

    type RouterStatistics (
      \(RouterStatistics().named.map { "\($0.name): int" }.joined(separator: ",\n  "))
    )

    type GlobalStatistics (
      \(GlobalStatistics().named.map { "\($0.name): int" }.joined(separator: ",\n  "))
    )

    type Router (
      name: string,
      family: (ipv4, ipv6),
      interface: string,
      network_namespace: ?string,
      vrid: int,
      version: int,
      also_version2: bool,
      group: ?string,
      state: (initialize, backup, active),
      since: string,
      since_ms: int,
      reason: Reason,
      is_owner: bool,
      preempt: bool,
      accept: bool,
      mac: ?string,
      device: ?string,
      source: ?string,
      unicast_peers: []string,
      hops: int,
      authentication: ?string,
      authentication_mode: ?string,
      authentication_key: ?int,
      checksum: ?string,
      priority: Priority,
      active_router: ?ActiveRouter,
      timers: Timers,
      addresses: []Address,
      routes: []Route,
      trackers: []Tracker,
      statistics: RouterStatistics
    )

    type NamedStatistics (name: string, statistics: RouterStatistics)

    # `disturbance` is one of: none, timers-only, re-election.
    type Change (name: string, disturbance: string)

    # All virtual routers, or those called `name`: `lan` is also `lan/ipv4` and `lan/ipv6`.
    method Show(name: ?string) -> (
      schema: string,
      node: string,
      pid: int,
      version: string,
      time: string,
      routers: []Router
    )

    # Counters. `global` counts packets whether or not their virtual router is known here.
    method Statistics(name: ?string) -> (
      schema: string,
      node: string,
      routers: []NamedStatistics,
      global: GlobalStatistics
    )

    # Load the files again and apply what changed. An invalid file changes nothing.
    method Reload() -> (
      added: []string,
      changed: []Change,
      removed: []string,
      disturbance: string,
      needs_restart: []string
    )

    method Version() -> (version: string, pid: int, node: string, started: string)

    error NoSuchRouter (name: string)

    error PermissionDenied (reason: string)

    error InvalidConfiguration (diagnostics: []string)

    # The protocol did not answer in time.
    error TimedOut ()

    """
