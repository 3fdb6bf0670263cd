// When neighbours are told where the addresses are, to the instant, for each address by itself.

import Testing
import VRRPConfiguration
import VRRPCore
import VRRPEngine
import VRRPWire

@Suite("Announcements")
struct AnnouncementTests {
    /// When the router of these tests takes over.
    private let takeover = Duration.seconds(3) + .seconds(1) * 156 / 256

    private func router(
        addresses: [String] = ["192.0.2.1/24"], _ policy: AnnouncePolicy
    ) -> VirtualRouterConfiguration? {
        var result = routerConfiguration(addresses: addresses)
        result?.announce = policy
        return result
    }

    /// Milliseconds from the takeover to each announcement.
    private func times(_ bench: Bench, until end: Duration) -> [Int] {
        var result: [Int] = []
        func advance(to now: Instant) {
            bench.forget()
            bench.advance(to: now)
            let milliseconds = Int((now.sinceOrigin - takeover) / .milliseconds(1))
            result += bench.log.compactMap { effect in
                if case .announce = effect { return milliseconds }
                return nil
            }
        }
        while let next = bench.engine.nextDeadline, next.sinceOrigin <= takeover + end {
            advance(to: next)
        }
        return result
    }

    @Test("all rounds after a takeover, and then the refresh, counted from the last of them")
    func refresh() {
        let bench = Bench([router(AnnouncePolicy(count: 3, refresh: .seconds(2)))])
        #expect(times(bench, until: .seconds(7)) == [0, 200, 400, 2400, 4400, 6400])
        let once = Bench([router(AnnouncePolicy(count: 1, refresh: .seconds(2)))])
        #expect(times(once, until: .seconds(5)) == [0, 2000, 4000])
        let never = Bench([router(AnnouncePolicy(count: 1))])
        #expect(times(never, until: .seconds(5)) == [0])
    }

    @Test("after a rival: one round at once, then all of them; a second rival begins them anew")
    func rival() {
        let bench = Bench([router(AnnouncePolicy(count: 2))])
        #expect(times(bench, until: .milliseconds(1999)) == [0, 200])
        bench.hear(50, at: at(0) + takeover + .seconds(2))
        #expect(times(bench, until: .milliseconds(2250)) == [2000, 2200])
        bench.hear(50, at: at(0) + takeover + .milliseconds(2300))
        #expect(times(bench, until: .seconds(9)) == [2400, 2600, 2800])
    }

    @Test("an address that comes late has its own rounds, and the others are not told again")
    func late() throws {
        let bench = Bench([
            router(addresses: ["192.0.2.1/24", "192.0.2.9/24"], AnnouncePolicy(count: 3))
        ])
        bench.isKernelSilent = true
        _ = times(bench, until: .zero)
        let request = try #require(bench.unanswered.first)
        bench.isKernelSilent = false
        bench.engine.addressesChanged(
            token: request.token, results: [0, 12], at: at(0) + takeover)
        bench.settle(at: at(0) + takeover)
        #expect(bench.announcements == 1)
        #expect(times(bench, until: .seconds(4)) == [200, 400, 1000, 1200, 1400])
        #expect(bench.router()?.counters.announcementsSent == 6)
    }

    @Test("an address that comes between two rounds joins the next one, and puts nothing off")
    func between() throws {
        let policy = AnnouncePolicy(count: 2, spacing: .seconds(2))
        let bench = Bench([router(addresses: ["192.0.2.1/24", "192.0.2.9/24"], policy)])
        bench.isKernelSilent = true
        _ = times(bench, until: .zero)
        let request = try #require(bench.unanswered.first)
        bench.isKernelSilent = false
        bench.engine.addressesChanged(
            token: request.token, results: [0, 12], at: at(0) + takeover)
        bench.settle(at: at(0) + takeover)
        #expect(times(bench, until: .seconds(9)) == [1000, 2000, 2000])
    }

    @Test("a shorter policy ends the rounds, one as long leaves them as they were")
    func policy() {
        let bench = Bench([router(AnnouncePolicy(count: 4))])
        #expect(times(bench, until: .milliseconds(100)) == [0])
        bench.apply(
            [router(AnnouncePolicy(count: 4, refresh: .seconds(5)))],
            at: at(0) + takeover + .milliseconds(100))
        #expect(times(bench, until: .milliseconds(300)) == [200])
        bench.apply(
            [router(AnnouncePolicy(count: 2))], at: at(0) + takeover + .milliseconds(300))
        #expect(times(bench, until: .seconds(9)) == [400])
    }

    @Test("what was left of the rounds before is not made up for after the next takeover")
    func anew() {
        let bench = Bench([router(AnnouncePolicy(count: 2))])
        _ = times(bench, until: .milliseconds(500))
        bench.hear(50, at: at(0) + takeover + .milliseconds(500))
        bench.hear(200, at: at(0) + takeover + .milliseconds(500))
        bench.hear(0, at: at(0) + takeover + .milliseconds(500))
        let second = 500 + 1000 * 156 / 256
        #expect(times(bench, until: .seconds(5)) == [second, second + 200])
    }

    @Test("a round that comes late puts off the next one, too: never closer than the spacing")
    func lateRound() {
        let bench = Bench([router(AnnouncePolicy(count: 4))])
        _ = times(bench, until: .zero)
        bench.advance(to: at(0) + takeover + .milliseconds(350))
        #expect(times(bench, until: .seconds(3)) == [550, 750])
    }

    @Test("a Backup has nothing to announce, and does not wake for it")
    func backup() {
        let bench = Bench([router(AnnouncePolicy(count: 2, refresh: .seconds(2)))])
        _ = times(bench, until: .seconds(1))
        bench.hear(200, interval: .seconds(40), at: at(0) + takeover + .seconds(1))
        #expect(times(bench, until: .seconds(30)).isEmpty)
        #expect((bench.engine.nextDeadline ?? at(0)).sinceOrigin > takeover + .seconds(100))
    }

    @Test("an interface that is down, or has no address of its own, takes no announcement")
    func down() {
        var untracked = router(AnnouncePolicy(count: 3))
        untracked?.trackInterface = false
        let bench = Bench([untracked])
        #expect(times(bench, until: .zero) == [0])
        bench.setLink(isUp: false, at: at(0) + takeover)
        #expect(times(bench, until: .milliseconds(300)).isEmpty)
        bench.engine.observe(
            Link(
                index: lanIndex, name: "lan0", isUp: true, hasCarrier: true,
                hardwareAddress: nil), at: at(0) + takeover + .milliseconds(300))
        bench.settle(at: at(0) + takeover + .milliseconds(300))
        #expect(times(bench, until: .seconds(3)).isEmpty)
        #expect(bench.router()?.counters.announcementsSent == 1)
    }
}
