// `vrrpctl show` for people: a table of all virtual routers, and everything about one.

/// How text is decorated.
package struct TextStyle: Sendable {
    package var usesColor: Bool

    package init(usesColor: Bool) {
        self.usesColor = usesColor
    }

    func state(_ state: String, padded text: String) -> String {
        guard usesColor else { return text }
        let code =
            switch state {
            case "active": "32"
            case "backup": "36"
            default: "33"
            }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }

    func bold(_ text: String) -> String { usesColor ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
}

extension ShowReply {
    /// One line for each virtual router.
    package func table(_ style: TextStyle) -> String {
        let head = [
            "NAME", "FAMILY", "INTERFACE", "VRID", "STATE", "PRIO", "SINCE", "ACTIVE-ROUTER", "WHY",
        ]
        var rows = [head]
        for router in routers {
            rows.append([
                router.name, router.family, router.place, "\(router.vrid)", router.state,
                "\(router.priority.effective)", age(milliseconds: router.sinceMs),
                router.activeRouterText, router.reason.text,
            ])
        }
        let widths = head.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for (number, row) in rows.enumerated() {
            var line = ""
            for (column, cell) in row.enumerated() {
                let isLast = column == row.count - 1
                let padded = isLast ? cell : cell.padded(to: widths[column]) + "  "
                if number > 0, column == 4 {
                    line += style.state(cell, padded: padded)
                } else {
                    line += number == 0 ? style.bold(padded) : padded
                }
            }
            text += line + "\n"
        }
        return text
    }
}

extension RouterStatus {
    /// Its interface, with the namespace in front where it is not the daemon's own.
    fileprivate var place: String { networkNamespace.map { "\($0)/\(interface)" } ?? interface }

    var activeRouterText: String {
        guard let activeRouter else { return "-" }
        return activeRouter.isSelf
            ? "this router" : "\(activeRouter.address) (\(activeRouter.priority))"
    }

    /// Everything about one virtual router.
    package func details(_ style: TextStyle) -> String {
        var lines: [(String, String)] = []
        lines.append(
            (
                "state",
                "\(style.state(state, padded: state)) since \(since) (\(age(milliseconds: sinceMs)))"
            ))
        lines.append(("why", "\(reason.text) [\(reason.code)]"))
        lines.append(("Active Router", activeRouterDetails))
        lines.append(("priority", priorityText))
        for part in priority.parts { lines.append(("", "\(part.kind): \(part.value)")) }
        lines.append(("preempt, accept", "\(preempt ? "yes" : "no"), \(accept ? "yes" : "no")"))
        lines.append(
            (
                "timers",
                "Advertisement_Interval \(timers.advertiseMs) ms, Skew_Time \(milliseconds(timers.skewUs / 1000)) ms"
            ))
        lines.append(
            ("", "Active_Down_Interval \(milliseconds(timers.activeDownMs)) ms" + remainingText))
        lines.append(
            ("interface", "\(interface), MAC \(mac ?? "unknown"), source \(source ?? "none")"))
        if !unicastPeers.isEmpty {
            let crossing = hops > 0 ? ", across \(hops) router\(hops == 1 ? "" : "s") at most" : ""
            lines.append(("unicast", unicastPeers.joined(separator: ", ") + crossing))
        }
        if let authentication {
            let words = [authentication, authenticationMode, authenticationKey.map { "key \($0)" }]
            lines.append(("authentication", words.compactMap { $0 }.joined(separator: ", ")))
        }
        if let checksum { lines.append(("checksum", checksum)) }
        for (number, address) in addresses.enumerated() {
            lines.append((number == 0 ? "addresses" : "", address.text))
        }
        for (number, counter) in statistics.named.filter({ $0.value > 0 }).enumerated() {
            lines.append((number == 0 ? "counters" : "", "\(counter.name) \(counter.value)"))
        }
        let versions = alsoVersion2 ? "versions 2 and 3" : "version \(version)"
        let title = "\(name): VRID \(vrid) on \(place), \(family), VRRP \(versions)"
        return style.bold(title) + "\n"
            + lines.map { "  \($0.0.padded(to: 16)) \($0.1)\n" }.joined()
    }

    private var activeRouterDetails: String {
        guard let activeRouter else { return "not known" }
        guard !activeRouter.isSelf else { return "this router, \(activeRouter.address)" }
        let heard = activeRouter.lastHeardMs.map { ", heard \($0) ms ago" } ?? ""
        return "\(activeRouter.address), priority \(activeRouter.priority), every"
            + " \(activeRouter.advertiseMs) ms\(heard)"
    }

    private var priorityText: String {
        isOwner ? "\(priority.effective) (owner)" : "\(priority.effective)"
    }

    private var remainingText: String {
        timers.remainingMs.map { ", \(milliseconds($0)) ms left" } ?? ""
    }
}

extension AddressStatus {
    fileprivate var text: String {
        let condition =
            switch (wanted, installed) {
            case (true, true): "installed"
            case (true, false): "MISSING: wanted here and not installed"
            case (false, false): "not here, as it should be"
            case (false, true): foreign ? "here" : "HERE, though not wanted"
            }
        let whose = foreign ? " (not put there by vrrpd, never removed)" : ""
        switch kind {
        case "external": return "\(address): advertised only, moved by somebody else"
        case "unadvertised": return "\(address) on \(device): \(condition), not advertised\(whose)"
        default: return "\(address) on \(device): \(condition)\(whose)"
        }
    }
}

extension StatisticsReply {
    /// Counters by name, those of the daemon last.
    package func text(_ style: TextStyle) -> String {
        var text = ""
        for router in routers {
            text += style.bold(router.name) + "\n"
            for counter in router.statistics.named {
                text += "  \(counter.name.padded(to: 26)) \(counter.value)\n"
            }
        }
        text += style.bold("all packets and timers of this vrrpd") + "\n"
        for counter in global.named {
            text += "  \(counter.name.padded(to: 26)) \(counter.value)\n"
        }
        return text
    }
}

extension ReloadReply {
    package var text: String {
        var lines: [String] = []
        if !added.isEmpty { lines.append("added: \(added.joined(separator: ", "))") }
        for change in changed {
            lines.append("changed: \(change.name) (disturbed: \(change.disturbance))")
        }
        if !removed.isEmpty { lines.append("removed: \(removed.joined(separator: ", "))") }
        for wait in needsRestart { lines.append("needs a restart: \(wait)") }
        if lines.isEmpty { lines.append("nothing changed") }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// At most three decimals.
private func milliseconds(_ value: Double) -> String {
    let rounded = (value * 1000).rounded() / 1000
    // Not every number of another process is within the range of `Int`.
    return Int(exactly: rounded).map { "\($0)" } ?? "\(rounded)"
}

extension String {
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
