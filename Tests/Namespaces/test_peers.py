"""Advertisements to peers one by one, a chosen source, version 2's password, and addresses that are
not advertised or not installed: on the wire, beside keepalived, and across a router."""

import time

import pytest

from frames import advertisement
from lab import active_down_interval, eventually, ip
from peers import Keepalived
from settings import IPV4, IPV6, configuration, entry

OWN = {4: "192.0.2.3", 6: "fe80::3"}
PEER = {4: "192.0.2.2", 6: "fe80::2"}
LISTS = {4: IPV4, 6: IPV6}
families = pytest.mark.parametrize("family", [4, 6])


def peers(family=4, /, **keys):
    return configuration(
        unicast={"gw1": PEER[family], "gw2": OWN[family]}, addresses=list(LISTS[family]), **keys)


def heard(lab, one, source, destination, **fields):
    """One advertisement to the router's own address, as a peer would send it."""
    family = 6 if ":" in source else 4
    addresses = [address.split("/")[0] for address in LISTS[family]]
    lab.inject(advertisement(
        source=source, destination=destination, ethernet_destination=one.mac(),
        ethernet_source="02:00:00:00:00:77", **{"addresses": addresses, **fields}))


@families
@pytest.mark.parametrize("mac", ["interface", "virtual"])
def test_two_routers_without_multicast(lab, family, mac):
    one = lab.router("gw1", 2).start(peers(family, priority=200, mac=mac))
    two = lab.router("gw2", 3).start(peers(family, mac=mac))
    one.await_state("active")
    two.await_state("backup")
    time.sleep(0.5)
    assert two.show()["state"] == "backup"
    assert two.show()["active_router"]["address"] == PEER[family]
    assert two.show()["unicast_peers"] == [PEER[family]]
    mark = lab.tap.mark()
    one.crash()
    two.await_state("active")
    first = lab.tap.advertisement("gw2", since=mark)
    limit = active_down_interval(100, 0.1)
    assert first.time - one.last_word(two).time <= limit + 0.1
    # Its peer does not answer any more, but the kernel still knows where it was.
    frames = lab.tap.advertisements()
    assert {frame.vrrp.destination for frame in frames} == {OWN[family], PEER[family]}
    assert all(frame.vrrp.ttl == 255 and frame.vrrp.tos == 0xC0 for frame in frames)


@families
@pytest.mark.parametrize("leader", ["ours", "theirs"])
def test_keepalived_is_a_unicast_peer(lab, family, leader):
    one = lab.router("gw2", 3)
    # Debian's sends over IPv6 with the system's default hop limit, 64.
    far = {"hops": 191} if family == 6 else {}
    one.start(peers(family, priority=200 if leader == "ours" else 50, **far))
    other = Keepalived(lab, "gw1", 2).start(
        unicast=OWN[family], addresses=LISTS[family], priority=100)
    if leader == "ours":
        one.await_state("active")
        # Once both have the same checksum, theirs yields and stays silent.
        eventually(lambda: not other.advertisements(after=time.time() - 0.5), 8, "it yields")
        mark = lab.tap.mark()
        one.crash()
        lab.tap.advertisement("gw1", since=mark)
    else:
        one.await_state("backup")
        eventually(lambda: one.show()["active_router"], 5, "it is heard")
        time.sleep(0.5)
        assert one.show()["state"] == "backup"
        other.crash()
        one.await_state("active")


def test_a_stranger_and_the_group_are_not_obeyed(lab):
    one = lab.router("gw2", 3).start(peers())
    one.await_state("active")
    heard(lab, one, "192.0.2.77", OWN[4], priority=254)
    lab.inject(advertisement(source=PEER[4], priority=254))
    eventually(lambda: one.counters()["router"]["other_discards"] >= 2, 3, "both are counted")
    assert one.show()["state"] == "active"
    assert "not one of the configured peers" in one.log.read_text()
    heard(lab, one, PEER[4], OWN[4], priority=254)
    one.await_state("backup", 1)


def test_unicast_to_a_router_that_uses_the_group_is_not_obeyed(lab):
    one = lab.router("gw2", 3).start(configuration())
    one.await_state("active")
    heard(lab, one, PEER[4], OWN[4], priority=254)
    eventually(lambda: one.counters()["router"]["other_discards"] == 1, 3, "it is counted")
    assert one.show()["state"] == "active"


def test_hops_from_the_wire(lab):
    one = lab.router("gw2", 3).start(peers(hops=2))
    one.await_state("active")
    heard(lab, one, PEER[4], OWN[4], priority=254, ttl=252)
    eventually(lambda: one.counters()["router"]["ttl_errors"] == 1, 3, "TTL 252 is counted")
    assert one.show()["state"] == "active"
    heard(lab, one, PEER[4], OWN[4], priority=254, ttl=253)
    one.await_state("backup", 1)


def across(lab, **keys):
    """gw1 on the LAN; gw2 behind a router of the LAN. Both know a route to the other."""
    far = "198.51.100"
    middle = lab.namespace("middle")
    lab.attach(middle, "middle", addresses=["192.0.2.9/24"])
    one = lab.router("gw1", 2)
    two = lab.router("gw2", 3, attach=False)
    ip("link", "add", "lan0", "netns", two.namespace, "type", "veth", "peer", "name", "far",
       "netns", middle)
    two.ip("addr", "add", f"{far}.3/24", "dev", "lan0")
    two.ip("link", "set", "lan0", "up")
    ip("addr", "add", f"{far}.9/24", "dev", "far", namespace=middle)
    ip("link", "set", "far", "up", namespace=middle)
    one.ip("route", "add", f"{far}.0/24", "via", "192.0.2.9")
    two.ip("route", "add", "default", "via", f"{far}.9")
    settings = configuration(
        unicast={"gw1": "192.0.2.2", "gw2": f"{far}.3"}, addresses=["203.0.113.1/32"], **keys)
    one.start({**settings, "routers": {"lan": {**settings["routers"]["lan"], "priority": 200}}})
    two.start(settings)
    return one, two


def test_a_peer_behind_a_router(lab):
    one, two = across(lab, hops=1)
    one.await_state("active")
    two.await_state("backup")
    time.sleep(0.6)
    assert two.show()["state"] == "backup"
    assert two.show()["active_router"]["address"] == "192.0.2.2"
    assert one.stop() == 0
    two.await_state("active", 1)
    assert two.show()["reason"]["code"] == "priority-zero"


def test_a_peer_behind_a_router_that_is_not_allowed(lab):
    one, two = across(lab)
    one.await_state("active")
    two.await_state("active")
    assert two.counters()["router"]["ttl_errors"] > 0
    assert "TTL or Hop Limit 254 instead of 255" in two.log.read_text()


# Source


def test_a_chosen_source(lab):
    one = lab.router("gw2", 3)
    one.start(configuration(source={"gw1": "192.0.2.2", "gw2": "192.0.2.30"}))
    assert one.show()["reason"]["code"] == "no-source-address"
    assert "192.0.2.30" in one.show()["reason"]["text"]
    one.ip("addr", "add", "192.0.2.30/24", "dev", "lan0")
    one.await_state("active")
    assert {frame.vrrp.source for frame in one.advertisements()} == {"192.0.2.30"}
    assert one.show()["source"] == "192.0.2.30"
    mark = lab.tap.mark()
    one.ip("addr", "del", "192.0.2.30/24", "dev", "lan0")
    one.await_state("initialize")
    time.sleep(0.3)
    assert one.show()["reason"]["code"] == "no-source-address"
    assert not [one for one in lab.tap.advertisements("gw2", since=mark) if one.vrrp.priority]


def test_a_chosen_source_over_IPv6(lab):
    one = lab.router("gw2", 3)
    one.ip("addr", "add", "fe80::30/64", "dev", "lan0", "nodad")
    one.start(configuration(source="fe80::30", addresses=list(IPV6), mac="virtual"))
    one.await_state("active")
    assert {frame.vrrp.source for frame in one.advertisements()} == {"fe80::30"}


# Version 2's password


@pytest.mark.parametrize("leader", ["ours", "theirs"])
def test_V2_keepalived_has_the_same_password(lab, leader):
    ours = 200 if leader == "ours" else 50
    one = lab.router("gw2", 3)
    one.start(configuration(version=2, advertise="1s", priority=ours,
                            authentication={"text": "sesame"}))
    other = Keepalived(lab, "gw1", 2).start(version=2, interval=1, priority=100, password="sesame")
    if leader == "ours":
        frame = lab.tap.advertisement("gw2", 6)
        assert frame.vrrp.auth_type == 1 and frame.vrrp.message[-8:] == b"sesame\0\0"
        time.sleep(2)
        assert one.show()["state"] == "active"
        eventually(lambda: not other.advertisements(after=time.time() - 2.5), 8, "it yields")
    else:
        eventually(lambda: one.show()["active_router"], 8, "it is heard")
        assert one.counters()["router"]["authentication_errors"] == 0
    shown = one.ctl("show", "lan").stdout + one.ctl("--json", "show").stdout
    assert "sesame" not in shown + one.log.read_text()


@pytest.mark.parametrize("secret", [None, "simsim"])
def test_V2_keepalived_has_another_password(lab, secret):
    one = lab.router("gw2", 3)
    one.start(configuration(version=2, advertise="1s", authentication={"text": "sesame"}))
    Keepalived(lab, "gw1", 2).start(version=2, interval=1, priority=200, password=secret)
    eventually(lambda: one.counters()["router"]["authentication_errors"] >= 1, 10, "counted")
    one.await_state("active", 10)
    assert ("authentication type 0" if secret is None else "password") in one.log.read_text()


# Kinds of addresses


@pytest.mark.parametrize("mac", ["interface", "virtual"])
def test_unadvertised_and_external_addresses(lab, mac):
    one = lab.router("gw2", 3)
    one.start(configuration(
        mac=mac, unadvertised=["192.0.2.50/24", "192.0.2.51/24"], external=["203.0.113.7/32"]))
    shown = one.await_state("active")
    eventually(lambda: one.has("192.0.2.51"), 2, "installed")
    assert one.advertisements()[-1].vrrp.addresses == ["192.0.2.1", "203.0.113.7"]
    assert one.has("192.0.2.1") and one.has("192.0.2.50") and not one.has("203.0.113.7")
    lab.tap.announcement("gw2", address="192.0.2.50")
    assert not lab.tap.announcements("gw2", address="203.0.113.7")
    shown = {entry["address"]: entry for entry in one.show()["addresses"]}
    assert shown["192.0.2.50/24"]["kind"] == "unadvertised"
    assert shown["192.0.2.50/24"]["installed"]
    assert shown["203.0.113.7/32"]["kind"] == "external"
    assert not shown["203.0.113.7/32"]["wanted"]
    assert one.stop() == 0
    assert not one.has("192.0.2.1") and not one.has("192.0.2.50")


def test_only_external_addresses_need_no_macvlan(lab):
    settings = configuration(external=["203.0.113.7/32"])
    for key in ("addresses", "mac"):
        del settings["routers"]["lan"][key]
    one = lab.router("gw2", 3).start(settings)
    one.await_state("active")
    assert one.advertisements()[-1].vrrp.addresses == ["203.0.113.7"]
    assert "macvlan" not in one.ip("-d", "link").stdout


def test_peers_that_do_not_answer_hold_nobody_up(lab):
    """What waits for their MAC addresses fills no buffer that others send from."""
    one = lab.router("gw2", 3)
    lab.attach(one.namespace, "wan", "wan0", ["198.51.100.2/24"])
    dead = entry(
        interface="wan0", vrid=77, addresses=["198.51.100.1/24"], advertise="10ms",
        source="198.51.100.2", unicast=[f"198.51.100.{number}" for number in range(11, 27)])
    one.start(configuration(others={"dead": dead}))
    one.await_state("active", name="dead")
    one.await_state("active")
    mark = lab.tap.mark()
    time.sleep(4)
    times = [frame.time for frame in lab.tap.advertisements("gw2", since=mark)]
    assert max(later - earlier for earlier, later in zip(times, times[1:])) < 0.2
    assert one.show()["statistics"]["transmit_errors"] == 0
