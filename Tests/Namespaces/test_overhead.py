"""How much later than Active_Down_Interval the gateway address is announced: ours and keepalived."""

import statistics

import pytest

from lab import Lab, active_down_interval
from settings import configuration

pytestmark = pytest.mark.alone

ROUNDS = 7
NOISE = 2.0  # Milliseconds; other work on the machine shows in single rounds.


def one_round(make_active, make_backup):
    """Milliseconds beyond the limit: first advertisement and first gratuitous ARP."""
    lab = Lab()
    try:
        active, backup = make_active(lab), make_backup(lab)
        lab.tap.advertisement("gw1", 8, priority=200)
        lab.tap.wait(lambda frame: frame.vrrp and frame.vrrp.priority == 200, 3, port="gw2",
                     sent=True, since=lab.tap.mark() + 3)
        active.crash()
        last = active.last_word(backup)
        first = lab.tap.advertisement("gw2", 3, after=last.time)
        told = lab.tap.announcement("gw2", 3, address="192.0.2.1", after=last.time)
        limit = active_down_interval(100, 0.1)
        backup.kill()
        return [(frame.time - last.time - limit) * 1000 for frame in (first, told)]
    finally:
        lab.close()


def test_failover_is_as_quick_as_keepalived(binaries, keepalived):
    def ours(mac):
        return lambda node, host, priority: lambda lab: lab.router(node, host).start(
            configuration(priority=priority, mac=mac))

    def theirs(vmac):
        return lambda node, host, priority: lambda lab: keepalived(lab, node, host).start(
            priority=priority, vmac=vmac)

    makers = {"vrrpd": ours("interface"), "keepalived": theirs(False),
              "vrrpd, virtual MAC": ours("virtual"), "keepalived, virtual MAC": theirs(True)}
    results = {name: [] for name in makers}
    for _ in range(ROUNDS):
        for name, make in makers.items():
            results[name].append(one_round(make("gw1", 2, 200), make("gw2", 3, 100)))
    print(f"\nFailover beyond Active_Down_Interval, ms, {ROUNDS} rounds each: median (min … max)")
    medians = {}
    for name, rounds in results.items():
        columns = []
        for index, what in enumerate(("advertisement", "announcement")):
            values = [one[index] for one in rounds]
            medians[name, what] = statistics.median(values)
            columns.append(
                f"{what} {statistics.median(values):.2f} ({min(values):.2f} … {max(values):.2f})")
        print(f"  {name:24}  " + "   ".join(columns))
    for what in ("advertisement", "announcement"):
        for mac in ("", ", virtual MAC"):
            assert medians["vrrpd" + mac, what] >= -0.5, "earlier than the protocol allows"
            assert medians["vrrpd" + mac, what] <= medians["keepalived" + mac, what] + NOISE
