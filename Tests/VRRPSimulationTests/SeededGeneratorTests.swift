// The generator's first numbers are fixed: a seed written down today must mean the same tomorrow.

import Testing
import VRRPSimulation

@Suite("Seeded randomness")
struct SeededGeneratorTests {
    @Test("the first numbers of SplitMix64 with seed 1234567 are those of its authors")
    func published() {
        var generator = SeededGenerator(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
        #expect(generator.next() == 9_817_491_932_198_370_423)
    }

    @Test("numbers stay within their range and reach both ends")
    func range() {
        var generator = SeededGenerator(seed: 7)
        let drawn = Set((0..<1000).map { _ in generator.number(3...6) })
        #expect(drawn == [3, 4, 5, 6])
        #expect(generator.below(0) == 0)
        #expect(generator.pick([Int]()) == nil)
    }
}
