// `vrrpctl show` for people: a table of all virtual routers, or everything about one.

extension ShowReply {
    /// One line a virtual router.
    package func table(colour: Bool) -> String {
        var table = TextTable(headings: [
            "NAME", "FAMILY", "INTERFACE", "VRID", "STATE", "PRIO", "SINCE", "ACTIVE-ROUTER", "WHY",
        ])
        for router in routers {
            table.append([
                Cell(router.name), Cell(router.family), Cell(router.interface),
                Cell("\(router.vrid)"), router.stateCell, Cell("\(router.priority.effective)"),
                Cell(age(milliseconds: router.sinceMs)), Cell(router.activeRouterName),
                Cell(router.reason.text),
            ])
        }
        return table.rendered(colour: colour)
    }

    /// Everything about every virtual router of the reply.
    package func details(colour: Bool) -> String {
        routers.map { $0.details(colour: colour) }.joined(separator: "\n")
    }
}

extension RouterStatus {
    package var isActive: Bool { state == "active" }

    /// Several lines, each with its newline.
    func details(colour: Bool) -> String {
        var text =
            Cell(name, .heading).rendered(colour: colour)
            + ": \(family), VRID \(vrid) on \(interface), version \(version)\n"
        func line(_ label: String, _ value: String) {
            text += "  \(label)\(String(repeating: " ", count: 16 - label.count))\(value)\n"
        }
        line(
            "state",
            "\(stateCell.rendered(colour: colour)) for \(age(milliseconds: sinceMs)), since \(since)"
        )
        line("why", "\(reason.text) (\(reason.code))")
        line("active router", activeRouterText)
        line("priority", "\(priority.effective)" + (priority.fault ? ", in fault" : ""))
        for part in priority.parts { line("", "\(signed(part)) \(part.kind)") }
        if let group { line("group", group) }
        line("advertises", advertisingText)
        line("timers", timerText)
        line("preempt", preempt ? "yes" : "no")
        line("accept", isOwner ? "yes, it owns the addresses" : accept ? "yes" : "no")
        line("mac", mac.map { "\($0)" + (device.map { " on \($0)" } ?? "") } ?? "none yet")
        for (index, address) in addresses.enumerated() {
            line(
                index == 0 ? "addresses" : "",
                "\(address.address) on \(address.device): "
                    + address.cell.rendered(colour: colour))
        }
        for (index, route) in routes.enumerated() {
            line(
                index == 0 ? "routes" : "",
                "\(route.route): "
                    + presence(wanted: route.wanted, installed: route.installed)
                    .rendered(colour: colour))
        }
        for (index, tracker) in trackers.enumerated() {
            let effect = tracker.effect.map { "\($0)" } ?? "fault"
            line(
                index == 0 ? "trackers" : "",
                "\(tracker.name): \(tracker.up ? "up" : "down") (\(effect) while down)")
        }
        for (index, counter) in statistics.named.enumerated() {
            line(index == 0 ? "counters" : "", "\(counter.name) \(counter.value)")
        }
        return text
    }

    var stateCell: Cell {
        switch state {
        case "active": Cell("Active", .good)
        case "backup": Cell("Backup")
        case "initialize": Cell("Initialize", .caution)
        default: Cell(state)
        }
    }

    var activeRouterName: String {
        guard let activeRouter else { return "-" }
        return activeRouter.isSelf ? "this router" : activeRouter.address
    }

    private var activeRouterText: String {
        guard let active = activeRouter else { return "unknown" }
        var text = active.isSelf ? "this router, \(active.address)" : active.address
        text += ", priority \(active.priority), every \(duration(ms: Double(active.advertiseMs)))"
        if let heard = active.lastHeardMs { text += ", heard \(duration(ms: Double(heard))) ago" }
        if let checksum = active.checksum { text += ", checksum \(checksum)" }
        return text
    }

    private var advertisingText: String {
        var text = "every \(duration(ms: Double(timers.advertiseMs)))"
        text += source.map { " from \($0)" } ?? ", but has no source address"
        if let checksum { text += ", checksum \(checksum)" }
        return text
    }

    private var timerText: String {
        var text = "Skew_Time \(duration(ms: timers.skewUs / 1000))"
        text += ", Active_Down_Interval \(duration(ms: timers.activeDownMs))"
        if let left = timers.remainingMs { text += ", \(duration(ms: left)) left" }
        return text
    }

    /// A part of a sum: the first without a plus.
    private func signed(_ part: PriorityStatus.Part) -> String {
        part.value >= 0 && part.kind != "base" ? "+\(part.value)" : "\(part.value)"
    }
}

extension AddressStatus {
    fileprivate var cell: Cell {
        if foreign { return Cell("there before vrrpd, left alone") }
        return presence(wanted: wanted, installed: installed)
    }
}

private func presence(wanted: Bool, installed: Bool) -> Cell {
    switch (wanted, installed) {
    case (true, true): Cell("installed", .good)
    case (false, false): Cell("not installed, as wanted")
    case (true, false): Cell("wanted, but not installed", .bad)
    case (false, true): Cell("installed, but not wanted", .bad)
    }
}

/// The number comes from another process: whatever it is, it must not trap.
private func duration(ms: Double) -> String {
    text(of: .microseconds(Int64(exactly: (ms * 1000).rounded()) ?? .max))
}
