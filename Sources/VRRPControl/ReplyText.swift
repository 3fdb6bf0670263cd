// The other replies for people: counters, what a reload did.

extension StatisticsReply {
    /// One block a virtual router, then the daemon's own counters.
    package func rendered(colour: Bool) -> String {
        var text = ""
        for entry in routers {
            text += block(entry.name, entry.statistics.named, colour: colour) + "\n"
        }
        return text + block("all of \(node)", global.named, colour: colour)
    }

    private func block(
        _ title: String, _ counters: [(name: String, value: UInt64)], colour: Bool
    ) -> String {
        let width = counters.map(\.name.count).max() ?? 0
        var text = Cell(title, .heading).rendered(colour: colour) + "\n"
        for (name, value) in counters {
            text += "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)\n"
        }
        return text
    }
}

extension ReloadReply {
    /// One line a change.
    package func rendered() -> String {
        var text = added.map { "added \($0)\n" }.joined()
        for change in changed { text += "changed \(change.name): \(Self.words(change))\n" }
        text += removed.map { "removed \($0)\n" }.joined()
        if text.isEmpty { text = "no virtual router changed\n" }
        text += needsRestart.map { "needs a restart: \($0)\n" }.joined()
        return text
    }

    private static func words(_ change: Change) -> String {
        switch change.disturbance {
        case "none": "nobody on the LAN notices"
        case "timers-only": "running timers are computed anew"
        case "re-election": "it left and began anew, the LAN elects"
        default: change.disturbance
        }
    }
}
