// A trace for people: one line for each moment, one column for each router.

import VRRPCore

extension Trace {
    /// The last `count` records, but for the ends of turns.
    package func table(nodeCount: Int, last count: Int) -> String {
        let shown = records.filter { $0.isWorthALine }.suffix(count)
        let width = 24
        var lines = [
            "time".padded(to: 16) + (0..<nodeCount).map { "gw\($0)".padded(to: width) }.joined()
        ]
        for record in shown {
            let column = max(record.node, 0)
            let text = record.node < 0 ? "=== \(record.text)" : record.text
            lines.append(
                record.timeText.padded(to: 16)
                    + String(repeating: " ", count: width * column) + text)
        }
        return lines.joined(separator: "\n")
    }
}

extension Record {
    fileprivate var isWorthALine: Bool {
        if case .turned = kind { return false }
        return true
    }

    /// Seconds with six decimals.
    fileprivate var timeText: String {
        let micro = time / 1000
        return "\(micro / 1_000_000).\(String(1_000_000 + micro % 1_000_000).dropFirst())"
    }

    fileprivate var text: String {
        let who = router < 0 ? "" : "r\(router) "
        return switch kind {
        case .sent(let priority): "\(who)sends \(priority)"
        case .heard(let from, let priority): "\(who)hears \(priority) of gw\(from)"
        case .missed(let from, let cause):
            from < 0 ? "\(who)frame \(cause)" : "\(who)frame of gw\(from) \(cause)"
        case .changed(let from, let to): "\(who)\(from.letter) -> \(to.letter)"
        case .asked(let add, let remove): "asks +\(add) -\(remove)"
        case .answered(let refused): refused == 0 ? "kernel: done" : "kernel: \(refused) refused"
        case .announced(let address): "\(who)announces #\(address)"
        case .turned: ""
        case .fault(let fault): fault.isOver ? "end of \(fault.kind)" : "FAULT \(fault.kind)"
        case .configured: "another configuration"
        case .phase(let phase): "\(phase)"
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        count >= width ? self + " " : self + String(repeating: " ", count: width - count)
    }
}
