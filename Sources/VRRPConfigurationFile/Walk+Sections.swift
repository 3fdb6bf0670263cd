// The top level: several files become one set of sections, and the sections that are not routers.

import VRRPConfiguration

/// The top level of all files together.
struct Sections {
    var node: Entry?
    var defaults: [Entry] = []
    var routers: [Entry] = []
    var control: [Entry] = []
    var log: [Entry] = []
    /// Whether any file has `routers`, right or wrong.
    var hasRouters = false
}

extension Walk {
    private static let topKeys = ["node", "defaults", "routers", "control", "log"]

    private static let unavailableTopKeys = [
        "groups": "remove the key; every router decides for itself",
        "trackers": "remove the key; `track-interface` watches a router's own interface",
        "hooks": "remove the key; every transition is in the log",
        "realtime": "remove the key; set the scheduling policy in the unit of vrrpd",
    ]

    /// Merges the files: mappings by key. A key in two files is a mistake, whoever comes first.
    func sections(_ roots: [Node]) -> Sections {
        var sections = Sections()
        for root in roots {
            guard case .mapping(let entries) = root.content else {
                report(
                    root.place, "a configuration file is a mapping, not \(root.kindName)",
                    advice: "it begins for example with `routers:`")
                sections.hasRouters = true
                continue
            }
            checkKeys(
                entries, in: "a configuration file", known: Self.topKeys,
                unavailable: Self.unavailableTopKeys)
            for entry in entries { merge(entry, into: &sections) }
        }
        return sections
    }

    private func merge(_ entry: Entry, into sections: inout Sections) {
        switch entry.key {
        case "node":
            if let first = sections.node {
                reportTwice(entry, first: first)
            } else {
                sections.node = entry
            }
        case "defaults": merge(entry, into: &sections.defaults)
        case "routers":
            sections.hasRouters = true
            merge(entry, into: &sections.routers)
        case "control": merge(entry, into: &sections.control)
        case "log": merge(entry, into: &sections.log)
        default:
            // Reported as unknown. A misspelt `routers` is not a missing one as well.
            if nearest(to: entry.key, among: Self.topKeys) == "routers" {
                sections.hasRouters = true
            }
        }
    }

    private func merge(_ section: Entry, into merged: inout [Entry]) {
        guard let entries = entries(section.value, of: section.key) else { return }
        if section.key == "routers", entries.isEmpty {
            report(section.place, "`routers` has no router", advice: "add at least one")
        }
        let known = Dictionary(merged.map { ($0.key, $0) }) { first, _ in first }
        for entry in entries {
            if let first = known[entry.key] {
                reportTwice(entry, first: first)
            } else {
                merged.append(entry)
            }
        }
    }

    private func reportTwice(_ entry: Entry, first: Entry) {
        report(
            entry.place, "\(quoted(entry.key)) is defined in two files",
            advice: "it is first defined at \(collector.name(of: first.place)); keep one of the two"
        )
    }

    func control(_ entries: [Entry]) -> ControlConfiguration {
        checkKeys(entries, in: "`control`", known: ["socket", "group", "observe-socket"])
        var control = ControlConfiguration()
        if let socket = entries["socket"].flatMap({ keyed($0, socketPath)?.own }) {
            control.socket = socket
        }
        control.group = entries["group"].flatMap { keyed($0, groupName)?.own }
        if let observe = entries["observe-socket"].flatMap({ keyed($0, socketPath) }) {
            control.observeSocket = observe.own
            if observe.own == control.socket {
                report(
                    observe.place, "`observe-socket` is the same path as `socket`",
                    advice: "give it a path of its own")
            }
        }
        return control
    }

    private func groupName(_ node: Node, _ key: String) -> String? {
        guard let text = text(node, key) else { return nil }
        guard Self.isName(text) else {
            report(
                node.place, "\(written(node)) is not a group's name",
                advice: "write the name of a group of the system, for example `adm`")
            return nil
        }
        return text
    }

    func log(_ entries: [Entry]) -> LogConfiguration {
        checkKeys(entries, in: "`log`", known: ["level", "target"])
        var log = LogConfiguration()
        if let level = entries["level"].flatMap({ keyed($0, choice(LogLevel.self))?.own }) {
            log.level = level
        }
        if let target = entries["target"].flatMap({ keyed($0, choice(LogTarget.self))?.own }) {
            log.target = target
        }
        return log
    }

    /// The file's `node`. Nil when it is wrong.
    func nodeName(_ entry: Entry) -> String? {
        guard let text = text(entry.value, entry.key) else { return nil }
        guard Self.isName(text) else {
            report(
                entry.value.place, "\(written(entry.value)) is not a node's name",
                advice: "use up to 64 letters, digits, `-`, `_` and `.`")
            return nil
        }
        return text
    }
}
