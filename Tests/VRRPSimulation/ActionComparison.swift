// Two machines that decide the same may explain it differently: comparison without reasons.

package import VRRPCore

extension Transition {
    /// The same change of state, whatever the reason.
    package func matches(_ other: Transition) -> Bool {
        from == other.from && to == other.to
    }
}

extension Action {
    /// The same instruction, whatever the reason of a report.
    package func matches(_ other: Action) -> Bool {
        if case .report(let mine) = self, case .report(let others) = other {
            return mine.matches(others)
        }
        return self == other
    }
}

extension [Action] {
    /// The same instructions in the same order, whatever the reasons.
    package func matches(_ other: [Action]) -> Bool {
        count == other.count && zip(self, other).allSatisfy { $0.matches($1) }
    }
}
