"""`mac: virtual`, and somebody else works on the same interfaces: put right at once, five times a
second, counted and told."""

import contextlib
import re
import time

import pytest

from frames import virtual_mac
from lab import eventually, ip
from settings import IPV4, IPV6, bare_address, configuration
from test_virtual_mac import family, frames_from, is_up, macvlans, ours

KINDS = ["v3", "v6"]
ADDRESSES = {"v3": IPV4, "v6": IPV6}


def active(lab, kind="v3", **keys):
    one = ours(lab, "gw1", 2, priority=200, kind=kind, **keys)
    one.await_state("active")
    name, = macvlans(one)
    eventually(lambda: whole(one, name, kind), 2, "whole")
    time.sleep(1.2)  # The announcements are over.
    return one, name


def whole(one, name, kind):
    link = macvlans(one).get(name)
    return bool(link) and is_up(link) and link["address"] == virtual_mac(51, family(kind)) and set(
        one.installed(name)) == set(ADDRESSES[kind])


def restored(one):
    statistics = one.show()["statistics"]
    return statistics["addresses_restored"], statistics["macvlans_restored"]


def told(one, words):
    return len(re.findall(words, one.log.read_text()))


def count_of(kind):
    return len(ADDRESSES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_one_at_a_time(lab, kind):
    one, name = active(lab, kind)
    since, expected = one.show()["since"], [0, 0]
    attacks = [
        *(("addr", "del", address, "dev", name) for address in ADDRESSES[kind]),
        ("link", "set", name, "down"), ("link", "del", name),
        ("link", "set", name, "address", "02:00:00:00:00:77")]
    for words in attacks:
        addresses, links = (1, 0) if words[0] == "addr" else (0, 1)
        mark = lab.tap.mark()
        one.ip(*words)
        for address in [words[2]] if addresses else ADDRESSES[kind]:
            lab.tap.announcement("gw1", 3, since=mark, address=bare_address(address))
        eventually(lambda: whole(one, name, kind), 3, f"whole after {words}")
        expected[0] += addresses
        expected[1] += links
        assert list(restored(one)) == expected, words
        time.sleep(1.1)  # A new second for the budget.
    assert (one.show()["state"], one.show()["since"]) == ("active", since)
    assert told(one, "somebody removed .* put back") == expected[0]
    assert told(one, "somebody removed .* or set it down") == expected[1]


@pytest.mark.parametrize("kind", KINDS)
def test_all_at_once_and_again(lab, kind):
    """Far beyond five a second: it waits, and in the end all is as it should be."""
    one, name = active(lab, kind)
    # `ip addr flush` itself goes on until nothing is left.
    since, lines = one.show()["since"], len(one.log.read_text().splitlines())
    start, mark = time.monotonic(), lab.tap.mark()
    rounds = 0
    while time.monotonic() - start < 1:
        for words in (("addr", "flush", "dev", name), ("link", "set", name, "down"),
                      ("addr", "flush", "dev", name), ("link", "del", name)):
            one.ip(*words, check=False)
        rounds += 1
    took = time.monotonic() - start
    eventually(lambda: whole(one, name, kind), 4, "whole")
    shown = one.show()
    assert (shown["state"], shown["since"]) == ("active", since), "no reason to leave"
    addresses, links = restored(one)
    # Each second that has begun allows five repairs, and one more that waits for the next.
    seconds = int(took) + 4
    assert 1 <= addresses + links <= 6 * seconds * count_of(kind), (rounds, addresses, links)
    assert links >= 1
    assert len(one.log.read_text().splitlines()) - lines <= 6 * seconds * count_of(kind) + 10
    sent = lab.tap.advertisements("gw1", since=mark)
    gaps = [after.time - before.time for before, after in zip(sent, sent[1:])]
    assert len(sent) > 5 and max(gaps) < 0.25, "advertisements need no macvlan"


def test_the_parents_addresses_are_flushed(lab):
    """Without an address of its own it cannot advertise; with one it is back. The macvlan's own
    address is no substitute."""
    one, name = active(lab)
    for _ in range(3):
        one.ip("addr", "flush", "dev", "lan0")
        assert one.await_state("initialize")["reason"]["code"] == "no-source-address"
        eventually(lambda: not is_up(macvlans(one)[name]) and not one.has("192.0.2.1"), 2, "down")
        mark = lab.tap.mark()
        one.ip("addr", "add", "192.0.2.2/24", "dev", "lan0")
        one.await_state("active")
        eventually(lambda: whole(one, name, "v3"), 2, "whole")
        told_first = lab.tap.announcement("gw1", 2, since=mark, address="192.0.2.1")
        assert told_first.announcement.mac == virtual_mac(51)
    # As networkd does it, between two advertisements.
    for _ in range(5):
        one.ip("addr", "flush", "dev", "lan0")
        one.ip("addr", "add", "192.0.2.2/24", "dev", "lan0")
    one.await_state("active")
    eventually(lambda: whole(one, name, "v3"), 3, "whole")
    assert restored(one) == (0, 0), "nobody touched what is ours"


def test_a_backups_macvlan_is_nobodys_to_use(lab):
    one = ours(lab, "gw1", 2, priority=200)
    two = ours(lab, "gw2", 3, priority=100)
    one.await_state("active")
    two.await_state("backup")
    name, = macvlans(two)
    since = two.show()["since"]
    for _ in range(3):
        two.ip("link", "set", name, "up")
        eventually(lambda: not is_up(macvlans(two)[name]), 2, "down again")
        two.ip("link", "del", name)
        eventually(lambda: name in macvlans(two) and not is_up(macvlans(two)[name]), 3, "again")
    assert frames_from(lab, virtual_mac(51), "gw2") == []
    assert two.show()["state"] in ("backup", "initialize")
    two.await_state("backup")
    assert lab.tap.advertisements("gw2") == [] and one.show()["state"] == "active"
    assert two.show()["since"] >= since


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ["active", "backup"])
def test_the_interface_moves_to_another_namespace_and_back(lab, role, kind):
    """The kernel leaves the macvlan behind, on an interface that is elsewhere."""
    other = ours(lab, "gw2", 3, priority=100 if role == "active" else 220, kind=kind)
    one = ours(lab, "gw1", 2, priority=200, kind=kind)
    one.await_state(role)
    elsewhere = lab.namespace("elsewhere")
    for _ in range(2):
        mark = lab.tap.mark()
        one.ip("link", "set", "lan0", "netns", elsewhere)
        assert one.await_state("initialize")["reason"]["code"] == "interface-missing"
        eventually(lambda: macvlans(one) == {}, 3, "no macvlan without its interface")
        assert one.installed("lo") and not one.has(bare_address(ADDRESSES[kind][-1]))
        ip("link", "set", "lan0", "up", namespace=elsewhere)
        other.await_state("active")
        time.sleep(0.3)
        # Nothing of the virtual router leaves from there.
        late = [frame for frame in frames_from(lab, virtual_mac(51, family(kind)), "gw1", mark)
                if frame.time > time.time() - 0.3]
        assert late == []
        ip("link", "set", "lan0", "netns", one.namespace, namespace=elsewhere)
        lab.sysctl(one.namespace, "net.ipv6.conf.lan0.addr_gen_mode=1",
                   "net.ipv6.conf.lan0.accept_dad=0")
        for address in one.addresses:
            with contextlib.suppress(AssertionError):
                nodad = ["nodad"] if ":" in address else []
                one.ip("addr", "add", address, "dev", "lan0", *nodad)
        one.ip("link", "set", "lan0", "up")
        one.await_state(role)
        eventually(lambda: len(macvlans(one)) == 1, 3, "a macvlan again")
        name, = macvlans(one)
        eventually(lambda: whole(one, name, kind) == (role == "active")
                   and is_up(macvlans(one)[name]) == (role == "active"), 3, "as its state wants")
    assert restored(one) == (0, 0), "gone with its interface is no interference"
    other.await_state("backup" if role == "active" else "active")
