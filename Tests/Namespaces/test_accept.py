"""`accept: false`: packets to the virtual addresses are dropped, neighbour discovery is not."""

import json
import time

import pytest

from accepting import (
    KINDS, closed, dropped, echo_request, family, host, known_stranger, neighbour, nft, ping,
    reaches, router, ruleset, sent_from)
from frames import packed, virtual_mac
from lab import eventually, ip, run
from settings import bare_address


@pytest.mark.parametrize("mac", ["virtual", "interface"])
@pytest.mark.parametrize("kind", KINDS)
def test_M26_M47_V9_only_the_neighbour_is_answered(lab, kind, mac):
    one, other = router(lab, "gw1", 2, closed(kind, mac=mac)), host(lab)
    one.await_state("active", 8)
    where = virtual_mac(51, family(kind)) if mac == "virtual" else one.mac()
    for address in map(bare_address, KINDS[kind]["addresses"]):
        eventually(lambda: one.has(address), 2)
        before = dropped(one)
        assert not reaches(other, address)
        assert dropped(one) > before
        assert neighbour(other, address)["lladdr"] == where
        # Asked again, this time directly.
        other.ip("neigh", "change", address, "lladdr", where, "nud", "probe", "dev", "lan0")
        eventually(lambda: neighbour(other, address)["state"] == ["REACHABLE"], 4, "found again")
        # From itself, through the loopback interface.
        own = json.loads(one.ip("-j", "route", "get", bare_address(address)).stdout)[0]["dev"] \
            if not address.startswith("fe80") else None
        assert own in (None, "lo")
        if own:
            assert ping(one, address)
    for address in ("192.0.2.2", "fe80::2", "2001:db8:1::2"):
        assert reaches(other, address), address
    assert one.show()["accept"] is False
    assert one.stop() == 0
    assert ruleset(one) == ""


def far_host(lab, one):
    """A host behind the router, on a cable of its own."""
    far = lab.namespace("far")
    ip("link", "add", "far0", "netns", one.namespace, "type", "veth", "peer", "name", "lan0",
       "netns", far)
    lab.sysctl(one.namespace, "net.ipv6.conf.far0.accept_dad=0")
    lab.sysctl(far, "net.ipv6.conf.lan0.accept_dad=0")
    for namespace, device, number in ((one.namespace, "far0", 1), (far, "lan0", 9)):
        ip("addr", "add", f"198.51.100.{number}/24", "dev", device, namespace=namespace)
        ip("addr", "add", f"2001:db8:2::{number}/64", "dev", device, "nodad", namespace=namespace)
        ip("link", "set", device, "up", namespace=namespace)
    ip("route", "add", "default", "via", "198.51.100.1", namespace=far)
    ip("route", "add", "default", "via", "2001:db8:2::1", namespace=far)
    return far


@pytest.mark.parametrize("kind", ["v3", "v6"])
def test_what_goes_through_the_router_is_not_touched(lab, kind):
    one, other = router(lab, "gw1", 2, closed(kind)), host(lab)
    far = far_host(lab, one)
    one.await_state("active")
    gateways = list(map(bare_address, KINDS[kind]["addresses"]))
    target = "2001:db8:2::9" if kind == "v6" else "198.51.100.9"
    for gateway in gateways:
        other.ip("route", "replace", "default", "via", gateway, "dev", "lan0")
        eventually(lambda: ping(other, target), 4, f"through {gateway}")
        # The router says itself that a packet has come too far.
        said = run("ip", "netns", "exec", other.namespace, "ping", "-n", "-c", "1", "-W", "1",
                   "-t", "1", target, check=False).stdout
        assert "exceeded" in said, said
    # Hosts behind it do not reach the address either, whatever interface they come in through.
    global_address = gateways[-1]
    assert run("ip", "netns", "exec", far, "ping", "-n", "-c", "1", "-W", "1", global_address,
               check=False).returncode != 0
    assert run("ip", "netns", "exec", far, "ping", "-n", "-c", "1", "-W", "1",
               "2001:db8:1::99" if kind == "v6" else "192.0.2.99", check=False).returncode == 0


def test_addresses_are_translated_to_it_and_from_it(lab):
    """What is translated is not for the router: only what it opens itself gets no answer."""
    one, other = router(lab, "gw1", 2, closed()), host(lab)
    far = far_host(lab, one)
    one.await_state("active")
    other.ip("route", "add", "198.51.100.0/24", "via", "192.0.2.1")
    nft(one, "-f", "-", text="""table ip nat {
        chain in {
            type nat hook prerouting priority dstnat
            ip daddr 192.0.2.1 dnat to 198.51.100.9
        }
        chain out {
            type nat hook postrouting priority srcnat
            ip saddr 198.51.100.9 oifname "lan0" snat to 192.0.2.1
        }
    }
""")
    assert ping(other, "192.0.2.1")
    mark = lab.tap.mark()
    assert run("ip", "netns", "exec", far, "ping", "-n", "-c", "1", "-W", "1", "192.0.2.99",
               check=False).returncode == 0
    assert sent_from(lab, one, "192.0.2.1", mark)
    assert run("ip", "netns", "exec", one.namespace, "ping", "-n", "-c", "1", "-W", "1", "-I",
               "192.0.2.1", "192.0.2.99", check=False).returncode != 0
    assert ping(one, "192.0.2.99")


@pytest.mark.parametrize("kind", ["v3", "v6"])
def test_M93_a_packet_to_the_address_goes_nowhere(lab, kind):
    """An Active Router drops it. A Backup that is sent one passes it on to the Active Router, once,
    as it would to any neighbour: there it ends."""
    one = router(lab, "gw1", 2, closed(kind, priority=200))
    two = router(lab, "gw2", 3, closed(kind, priority=100))
    far_host(lab, one)
    one.await_state("active")
    two.await_state("backup")
    for node in (one, two):
        known_stranger(node)
    address = bare_address(KINDS[kind]["addresses"][-1])
    virtual = virtual_mac(51, family(kind))
    time.sleep(0.3)

    def passed(node, since):
        """What left the node with the virtual address as its destination."""
        place = slice(38, 54) if kind == "v6" else slice(30, 34)
        return lab.tap.select(
            lambda frame: frame.data[place] == packed(address)
            and frame.data[12:14] == (b"\x86\xdd" if kind == "v6" else b"\x08\x00")
            and not frame.neighbour, port=node.node, since=since)

    def behind():
        text = one.ip("-j", "-s", "link", "show", "far0").stdout
        return json.loads(text)[0]["stats64"]["tx"]["packets"]

    time.sleep(1)
    mark, before = lab.tap.mark(), behind()
    for _ in range(10):
        lab.inject(echo_request(address, virtual), echo_request(address, one.mac()))
    time.sleep(0.5)
    assert passed(one, mark) == [] and sent_from(lab, one, address, mark) == []
    assert behind() - before <= 2
    # The Backup.
    mark = lab.tap.mark()
    for _ in range(10):
        lab.inject(echo_request(address, two.mac()))
    time.sleep(0.5)
    again = passed(two, mark)
    assert 1 <= len(again) <= 10
    ttl = 21 if kind == "v6" else 22
    assert {(frame.destination_mac, frame.data[ttl]) for frame in again} == {(virtual, 63)}
    assert passed(one, mark) == [] and sent_from(lab, one, address, mark) == []
    assert sent_from(lab, two, address, mark) == []


def test_an_owner_accepts(lab):
    one, other = lab.router("gw1", 1), host(lab)
    one.start(closed(priority="owner", mac="interface"))
    one.await_state("active")
    assert ping(other, "192.0.2.1")
    assert one.show()["accept"] is True
    assert ruleset(one) == ""
    # It gives the address up to be one of several.
    one.write(closed(priority=100, mac="interface"))
    one.ctl("reload")
    eventually(lambda: one.show()["accept"] is False, 2)
    assert not ping(other, "192.0.2.1")
    one.write(closed(priority="owner", mac="interface"))
    one.ctl("reload")
    assert ping(other, "192.0.2.1")
    assert ruleset(one) == ""
