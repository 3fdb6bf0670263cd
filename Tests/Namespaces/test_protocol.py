"""Rows of the requirement matrix of RFC 9568 and RFC 3768, seen from outside.

One router of ours (192.0.2.3, fe80::3) is alone on the LAN; its peer is frames that we make.
"""

import statistics
import time

import pytest

from frames import advertisement, arp_request, virtual_mac
from lab import active_down_interval, skew_time
from settings import IPV6, configuration

LATE = 0.1  # Seconds a shared machine may be late where the text says "at once" or "then".
AT_ONCE = 0.05


def router(lab, **keys):
    return lab.router("gw2", 3).start(configuration(**keys))


def alone(lab, **keys):
    """Active, with the first burst of announcements still going on."""
    one = router(lab, **keys)
    one.await_state("active", 15)
    return one


def six(**fields):
    return advertisement(**{
        "source": "fe80::2", "addresses": ["fe80::1:1", "2001:db8:1::1"], **fields})


def last_sent(lab, node="gw2"):
    """When the LAN last delivered an injected advertisement to the router."""
    return lab.tap.select(lambda frame: frame.vrrp, port=node, sent=True)[-1].time


def follow(lab, one, frame, every=0.1, during=0.7):
    """Keeps the router in Backup for a while; gives the time of the last advertisement."""
    with lab.inject.stream(frame, every):
        one.await_state("backup")
        time.sleep(during)
        assert one.show()["state"] == "backup"
    return last_sent(lab)


def test_M1_M2_M4_M6_M11_M17_M19_an_advertisement_over_IPv4(lab):
    alone(lab)
    frame = lab.tap.advertisements("gw2")[-1]
    packet = frame.vrrp
    assert (packet.source, packet.destination, packet.ttl) == ("192.0.2.3", "224.0.0.18", 255)
    assert frame.destination_mac == "01:00:5e:00:00:12"
    assert (packet.version, packet.kind, packet.vrid, packet.reserve) == (3, 1, 51, 0)
    assert (packet.priority, packet.interval, packet.addresses) == (100, 10, ["192.0.2.1"])
    assert packet.checksum == {"plain"} and packet.tos == 0xC0
    assert len(packet.message) == 12


def test_M7_M8_M9_M10_M21_an_advertisement_over_IPv6(lab):
    alone(lab, addresses=list(IPV6))
    frame = lab.tap.advertisements("gw2")[-1]
    packet = frame.vrrp
    assert (packet.source, packet.destination, packet.ttl) == ("fe80::3", "ff02::12", 255)
    assert frame.destination_mac == "33:33:00:00:00:12"
    assert packet.addresses == ["fe80::1:1", "2001:db8:1::1"]
    assert packet.checksum == {"pseudo"} and packet.reserve == 0


def test_V1_V2_V3_V4_V11_an_advertisement_of_version_2(lab):
    alone(lab, version=2, advertise="1s")
    packet = lab.tap.advertisements("gw2")[-1].vrrp
    assert (packet.version, packet.kind, packet.ttl, packet.interval) == (2, 1, 255, 1)
    assert packet.auth_type == 0 and packet.message[-8:] == bytes(8)
    assert packet.checksum == {"rfc3768"} and len(packet.message) == 20


def test_M1_the_source_stays_the_primary_address(lab):
    one = alone(lab)
    one.ip("addr", "add", "192.0.2.30/24", "dev", "lan0")
    mark = lab.tap.mark()
    time.sleep(0.4)
    assert {frame.vrrp.source for frame in lab.tap.advertisements("gw2", since=mark)} == {
        "192.0.2.3"}


def test_M30_a_router_that_is_not_owner_waits_its_own_down_interval(lab):
    one = router(lab)
    first = lab.tap.advertisement("gw2", 3)
    waited, limit = first.time - one.started, active_down_interval(100, 0.1)
    assert limit - 0.001 <= waited <= limit + 0.4


def test_M31_a_backup_answers_no_arp_and_an_active_does_M43(lab):
    one = router(lab)
    follow(lab, one, advertisement(priority=200), during=0.2)
    with lab.inject.stream(advertisement(priority=200), 0.1):
        one.await_state("backup")
        mark = lab.tap.mark()
        lab.inject(arp_request("192.0.2.1"))
        time.sleep(0.3)
        assert not lab.tap.select(lambda one: one.arp and one.arp[0] == 2, since=mark, port="gw2")
    one.await_state("active")
    mark = lab.tap.mark()
    lab.inject(arp_request("192.0.2.1"))
    reply = lab.tap.wait(
        lambda frame: frame.arp and frame.arp[0] == 2 and frame.arp[2] == "192.0.2.1", 2,
        since=mark, port="gw2")
    assert reply.arp[1] == one.mac()


def test_M36_a_backup_leaves_in_silence(lab):
    one = router(lab)
    with lab.inject.stream(advertisement(priority=200), 0.1):
        one.await_state("backup")
        mark = lab.tap.mark()
        assert one.stop() == 0
        time.sleep(0.3)
    assert lab.tap.advertisements("gw2", since=mark) == []


@pytest.mark.parametrize("family", [4, 6])
def test_M37_takeover_at_the_down_interval_then_announcements(lab, family):
    make = advertisement if family == 4 else six
    virtual = ["192.0.2.1", "192.0.2.20"] if family == 4 else ["fe80::1:1", "2001:db8:1::1"]
    one = router(lab, addresses=[f"{each}/{24 if family == 4 else 64}" for each in virtual])
    last = follow(lab, one, make(priority=200, addresses=virtual))
    first = lab.tap.advertisement("gw2", 2, after=last)
    limit = active_down_interval(100, 0.1)
    assert limit - 0.001 <= first.time - last <= limit + LATE
    for address in virtual:
        told = lab.tap.announcement("gw2", 2, after=last, address=address)
        assert told.time >= first.time
        assert told.announcement.mac == told.source_mac == one.mac()
        if family == 6:
            assert told.announcement.flags == 5  # Router and override, unsolicited.
        else:
            assert told.announcement.operation == 1 and told.destination_mac == "ff:ff:ff:ff:ff:ff"


@pytest.mark.parametrize("family", [4, 6])
def test_M39_priority_zero_means_takeover_after_skew_time(lab, family):
    make = advertisement if family == 4 else six
    one = router(lab, **({} if family == 4 else {"addresses": list(IPV6)}))
    with lab.inject.stream(make(priority=200), 0.1):
        one.await_state("backup")
        time.sleep(0.5)
    lab.inject(make(priority=0))
    first = lab.tap.advertisement("gw2", 2, after=last_sent(lab))
    waited, skew = first.time - last_sent(lab), skew_time(100, 0.1)
    assert skew - 0.001 <= waited <= skew + LATE
    assert one.show()["statistics"]["priority_zero_received"] == 1


def test_M40_a_backup_learns_the_interval(lab):
    one = router(lab)
    last = follow(lab, one, advertisement(priority=200, interval=40), every=0.1)
    assert one.show()["active_router"]["advertise_ms"] == 400
    first = lab.tap.advertisement("gw2", 4, after=last)
    limit = active_down_interval(100, 0.4)
    assert limit - 0.001 <= first.time - last <= limit + LATE
    mark = lab.tap.mark()
    time.sleep(0.65)
    assert len(lab.tap.advertisements("gw2", since=mark)) >= 5  # Its own interval when Active.


def test_M41_without_preemption_a_lower_priority_is_followed(lab):
    one = router(lab, priority=200, preempt=False)
    follow(lab, one, advertisement(priority=50), during=2)
    assert lab.tap.advertisements("gw2") == []


def test_M42_with_preemption_a_lower_priority_does_not_restart_the_timer(lab):
    one = lab.router("gw2", 3)
    with lab.inject.stream(advertisement(priority=50, interval=400), 0.05):
        one.start(configuration(priority=200))
        first = lab.tap.advertisement("gw2", 3)
    waited, limit = first.time - one.started, active_down_interval(200, 0.1)
    assert limit - 0.001 <= waited <= limit + 0.4


def test_M15_M48_sigterm_of_an_active_sends_one_priority_zero(lab):
    one = alone(lab)
    mark = lab.tap.mark()
    assert one.stop() == 0
    time.sleep(0.3)
    priorities = [frame.vrrp.priority for frame in lab.tap.advertisements("gw2", since=mark)]
    assert priorities.count(0) == 1 and priorities[-1] == 0
    assert not one.has("192.0.2.1")
    assert one.has("192.0.2.3")


@pytest.mark.parametrize("milliseconds,count", [(100, 50), (10, 200), (1000, 5)])
def test_M49_advertisements_keep_their_spacing(lab, milliseconds, count):
    alone(lab, advertise=f"{milliseconds}ms")
    mark, interval = lab.tap.mark(), milliseconds / 1000
    time.sleep(interval * (count + 1.5))
    times = [frame.time for frame in lab.tap.advertisements("gw2", since=mark)]
    gaps = [after - before for before, after in zip(times, times[1:])]
    print(f"{milliseconds} ms: mean {statistics.mean(gaps) * 1000:.3f} ms,"
          f" worst {max(gaps) * 1000:.3f} ms of {len(gaps)}")
    assert len(gaps) >= count * 0.9
    assert statistics.mean(gaps) == pytest.approx(interval, rel=0.02, abs=0.0005)


def test_M50_priority_zero_from_another_is_answered_at_once(lab):
    alone(lab, advertise="500ms")
    beat = lab.tap.advertisement("gw2", 2, after=time.time())
    time.sleep(0.2)
    lab.inject(advertisement(priority=0, interval=50))
    answer = lab.tap.advertisement("gw2", 1, after=beat.time)
    assert answer.time - last_sent(lab) < AT_ONCE
    following = lab.tap.advertisement("gw2", 1, after=answer.time)
    assert following.time - answer.time == pytest.approx(0.5, abs=LATE)
    assert answer.time - beat.time < 0.4


@pytest.mark.parametrize("family,checksum", [(4, "rfc9568"), (4, "rfc5798"), (6, "rfc9568")])
def test_M51_an_active_yields_to_higher_priority_in_silence(lab, family, checksum):
    make = advertisement if family == 4 else six
    one = alone(lab, **({} if family == 4 else {"addresses": list(IPV6)}))
    with lab.inject.stream(make(priority=200, checksum=checksum), 0.1):
        shown = one.await_state("backup")
        assert shown["reason"]["code"] == "higher-priority"
        time.sleep(0.05)
        mark = lab.tap.mark()
        time.sleep(0.4)
        assert lab.tap.advertisements("gw2", since=mark) == []
        assert not one.has("192.0.2.1" if family == 4 else "2001:db8:1::1")
    assert lab.tap.advertisements("gw2", priority=0) == []


@pytest.mark.parametrize("source,yields", [
    ("192.0.2.4", True), ("192.0.2.2", False), ("200.0.0.1", True)],
    ids=["higher", "lower", "unsigned"])
def test_M52_the_higher_address_wins_a_tie(lab, source, yields):
    one = alone(lab)
    with lab.inject.stream(advertisement(source=source, priority=100), 0.1):
        if yields:
            assert one.await_state("backup")["reason"]["code"] == "higher-address"
        time.sleep(0.5)
        assert one.show()["state"] == ("backup" if yields else "active")


@pytest.mark.parametrize("source,yields", [("fe80::4", True), ("fe80::2", False)])
def test_M52_the_higher_link_local_address_wins_a_tie(lab, source, yields):
    one = alone(lab, addresses=list(IPV6))
    with lab.inject.stream(six(source=source, priority=100), 0.1):
        time.sleep(0.5)
        assert one.show()["state"] == ("backup" if yields else "active")


def test_M53_the_winners_interval_is_adopted(lab):
    one = alone(lab)
    lab.inject(advertisement(priority=200, interval=30))
    one.await_state("backup", 0.5)
    first = lab.tap.advertisement("gw2", 3, after=last_sent(lab) + 0.05)
    limit = active_down_interval(100, 0.3)
    assert limit - 0.001 <= first.time - last_sent(lab) <= limit + LATE


def test_M54_lower_priority_is_answered_at_once(lab):
    one = alone(lab, advertise="1s")
    beat = lab.tap.advertisement("gw2", 2, after=time.time())
    time.sleep(0.4)
    lab.inject(advertisement(priority=50, interval=100))
    answer = lab.tap.advertisement("gw2", 1, after=beat.time)
    assert 0 < answer.time - last_sent(lab) < AT_ONCE
    assert one.show()["state"] == "active"


def test_M54_a_flood_of_lower_priority_is_answered_at_a_bounded_rate(lab):
    one = alone(lab)
    mark = lab.tap.mark()
    with lab.inject.stream(advertisement(priority=50), 0.001):
        time.sleep(2)
    sent = lab.tap.advertisements("gw2", since=mark)
    assert 20 <= len(sent) <= 2 * 120 + 30, len(sent)
    gaps = [after.time - before.time for before, after in zip(sent, sent[1:])]
    assert max(gaps) < 0.2
    assert one.show()["state"] == "active"


def test_V8_version_2_answers_nothing_to_lower_priority(lab):
    alone(lab, version=2, advertise="1s")
    beat = lab.tap.advertisement("gw2", 2, after=time.time())
    time.sleep(0.2)
    lab.inject(advertisement(version=2, priority=50, interval=1))
    following = lab.tap.advertisement("gw2", 2, after=beat.time)
    assert following.time - beat.time == pytest.approx(1, abs=LATE)


def test_M55_an_active_without_preemption_still_yields(lab):
    one = alone(lab, preempt=False)
    with lab.inject.stream(advertisement(priority=200), 0.1):
        one.await_state("backup")


def test_M65_another_interval_is_counted_and_processed(lab):
    one = alone(lab)
    lab.inject(advertisement(priority=200, interval=4095))
    shown = one.await_state("backup")
    assert shown["statistics"]["interval_errors"] == 1
    assert shown["active_router"]["advertise_ms"] == 40950


def test_M66_another_address_list_is_counted_and_processed(lab):
    one = alone(lab)
    lab.inject(advertisement(priority=200, addresses=["192.0.2.77"]))
    assert one.await_state("backup")["statistics"]["address_list_errors"] == 1


def test_M17_reserved_bits_are_ignored(lab):
    one = alone(lab)
    lab.inject(advertisement(priority=200, reserve=15, interval=20))
    assert one.await_state("backup")["active_router"]["advertise_ms"] == 200


@pytest.mark.parametrize("version", [2, 3])
def test_M68_ipv4_options_are_skipped(lab, version):
    one = alone(lab, version=version, advertise="1s")
    lab.inject(advertisement(
        version=version, priority=200, interval=1 if version == 2 else 100,
        options=b"\x94\x04\0\0"))
    one.await_state("backup")


def test_V3_authentication_data_is_ignored(lab):
    one = alone(lab, version=2, advertise="1s")
    lab.inject(advertisement(version=2, priority=200, interval=1, auth_data=b"whatever"))
    one.await_state("backup")


def test_V5_another_list_counts_only_from_the_owner(lab):
    one = alone(lab, version=2, advertise="1s")
    other = dict(version=2, interval=1, addresses=["192.0.2.10"])
    lab.inject(advertisement(priority=200, **other))
    time.sleep(0.3)
    assert one.show()["state"] == "active"
    assert one.show()["statistics"]["address_list_errors"] == 1
    lab.inject(advertisement(priority=255, **other))
    one.await_state("backup")


def test_V6_an_owner_of_version_2_listens_to_nobody(lab):
    one = lab.router("gw2", 3)
    one.ip("addr", "add", "192.0.2.1/24", "dev", "lan0")
    one.start(configuration(version=2, advertise="1s", priority="owner"))
    one.await_state("active")
    lab.inject(advertisement(version=2, priority=255, interval=1, source="192.0.2.9"))
    time.sleep(0.5)
    assert one.show()["state"] == "active"


def test_V7_skew_time_of_version_2_is_seconds(lab):
    one = router(lab, version=2, advertise="2s")
    last = follow(lab, one, advertisement(version=2, priority=200, interval=2), every=0.5)
    first = lab.tap.advertisement("gw2", 9, after=last)
    limit = active_down_interval(100, 2, version=2)
    assert limit - 0.001 <= first.time - last <= limit + LATE


def test_M27_both_families_of_one_vrid_are_independent(lab):
    one = router(lab, addresses=["192.0.2.1/24", *IPV6])
    one.await_state("active", family="ipv4")
    one.await_state("active", family="ipv6")
    with lab.inject.stream(six(priority=200), 0.1):
        one.await_state("backup", family="ipv6")
        time.sleep(0.4)
        assert one.show(family="ipv4")["state"] == "active"
        assert one.has("192.0.2.1") and not one.has("2001:db8:1::1")


def test_the_virtual_mac_is_never_used_with_mac_interface(lab):
    one = alone(lab)
    time.sleep(0.5)
    assert {frame.source_mac for frame in lab.tap.advertisements("gw2")} == {one.mac()}
    assert not lab.tap.select(lambda frame: frame.source_mac == virtual_mac(51), port="gw2")
