"""Packets that must move nothing: M5, M11, M12, M16, M18, M57, M58, M59, M61, M62, M67, V1, V2, V4.

Each would win the election if it were taken seriously.
"""

import itertools
import time

import pytest

from frames import advertisement
from lab import active_down_interval
from settings import IPV6, configuration


def three(**fields):
    return advertisement(**{"priority": 200, **fields})


def two(**fields):
    return advertisement(**{"version": 2, "priority": 200, "interval": 1, **fields})


def six(**fields):
    return advertisement(**{
        "source": "fe80::2", "priority": 200, "addresses": ["fe80::1:1", "2001:db8:1::1"],
        **fields})


VERSION_3 = {
    "ttl254": (three(ttl=254), "ttl_errors"),
    "ttl1": (three(ttl=1), "ttl_errors"),
    "version4": (three(version=4), "version_errors"),
    "version9": (three(version=9), "version_errors"),
    "version2": (two(), "version_errors"),
    "type0": (three(kind=0), "type_errors"),
    "type2": (three(kind=2), "type_errors"),
    "count0": (three(count=0, addresses=[]), None),
    "count-lie": (three(count=9), "length_errors"),
    "count-short": (three(count=1, addresses=["192.0.2.1", "192.0.2.20"]), "length_errors"),
    "trailing": (three(trailing=bytes(8)), "length_errors"),
    "checksum": (three(checksum=0x1234), "checksum_errors"),
    "unknown-vrid": (three(vrid=52), "vrid_errors"),
    "interval0": (three(interval=0), None),
}
VERSION_2 = {
    "ttl254": (two(ttl=254), "ttl_errors"),
    "version3": (three(interval=100), "version_errors"),
    "type2": (two(kind=2), "type_errors"),
    "count-lie": (two(count=9), "length_errors"),
    "no-trailer": (two(keep=12, checksum="rfc3768"), "length_errors"),
    "checksum": (two(checksum=0x1234), "checksum_errors"),
    "auth-unknown": (two(auth_type=3), "authentication_errors"),
    "auth-simple": (two(auth_type=1, auth_data=b"secret12"), "authentication_errors"),
    "interval": (two(interval=2), "interval_errors"),
    "unknown-vrid": (two(vrid=52), "vrid_errors"),
}
IPV6_CASES = {
    "hop-limit": (six(ttl=254), "ttl_errors"),
    "version2": (six(version=2), None),
    "no-pseudo-header": (six(checksum="plain"), "checksum_errors"),
    "unknown-vrid": (six(vrid=52), "vrid_errors"),
    "count-lie": (six(count=7), "length_errors"),
}
KINDS = {
    "v3": (VERSION_3, three, dict()),
    "v6": (IPV6_CASES, six, dict(addresses=list(IPV6))),
    "v2": (VERSION_2, two, dict(version=2, advertise="1s")),
}


def discards(counters):
    return sum(
        value for key, value in counters.items() if key.endswith("_errors") or "discard" in key)


def check_counted(one, name, frame, counter, lab):
    before = one.counters()
    lab.inject(frame)
    deadline = time.monotonic() + 2
    while True:
        after = one.counters()
        grown = {
            scope: (after[scope].get(counter, 0) - before[scope].get(counter, 0)) if counter
            else discards(after[scope]) - discards(before[scope])
            for scope in before}
        if 1 in grown.values():
            return
        assert time.monotonic() < deadline, f"{name} not counted as {counter}: {before} {after}"
        time.sleep(0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_an_active_is_unmoved_and_counts(lab, kind):
    cases, _, keys = KINDS[kind]
    one = lab.router("gw2", 3).start(configuration(**keys))
    one.await_state("active", 8)
    since = one.show()["since"]
    for name, (frame, counter) in cases.items():
        check_counted(one, name, frame, counter, lab)
        shown = one.show()
        assert (shown["state"], shown["since"]) == ("active", since), name


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_is_unmoved_and_counts(lab, kind):
    cases, make, keys = KINDS[kind]
    interval = 1 if kind == "v2" else 0.1
    one = lab.router("gw2", 3).start(configuration(**keys))
    with lab.inject.stream(make(), interval / 2):
        one.await_state("backup")
        time.sleep(interval)
        shown = one.show()
        for name, (frame, counter) in cases.items():
            check_counted(one, name, frame, counter, lab)
        after = one.show()
        assert after["since"] == shown["since"]
        assert after["active_router"]["priority"] == 200
        assert after["active_router"]["advertise_ms"] == interval * 1000


def test_M62_malformed_packets_do_not_hold_a_takeover_back(lab):
    """They arrive in place of the Active's own; the timer runs on as if there were silence."""
    one = lab.router("gw2", 3).start(configuration())
    with lab.inject.stream(three(), 0.1):
        one.await_state("backup")
        time.sleep(0.5)
    good = lab.tap.select(
        lambda frame: frame.vrrp and frame.vrrp.priority == 200, port="gw2", sent=True)[-1]
    bad = itertools.cycle(frame for frame, _ in VERSION_3.values())
    with lab.inject.stream(lambda: next(bad), 0.01):
        first = lab.tap.advertisement("gw2", 2, after=good.time)
    limit = active_down_interval(100, 0.1)
    assert limit - 0.001 <= first.time - good.time <= limit + 0.1


def test_M57_every_truncation_is_discarded(lab):
    one = lab.router("gw2", 3).start(configuration())
    one.await_state("active")
    before = one.counters()
    whole = 12
    for keep in range(whole):
        lab.inject(three(keep=keep))
    time.sleep(0.3)
    after = one.counters()
    assert one.show()["state"] == "active"
    assert whole in [
        discards(after[scope]) - discards(before[scope]) for scope in before], (before, after)


def test_M58_every_flipped_bit_is_discarded(lab):
    one = lab.router("gw2", 3).start(configuration())
    one.await_state("active")
    since, before, bits = one.show()["since"], one.counters(), 12 * 8
    for bit in range(bits):
        lab.inject(three(flip=bit))
    time.sleep(0.5)
    after, shown = one.counters(), one.show()
    assert (shown["state"], shown["since"]) == ("active", since)
    assert bits in [
        discards(after[scope]) - discards(before[scope]) for scope in before], (before, after)


def test_fifty_malformed_packets_a_second_cost_no_advertisement(lab):
    """What silences keepalived: an Active that lets any packet restart its timer."""
    one = lab.router("gw1", 2).start(configuration(priority=200))
    two = lab.router("gw2", 3).start(configuration(priority=100))
    one.await_state("active")
    two.await_state("backup")
    mark = lab.tap.mark()
    bad = itertools.cycle(
        frame for name, (frame, _) in VERSION_3.items() if name not in ("version2",))
    with lab.inject.stream(lambda: next(bad), 0.02):
        time.sleep(3)
    mine = lab.tap.advertisements("gw1", since=mark)
    gaps = [after.time - before.time for before, after in zip(mine, mine[1:])]
    assert len(mine) >= 28 and max(gaps) < 0.19, (len(mine), max(gaps))
    assert lab.tap.advertisements("gw2", since=mark) == []
    assert two.show()["state"] == "backup"


def test_M63_a_flood_of_malformed_packets_does_not_flood_the_log(lab):
    one = lab.router("gw2", 3).start(configuration())
    one.await_state("active")
    before, size = one.counters(), len(one.log.read_text().splitlines())
    for _ in range(1000):
        lab.inject(three(checksum=0x1234))
    time.sleep(0.5)
    after = one.counters()
    assert 1000 in [
        after[scope].get("checksum_errors", 0) - before[scope].get("checksum_errors", 0)
        for scope in before]
    assert len(one.log.read_text().splitlines()) - size <= 20
    assert one.show()["state"] == "active"
