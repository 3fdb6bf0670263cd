// Randomness as an input: one number gives everything that follows, on every machine alike. Only
// integer arithmetic, and nothing of the standard library's random functions, whose algorithms
// may change with a release.

/// SplitMix64 (Steele, Lea and Flood, 2014).
package struct SeededGenerator: Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0..<limit; 0 for a limit below 2.
    package mutating func below(_ limit: Int) -> Int {
        limit < 2 ? 0 : Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(limit)).high)
    }

    package mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True `share` times in a million.
    package mutating func chance(perMillion share: Int) -> Bool {
        share > 0 && below(1_000_000) < share
    }

    package mutating func chance(percent share: Int) -> Bool {
        chance(perMillion: share * 10_000)
    }

    /// In steps of a microsecond.
    package mutating func duration(_ range: ClosedRange<Duration>) -> Duration {
        .microseconds(number(range.lowerBound.microseconds...range.upperBound.microseconds))
    }

    /// One of them; nil of none.
    package mutating func pick<C: RandomAccessCollection>(_ choices: C) -> C.Element? {
        guard !choices.isEmpty else { return nil }
        return choices[choices.index(choices.startIndex, offsetBy: below(choices.count))]
    }

    /// A generator of its own, so that what one part draws does not shift what another gets.
    package mutating func split() -> SeededGenerator {
        SeededGenerator(seed: next())
    }
}

extension Duration {
    /// Whole microseconds.
    package var microseconds: Int {
        Int(components.seconds) * 1_000_000 + Int(components.attoseconds / 1_000_000_000_000)
    }
}
