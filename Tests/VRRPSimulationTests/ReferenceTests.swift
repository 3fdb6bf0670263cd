// The virtual router of the daemon against the reference: random lives of both, step by step the
// same instructions for the same reasons, the same state and the same next deadline.

import Testing
import VRRPCore
import VRRPSimulation
import VRRPWire

@Suite("The virtual router decides like the reference")
struct ReferenceTests {
    @Test("random lives", arguments: 0..<8)
    func randomLives(batch: Int) {
        for life in 0..<600 {
            let seed = UInt64(batch * 600 + life)
            if let difference = Twins.live(seed: seed, steps: 100) {
                Issue.record("\(difference)")
                return
            }
        }
    }

    @Test("random lives contain everything that can happen")
    func everythingHappens() {
        var codes: Set<String> = []
        for seed in 0..<100 { codes.formUnion(Twins.happenings(seed: UInt64(seed), steps: 100)) }
        #expect(
            codes == [
                "startup", "owner", "no-advertisement", "priority-zero", "lower-priority-peer",
                "higher-priority", "higher-address", "interface-down", "overslept", "assertion",
            ])
    }
}

/// Both machines, and the random world around them.
private struct Twins {
    private var router: VirtualRouter
    private var reference: ReferenceRouter
    private var parameters: Parameters
    private var draw: ParameterDraw
    private var now = Instant.origin
    /// What the daemon's router asked for in the last step.
    private var actions: [Action] = []
    private var history: [String] = []

    private enum Step {
        case advance
        case handle(Event)
    }

    private init(seed: UInt64) {
        draw = ParameterDraw(seed: seed)
        parameters = draw.parameters()
        router = VirtualRouter(parameters)
        reference = ReferenceRouter(parameters)
    }

    /// What was different, with the steps that led there; nil when nothing was. A difference is
    /// lived again from its seed to describe it, so that agreement costs no text.
    static func live(seed: UInt64, steps: Int) -> String? {
        var twins = Twins(seed: seed)
        guard let step = (0..<steps).first(where: { _ in !twins.step(describing: false) }) else {
            return nil
        }
        twins = Twins(seed: seed)
        twins.history.append("initialize \(twins.parameters)")
        for _ in 0...step { _ = twins.step(describing: true) }
        return "seed \(seed), step \(step):\n" + twins.history.suffix(20).joined(separator: "\n")
    }

    /// The codes of all reasons that the daemon's router gave, and whether it asserted itself.
    static func happenings(seed: UInt64, steps: Int) -> Set<String> {
        var twins = Twins(seed: seed)
        var codes: Set<String> = []
        for _ in 0..<steps {
            _ = twins.step(describing: false)
            for action in twins.actions {
                switch action {
                case .report(let transition): codes.insert(transition.reason.code)
                case .announceAgain: codes.insert("assertion")
                case .transmit, .takeAddresses, .releaseAddresses: break
                }
            }
        }
        return codes
    }

    /// False when the two differ.
    private mutating func step(describing: Bool) -> Bool {
        now = max(now, draw.moment(after: now, near: reference.turningPoints, parameters))
        let step = nextStep()
        actions.removeAll(keepingCapacity: true)
        let expected: [Action]
        switch step {
        case .advance:
            router.advance(to: now, into: &actions)
            expected = reference.advance(to: now)
        case .handle(let event):
            router.handle(event, at: now, into: &actions)
            expected = reference.handle(event, at: now)
        }
        if describing {
            history.append(
                """
                \(now.sinceOrigin) \(step)
                    daemon    \(router.publicState) \(router.nextDeadline as Any) \(actions)
                    reference \(reference.state) \(reference.nextDeadline as Any) \(expected)
                """)
            if actions != expected, actions.matches(expected) {
                history.append("They do the same, but explain it differently.")
            }
        }
        return actions == expected && router.publicState == reference.state
            && router.nextDeadline == reference.nextDeadline
    }

    private mutating func nextStep() -> Step {
        let dice = draw.generator.below(100)
        if reference.state == .initialize, dice < 20 { return .handle(.startup) }
        switch dice {
        case ..<40: return .advance
        case ..<84: return .handle(.advertisement(draw.advertisement(heardBy: parameters)))
        case ..<86: return .handle(.startup)
        case ..<89: return .handle(.shutdown(.interfaceDown))
        default:
            parameters = draw.change(of: parameters)
            return .handle(.parameters(parameters))
        }
    }
}

/// Draws what matters: the edges of every range often, everything between them sometimes.
private struct ParameterDraw {
    var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    mutating func parameters() -> Parameters {
        parameters(generator.chance(percent: 70) ? .v3 : .v2)
    }

    private mutating func parameters(_ version: VRRPVersion) -> Parameters {
        let interval = interval(version)
        return Parameters(
            version: version, priority: priority(), advertisementInterval: interval,
            preemptMode: generator.chance(percent: 70), preemptDelay: delay(interval),
            startDelay: delay(interval), primaryAddress: address())
    }

    /// Usually one parameter, sometimes all of them but the version: with another version it is
    /// another virtual router, which the engine makes anew.
    mutating func change(of old: Parameters) -> Parameters {
        var new = old
        switch generator.below(10) {
        case 0, 1: new.priority = priority()
        case 2, 3: new.advertisementInterval = interval(old.version)
        case 4, 5: new.preemptMode.toggle()
        case 6: new.preemptDelay = delay(old.advertisementInterval)
        case 7: new.primaryAddress = address()
        case 8: break
        default: new = parameters(old.version)
        }
        return new
    }

    mutating func advertisement(heardBy router: Parameters) -> HeardAdvertisement {
        let own = Int(router.priority.rawValue)
        let priority =
            switch generator.below(10) {
            case 0, 1: 0
            case 2, 3: own
            case 4: min(own + 1, 255)
            case 5, 6: max(own - 1, 1)
            case 7: 255
            default: generator.number(1...255)
            }
        return HeardAdvertisement(
            source: address(), priority: Priority(UInt8(priority)),
            interval: generator.chance(percent: 50)
                ? router.advertisementInterval : interval(router.version))
    }

    /// Now, soon, around a turning point, or long after one.
    mutating func moment(
        after now: Instant, near points: [Instant], _ parameters: Parameters
    ) -> Instant {
        let interval = parameters.advertisementInterval
        let dice = generator.below(100)
        guard dice >= 30, let point = generator.pick(points) else {
            return dice < 5 ? now : now + generator.duration(.zero...interval)
        }
        switch dice {
        case ..<55: return point
        case ..<65: return point - .nanoseconds(1)
        case ..<75: return point + .nanoseconds(1)
        case ..<85: return point + generator.duration(.zero...interval)
        case ..<90: return point + interval * generator.number(1...4)
        case ..<92: return point + interval * generator.number(5...50)
        default: return now + generator.duration(.zero...(interval / 10))
        }
    }

    private mutating func priority() -> Priority {
        switch generator.below(6) {
        case 0: .owner
        case 1: Priority(254)
        case 2: Priority(1)
        case 3: .standard
        default: Priority(UInt8(generator.number(1...254)))
        }
    }

    private mutating func interval(_ version: VRRPVersion) -> Duration {
        let unit: Duration = version == .v3 ? .milliseconds(10) : .seconds(1)
        let longest = version == .v3 ? 4095 : 255
        switch generator.below(5) {
        case 0: return unit
        case 1: return unit * longest
        case 2: return unit * generator.number(2...20)
        case 3: return .seconds(1)
        default: return unit * generator.number(1...longest)
        }
    }

    private mutating func delay(_ interval: Duration) -> Duration {
        switch generator.below(4) {
        case 0, 1: .zero
        case 2: interval * generator.number(1...4)
        default: generator.duration(.nanoseconds(1)...(interval * 8))
        }
    }

    /// A few neighbours, so that equal addresses happen.
    private mutating func address() -> IPAddress {
        .v4(IPv4Address(192, 0, 2, generator.pick([2, 3, 3, 4, 200] as [UInt8]) ?? 3))
    }
}
