// The commands that ask the daemon.

import ArgumentParser
import VRRPControl

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "All virtual routers, or everything about one.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "A virtual router: lan, or lan/ipv4 of a dual-stack one.")
    var name: String?

    func run() throws {
        let reply = try options.call(.show, Selection(name: name), as: ShowReply.self)
        if options.json {
            try options.printJSON(reply)
        } else if name == nil {
            print(reply.table(options.style), terminator: "")
        } else {
            let parts = reply.routers.map { $0.details(options.style) }
            print(parts.joined(separator: "\n"), terminator: "")
        }
    }
}

struct Statistics: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Counters (RFC 8347), of one virtual router or of all.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "A virtual router.")
    var name: String?

    func run() throws {
        let reply = try options.call(.statistics, Selection(name: name), as: StatisticsReply.self)
        if options.json {
            try options.printJSON(reply)
        } else {
            print(reply.text(options.style), terminator: "")
        }
    }
}

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply the configuration files; only what changed is touched.")

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let reply = try options.call(.reload, timeout: .seconds(30), as: ReloadReply.self)
        if options.json {
            try options.printJSON(reply)
        } else {
            print(reply.text, terminator: "")
        }
    }
}

struct IsActive: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "is-active", abstract: "Exit 0 if this router is Active for NAME, else 1.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "A virtual router; of a dual-stack one both families must be Active.")
    var name: String

    func run() throws {
        let reply = try options.call(.show, Selection(name: name), as: ShowReply.self)
        let isActive = !reply.routers.isEmpty && reply.routers.allSatisfy { $0.state == "active" }
        if options.json { try options.printJSON(["active": isActive]) }
        throw ExitCode(isActive ? 0 : 1)
    }
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The version of the daemon that answers.")

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let reply = try options.call(.version, as: VersionReply.self)
        if options.json {
            try options.printJSON(reply)
        } else {
            print(
                "vrrpd \(reply.version), process \(reply.pid), node \(reply.node), since \(reply.started)"
            )
        }
    }
}
