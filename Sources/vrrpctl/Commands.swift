// The commands that ask the daemon.

import ArgumentParser
import VRRPControl

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show all virtual routers, or everything about one.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "`lan`, or `lan/ipv4` for one of a dual-stack pair.")
    var name: String?

    func run() throws {
        let reply: ShowReply = try global.call(.show, Selection(name: name))
        if global.output.json {
            print(try ControlJSON.pretty(reply))
        } else if name == nil {
            print(reply.table(colour: global.output.colour), terminator: "")
        } else {
            print(reply.details(colour: global.output.colour), terminator: "")
        }
    }
}

struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show counters (RFC 8347's names).")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "`lan`, or `lan/ipv4` for one of a dual-stack pair.")
    var name: String?

    func run() throws {
        let reply: StatisticsReply = try global.call(.statistics, Selection(name: name))
        if global.output.json {
            print(try ControlJSON.pretty(reply))
        } else {
            print(reply.rendered(colour: global.output.colour), terminator: "")
        }
    }
}

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply the configuration files; what is invalid changes nothing.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let reply: ReloadReply = try global.call(.reload, timeout: .seconds(30))
        if global.output.json {
            print(try ControlJSON.pretty(reply))
        } else {
            print(reply.rendered(), terminator: "")
        }
    }
}

struct IsActive: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Exit 0 if this router is Active for a name, 1 if not.",
        discussion: "The name of a dual-stack pair is Active when both of them are.")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "`lan`, or `lan/ipv4` for one of a dual-stack pair.")
    var name: String

    func run() throws {
        let reply: ShowReply = try global.call(.show, Selection(name: name))
        let isActive = !reply.routers.isEmpty && reply.routers.allSatisfy(\.isActive)
        if global.output.json {
            print(try ControlJSON.pretty(Answer(name: name, active: isActive)))
        }
        if !isActive { throw ExitCode(1) }
    }

    private struct Answer: Encodable {
        var name: String
        var active: Bool
    }
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the versions of vrrpctl and of the running daemon.")

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let daemon = Result { try global.call(.version) as VersionReply }
        if global.output.json {
            let versions = Versions(vrrpctl: VRRPControlTool.release, vrrpd: try? daemon.get())
            print(try ControlJSON.pretty(versions))
        } else {
            print("vrrpctl \(VRRPControlTool.release)")
        }
        let reply = try daemon.get()
        guard !global.output.json else { return }
        print("vrrpd \(reply.version) (\(reply.node), pid \(reply.pid), since \(reply.started))")
    }

    private struct Versions: Encodable {
        var vrrpctl: String
        @Nullable var vrrpd: VersionReply?
    }
}
