"""Who is Active: two of ours, and ours with keepalived and FRR in both roles."""

import time

import pytest

from lab import active_down_interval, eventually, skew_time
from settings import IPV4, IPV6, bare_address, configuration

KINDS = {
    "v3": dict(version=3, interval=0.1, addresses=IPV4),
    "v6": dict(version=3, interval=0.1, addresses=IPV6),
    "v2": dict(version=2, interval=1, addresses=IPV4),
}
SLACK = 0.1  # Seconds a shared machine may be late.


def ours(lab, node, host, *, priority, version=3, interval=0.1, addresses=IPV4, **keys):
    return lab.router(node, host).start(configuration(
        priority=priority, version=version, addresses=list(addresses),
        advertise=f"{round(interval * 1000)}ms", **keys))


def only_active(lab, node, interval):
    """In the last intervals, advertisements came from this port and from no other."""
    time.sleep(2.5 * interval)
    now = time.time()
    ports = {frame.port for frame in lab.tap.advertisements(after=now - 2.2 * interval)}
    assert ports == {node}, f"advertisements from {ports}:{lab.tap.story()}"


def check_failover(lab, active, backup, *, priority, version, interval, addresses):
    """`active` falls silent; `backup` follows within the protocol's limit and announces all."""
    active.crash()
    last = active.last_word(backup)
    limit = active_down_interval(priority, interval, version)
    taken = lab.tap.advertisement(backup.node, limit + 3, after=last.time)
    took = taken.time - last.time
    assert limit - 0.012 <= took <= limit + SLACK, f"took over after {took:.4f} s, limit {limit}"
    for address in addresses:
        lab.tap.announcement(backup.node, 3, address=bare_address(address), after=last.time)
    eventually(lambda: all(backup.has(bare_address(one)) for one in addresses), 2, "addresses")


@pytest.mark.parametrize("kind", KINDS)
def test_two_of_ours(lab, kind):
    settings = KINDS[kind]
    interval, version = settings["interval"], settings["version"]
    one = ours(lab, "gw1", 2, priority=200, **settings)
    two = ours(lab, "gw2", 3, priority=100, **settings)
    one.await_state("active", 8)
    two.await_state("backup")
    only_active(lab, "gw1", interval)
    for address in map(bare_address, settings["addresses"]):
        assert one.has(address) and not two.has(address)
    shown = two.show()["active_router"]
    assert shown["address"] == (one.link_local if kind == "v6" else one.address)
    assert shown["priority"] == 200 and not shown["self"]

    check_failover(lab, one, two, priority=100, **settings)
    assert two.await_state("active")["reason"]["code"] == "no-advertisement"

    lab.join("gw1")
    back = time.time()
    one.start()
    lab.tap.advertisement("gw1", 8, priority=200, after=back)
    two.await_state("backup")
    only_active(lab, "gw1", interval)
    eventually(lambda: not two.has(bare_address(settings["addresses"][-1])), 2, "addresses gone")

    mark = lab.tap.mark()
    assert one.stop() == 0
    farewell = lab.tap.advertisement("gw1", 2, since=mark, priority=0)
    taken = lab.tap.advertisement("gw2", 3, after=farewell.time)
    skew = skew_time(100, interval, version)
    assert skew - 0.002 <= taken.time - farewell.time <= skew + SLACK
    assert two.await_state("active")["reason"]["code"] == "priority-zero"


def test_the_loser_of_equal_priorities_is_the_lower_address(lab):
    one, two = ours(lab, "gw1", 2, priority=100), ours(lab, "gw2", 3, priority=100)
    eventually(lambda: {one.show()["state"], two.show()["state"]} == {"active", "backup"}, 5)
    active, backup = (one, two) if one.show()["state"] == "active" else (two, one)
    lab.cut(active.node)
    backup.await_state("active")
    lab.join(active.node)
    eventually(lambda: one.show()["state"] == "backup" and two.show()["state"] == "active", 3,
               "the higher address wins")
    only_active(lab, "gw2", 0.1)


def test_without_preemption_the_newcomer_waits(lab):
    two = ours(lab, "gw2", 3, priority=100)
    two.await_state("active")
    one = ours(lab, "gw1", 2, priority=200, preempt=False)
    time.sleep(1.5)
    assert one.advertisements() == [] and one.show()["state"] == "backup"
    two.crash()
    one.await_state("active")


def test_the_owner_starts_active_and_keeps_its_address(lab):
    """M13, M25, M29; an address that was there before is never removed."""
    two = ours(lab, "gw2", 3, priority=254)
    two.await_state("active")
    one = lab.router("gw1", 2)
    one.ip("addr", "add", "192.0.2.1/24", "dev", "lan0")
    one.start(configuration(priority="owner", preempt=False))
    first = lab.tap.advertisement("gw1", 1)
    assert first.vrrp.priority == 255
    assert first.time - one.started < 0.5
    two.await_state("backup")
    assert one.stop() == 0
    assert one.has("192.0.2.1")


@pytest.mark.parametrize("kind", KINDS)
def test_keepalived_is_active_and_we_follow(lab, keepalived, kind):
    settings = KINDS[kind]
    one = keepalived(lab, "gw1", 2).start(priority=200, **settings)
    two = ours(lab, "gw2", 3, priority=100, **settings)
    lab.tap.advertisement("gw1", 8, priority=200)
    two.await_state("backup")
    only_active(lab, "gw1", settings["interval"])
    check_failover(lab, one, two, priority=100, **settings)
    lab.join("gw1")
    back = time.time()
    one.start(priority=200, **settings)
    lab.tap.advertisement("gw1", 8, priority=200, after=back)
    two.await_state("backup")
    only_active(lab, "gw1", settings["interval"])


@pytest.mark.parametrize("kind", KINDS)
def test_we_are_active_and_keepalived_follows(lab, keepalived, kind):
    settings = KINDS[kind]
    one = ours(lab, "gw1", 2, priority=200, **settings)
    two = keepalived(lab, "gw2", 3).start(priority=100, **settings)
    one.await_state("active", 8)
    if kind == "v3":
        # keepalived verifies one checksum form only. It speaks first only if it hears nothing of
        # ours that it understands; once heard, its form is the one we send.
        lab.tap.wait(
            lambda frame: frame.vrrp and frame.vrrp.checksum == {"pseudo"}, 3, port="gw1",
            what="advertisement in keepalived's checksum form")
        two_last = time.time()
        time.sleep(0.5)
        assert two.advertisements(after=two_last + 0.4) == []
    only_active(lab, "gw1", settings["interval"])
    check_failover(lab, one, two, priority=100, **settings)
    lab.join("gw1")
    back = time.time()
    one.start()
    lab.tap.advertisement("gw1", 8, priority=200, after=back)
    time.sleep(settings["interval"])
    only_active(lab, "gw1", settings["interval"])


@pytest.mark.parametrize("kind", ["v3", "v6"])
def test_frr_is_active_and_we_follow(lab, frr, kind):
    addresses = KINDS[kind]["addresses"]
    one = frr(lab, "gw1", 2).start(priority=200, addresses=addresses)
    lab.tap.advertisement("gw1", 10, priority=200)
    two = ours(lab, "gw2", 3, priority=100, addresses=addresses)
    two.await_state("backup")
    only_active(lab, "gw1", 0.1)
    check_failover(lab, one, two, priority=100, **KINDS[kind])
    only_active(lab, "gw2", 0.1)


@pytest.mark.parametrize("kind", ["v3", "v6"])
def test_we_take_over_from_frr_and_frr_from_us(lab, frr, kind):
    addresses = KINDS[kind]["addresses"]
    two = frr(lab, "gw2", 3).start(priority=100, addresses=addresses)
    lab.tap.advertisement("gw2", 10, priority=100)
    one = ours(lab, "gw1", 2, priority=200, addresses=addresses)
    one.await_state("active")
    only_active(lab, "gw1", 0.1)
    one.crash()
    last = one.last_word(two)
    taken = lab.tap.advertisement("gw2", 3, after=last.time)
    assert taken.time - last.time < active_down_interval(100, 0.1) + 0.15
