"""`version: both` (RFC 9568 §8.4.2): beside routers of version 2, on the way from 2 to 3."""

import time

import pytest

from frames import advertisement
from lab import active_down_interval, eventually, skew_time
from peers import Keepalived
from settings import IPV4, IPV6, configuration

macs = pytest.mark.parametrize("mac", ["interface", "virtual"])


def both(**keys):
    return configuration(version="both", **keys)


@macs
def test_M96_M97_both_are_sent_at_the_configured_rate(lab, mac):
    one = lab.router("gw2", 3).start(both(mac=mac))
    one.await_state("active")
    time.sleep(1)
    frames = one.advertisements()
    new = [frame for frame in frames if frame.vrrp.version == 3]
    old = [frame for frame in frames if frame.vrrp.version == 2]
    assert len(new) > 8 and abs(len(new) - len(old)) <= 1
    for one_new, one_old in zip(new, old):
        assert 0 <= one_old.time - one_new.time < 0.02
    assert {frame.vrrp.interval for frame in new} == {10}
    assert {frame.vrrp.interval for frame in old} == {1}
    assert all(frame.vrrp.checksum == {"rfc3768"} and frame.vrrp.auth_type == 0 for frame in old)
    assert {frame.source_mac for frame in old} == {frame.source_mac for frame in new}
    gaps = [later.time - earlier.time for earlier, later in zip(new, new[1:])]
    assert max(gaps) < 0.15
    mark = lab.tap.mark()
    assert one.stop() == 0
    words = [(frame.vrrp.version, frame.vrrp.priority)
             for frame in lab.tap.advertisements("gw2", since=mark)]
    assert words[-2:] == [(3, 0), (2, 0)]


@macs
def test_M98_a_router_of_version_2_is_followed_at_its_rate(lab, mac):
    one = lab.router("gw2", 3).start(both(mac=mac, priority=100))
    with lab.inject.stream(advertisement(version=2, interval=2, priority=200), 0.1):
        one.await_state("backup")
        eventually(lambda: one.show()["active_router"], 2, "it is heard")
        shown = one.show()
        assert shown["active_router"]["version"] == 2 and shown["also_version2"]
        assert shown["timers"]["active_down_ms"] == pytest.approx(
            1000 * active_down_interval(100, 2))
    last = lab.tap.select(lambda frame: frame.vrrp, port="gw2", sent=True)[-1].time
    first = lab.tap.advertisement("gw2", 9, after=last)
    assert 0 <= first.time - last - active_down_interval(100, 2) < 0.1


def test_M99_version_2_of_who_speaks_version_3_is_ignored(lab):
    one = lab.router("gw2", 3).start(both(priority=100))
    frames = [advertisement(priority=200), advertisement(version=2, interval=1, priority=50)]
    turns = iter(range(10**9))
    with lab.inject.stream(lambda: frames[next(turns) % 2], 0.05):
        one.await_state("backup")
        time.sleep(1)
        shown = one.show()
        assert shown["active_router"]["priority"] == 200
        assert shown["timers"]["active_down_ms"] == pytest.approx(
            1000 * active_down_interval(100, 0.1))
        counters = one.counters()["router"]
        assert counters["version2_ignored"] > 5 and counters["interval_errors"] == 0
        assert "version 3 only" not in one.log.read_text()


def test_M100_who_speaks_version_3_only_is_reported(lab):
    one = lab.router("gw2", 3).start(both(priority=100))
    with lab.inject.stream(advertisement(priority=200), 0.1):
        one.await_state("backup")
        eventually(lambda: "advertises in version 3 only" in one.log.read_text(), 3, "reported")
        time.sleep(0.5)
    assert one.log.read_text().count("advertises in version 3 only") == 1


@macs
@pytest.mark.parametrize("leader", ["ours", "theirs"])
def test_M96_keepalived_speaks_version_2(lab, leader, mac):
    ours = 200 if leader == "ours" else 50
    one = lab.router("gw2", 3).start(both(priority=ours, advertise="1s", mac=mac))
    other = Keepalived(lab, "gw1", 2).start(version=2, interval=1, priority=100)
    if leader == "ours":
        one.await_state("active", 10)
        eventually(lambda: not other.advertisements(after=time.time() - 2.5), 10, "it yields")
        assert not other.has("192.0.2.1")
        assert one.stop() == 0
        farewell = lab.tap.advertisements("gw2", priority=0)[-1]
        first = lab.tap.advertisement("gw1", 3, after=farewell.time)
        assert first.time - farewell.time < skew_time(100, 1, 2) + 0.2
    else:
        eventually(lambda: one.show()["active_router"], 10, "it is heard")
        assert one.show()["state"] == "backup"
        other.crash()
        one.await_state("active", 6)


def test_two_that_speak_both_and_one_of_each(lab):
    """On the way from 2 to 3: whoever is Active, everybody else hears it."""
    one = lab.router("gw1", 2).start(both(priority=200, advertise="1s"))
    two = lab.router("gw2", 3).start(both(priority=150, advertise="1s"))
    old = lab.router("gw3", 4).start(configuration(version=2, priority=120, advertise="1s"))
    new = lab.router("gw4", 5).start(configuration(version=3, priority=110, advertise="1s"))
    one.await_state("active", 8)
    for router in (two, old, new):
        router.await_state("backup")
    time.sleep(4)
    assert [router.show()["state"] for router in (two, old, new)] == ["backup"] * 3
    one.crash()
    two.await_state("active", 6)
    time.sleep(4)
    assert [router.show()["state"] for router in (two, old, new)] == ["active", "backup", "backup"]


def test_the_IPv6_half_speaks_version_3(lab):
    one = lab.router("gw2", 3).start(both(addresses=[*IPV4, *IPV6]))
    one.await_state("active", family="ipv4")
    one.await_state("active", family="ipv6")
    assert not one.show(family="ipv6")["also_version2"]
    time.sleep(0.3)
    assert {frame.vrrp.version for frame in one.advertisements(family=6)} == {3}
    assert {frame.vrrp.version for frame in one.advertisements(family=4)} == {2, 3}


def test_migration_by_reload(lab):
    """3 → both → 3 disturbs nobody; the Active Router stays."""
    one = lab.router("gw2", 3).start(configuration())
    one.await_state("active")
    mark = lab.tap.mark()
    one.write(both())
    one.ctl("reload")
    lab.tap.wait(lambda frame: frame.vrrp and frame.vrrp.version == 2, 1, since=mark)
    one.write(configuration())
    one.ctl("reload")
    time.sleep(0.3)
    assert not lab.tap.advertisements("gw2", since=mark, priority=0)
    assert one.counters()["router"]["became_active"] == 1
