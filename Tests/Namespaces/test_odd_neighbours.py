"""`mac: virtual`, and others on the LAN are configured wrongly, speak another dialect, or lie.

Each is counted and told, and none of it makes a flood of lines or of advertisements.
"""

import itertools
import time

import pytest

from frames import advertisement, virtual_mac
from lab import eventually
from settings import IPV6, configuration
from test_virtual_mac import frames_from, is_up, macvlans

FORMS = {"rfc9568": {"plain"}, "rfc5798": {"pseudo"}}


def ours(lab, state, **keys):
    one = lab.router("gw1", 2).start(configuration(mac="virtual", **keys))
    if state:
        one.await_state(state)
    return one


def six(**fields):
    return advertisement(**{
        "source": "fe80::9", "addresses": ["fe80::1:1", "2001:db8:1::1"], **fields})


def statistics(one):
    return one.show()["statistics"]


def lines(one, *words):
    return [line for line in one.log.read_text().splitlines()
            if all(word in line for word in words)]


def sends(lab, form, since):
    """Waits for an advertisement of ours with this form; gives it back."""
    return lab.tap.wait(
        lambda frame: frame.vrrp and frame.vrrp.priority in (100, 200)
        and frame.vrrp.checksum == FORMS[form], 3, port="gw1", since=since, what=form)


@pytest.mark.parametrize("form,other", [("rfc5798", "rfc9568"), ("rfc9568", "rfc5798")])
def test_an_active_follows_the_other_checksum_form(lab, form, other):
    """Of a Backup that speaks up because it does not understand ours."""
    one = ours(lab, "active")
    lab.inject(advertisement(source="192.0.2.9", priority=50, checksum=other))
    sends(lab, other, lab.tap.mark())
    counted, mark = statistics(one)["other_checksum_form"], lab.tap.mark()
    for _ in range(3):
        lab.inject(advertisement(source="192.0.2.9", priority=50, checksum=form))
    frame = sends(lab, form, mark)
    assert frame.source_mac == virtual_mac(51)
    time.sleep(0.3)
    last = lab.tap.advertisements("gw1", priority=100)[-1].vrrp
    assert last.checksum == FORMS[form]
    assert statistics(one)["other_checksum_form"] == counted + 1, "the first of them"
    assert len(lines(one, f"sends checksums as {form}", "192.0.2.9")) == 1
    assert one.show()["state"] == "active"


@pytest.mark.parametrize("form", FORMS)
def test_a_backup_takes_over_in_the_form_it_heard(lab, form):
    one = ours(lab, None)
    with lab.inject.stream(
            advertisement(source="192.0.2.9", priority=200, checksum=form), 0.05):
        one.await_state("backup")
        time.sleep(0.5)
        assert one.show()["state"] == "backup"
        assert frames_from(lab, virtual_mac(51), "gw1") == []
    mark = lab.tap.mark()
    one.await_state("active")
    assert sends(lab, form, mark) is lab.tap.advertisements("gw1")[0]
    assert statistics(one)["other_checksum_form"] == (form == "rfc5798")


@pytest.mark.parametrize("form,other", [("rfc9568", "rfc5798"), ("rfc5798", "rfc9568")])
def test_a_fixed_checksum_form_stays_and_hears_both(lab, form, other):
    one = ours(lab, "active", checksum=form)
    for _ in range(3):
        lab.inject(advertisement(source="192.0.2.9", priority=50, checksum=other))
    eventually(lambda: statistics(one)["other_checksum_form"] == 3, 2, "counted")
    time.sleep(0.3)
    assert all(frame.vrrp.checksum == FORMS[form] for frame in lab.tap.advertisements("gw1"))
    assert lines(one, "sends checksums") == []
    with lab.inject.stream(
            advertisement(source="192.0.2.9", priority=200, checksum=other), 0.05):
        one.await_state("backup")


@pytest.mark.parametrize("source,state", [("192.0.2.9", "backup"), ("192.0.2.1", "active")])
def test_equal_priority(lab, source, state):
    """The higher address goes on; either way it is told once. (192.0.2.1 is the virtual one.)"""
    one = ours(lab, "active")
    with lab.inject.stream(advertisement(source=source, priority=100), 0.05):
        one.await_state(state)
        time.sleep(1)
        assert one.show()["state"] == state
        assert any(is_up(link) for link in macvlans(one).values()) == (state == "active")
    assert len(lines(one, "has the same priority 100", source)) == 1
    assert len(lines(one, "→")) <= 3


def test_a_second_owner(lab):
    """An owner's MAC address is its interface's own: `owner` and `mac: virtual` exclude each other.
    The higher address goes on, as between any two of the same priority."""
    one = lab.router("gw1", 2)
    one.ip("addr", "add", "192.0.2.1/24", "dev", "lan0")
    one.start(configuration(priority="owner"))
    one.await_state("active")
    before = statistics(one)["owner_conflicts"]
    for _ in range(20):
        lab.inject(advertisement(source="192.0.2.0", priority=255))
    eventually(lambda: statistics(one)["owner_conflicts"] == before + 20, 2, "counted")
    assert len(lines(one, "claims to own the addresses", "192.0.2.0")) == 1
    assert one.show()["state"] == "active" and one.has("192.0.2.1")


@pytest.mark.parametrize("state", ["active", "backup"])
def test_a_stranger_with_another_vrid(lab, state):
    one = ours(lab, None)
    with lab.inject.stream(advertisement(priority=200), 0.05) if state == "backup" else \
            lab.inject.stream(advertisement(vrid=52, priority=200), 0.05):
        one.await_state(state)
        before, since = one.counters()["global"]["vrid_errors"], one.show()["since"]
        for _ in range(200):
            lab.inject(advertisement(vrid=52, priority=255, addresses=["192.0.2.52"]))
        eventually(lambda: one.counters()["global"]["vrid_errors"] >= before + 200, 2, "counted")
        assert (one.show()["state"], one.show()["since"]) == (state, since)
    assert 1 <= len(lines(one, "discarded", "52")) <= 2


@pytest.mark.parametrize("family", [4, 6])
def test_an_advertisement_from_our_own_address(lab, family):
    """A loop, or a liar: 255 would take the addresses from us."""
    one = ours(lab, "active", **({"addresses": list(IPV6)} if family == 6 else {}))
    since, before = one.show()["since"], statistics(one)["other_discards"]
    frame = advertisement(priority=255) if family == 4 else six(source="fe80::2", priority=255)
    for _ in range(100):
        lab.inject(frame)
    time.sleep(0.3)
    shown = one.show()
    assert (shown["state"], shown["since"]) == ("active", since)
    # For IPv4 it reaches us (`accept_local`); for IPv6 the kernel may have dropped it before.
    counted = shown["statistics"]["other_discards"] - before
    assert counted == 100 if family == 4 else counted in (0, 100)
    assert len(lines(one, "discarded")) == min(counted, 1)


def test_our_own_advertisement_comes_back(lab):
    """A loop in the switches: virtual MAC address, own source, at the wrong port."""
    one = ours(lab, "active")
    echo = lab.tap.advertisement("gw1", 2).data
    since, mark = one.show()["since"], lab.tap.mark()
    for _ in range(100):
        lab.inject(echo)
    eventually(lambda: statistics(one)["other_discards"] >= 100, 2, "counted")
    time.sleep(0.5)
    assert (one.show()["state"], one.show()["since"]) == ("active", since)
    assert len(lines(one, "discarded", "192.0.2.2")) == 1
    assert len(lab.tap.advertisements("gw1", since=mark)) < 15


@pytest.mark.parametrize("state", ["active", "backup"])
def test_the_virtual_mac_at_the_wrong_port(lab, state):
    """What counts is what the packet says: it neither confuses the macvlan nor the router."""
    peer = advertisement(source="192.0.2.9", priority=200)
    one = ours(lab, None)
    with lab.inject.stream(peer if state == "backup" else advertisement(
            source="192.0.2.9", priority=50, interval=100), 0.002):
        one.await_state(state)
        time.sleep(1)
        before, mark = one.show(), lab.tap.mark()
        time.sleep(2)
        after = one.show()
        assert (after["state"], after["since"]) == (state, before["since"])
        heard = (after["statistics"]["advertisements_received"]
                 - before["statistics"]["advertisements_received"])
        assert heard > 200
        sent = lab.tap.advertisements("gw1", since=mark)
        if state == "backup":
            assert frames_from(lab, virtual_mac(51), "gw1", mark) == [] and sent == []
        else:
            # Assertions answer lower priorities: a bounded number, whatever comes in.
            assert 15 <= len(sent) <= 2 * 120 + 30, len(sent)


def test_differences_that_take_turns_do_not_flood_the_log(lab):
    """Each is news compared with the one before: two routers that disagree would never end."""
    one = ours(lab, "active", priority=200)
    before = len(lines(one))
    frames = itertools.cycle([
        advertisement(source="192.0.2.9", priority=50, interval=20, checksum="rfc5798"),
        advertisement(source="192.0.2.8", priority=50, interval=30, addresses=["192.0.2.77"]),
        advertisement(source="192.0.2.7", priority=50, addresses=["192.0.2.78"]),
        advertisement(source="192.0.2.0", priority=200, checksum="rfc5798"),
        advertisement(source="192.0.2.1", priority=200)])
    with lab.inject.stream(lambda: next(frames), 0.002):
        time.sleep(3)
    counted = statistics(one)
    for name in ("interval_errors", "address_list_errors", "other_checksum_form"):
        assert counted[name] > 100, name
    told = len(lines(one)) - before
    # Five of a kind in ten seconds, four kinds, at most two such windows.
    assert 4 <= told <= 40, told
    for words in ("advertises every", "other addresses", "same priority", "checksums as"):
        assert 1 <= len(lines(one, words)) <= 10, words
    assert one.show()["state"] == "active"


def test_the_virtual_address_is_on_the_interface_already(lab):
    """An administrator's, beside a macvlan: two would answer. It is told, and not touched."""
    one = lab.router("gw2", 3)
    one.ip("addr", "add", "192.0.2.1/24", "dev", "lan0")
    one.start(configuration(mac="virtual"))
    one.await_state("active")
    assert len(lines(one, "192.0.2.1/24 is on lan0, too", "remove it there")) == 1
    assert one.stop() == 0
    assert one.installed("lan0").count("192.0.2.1/24") == 1
