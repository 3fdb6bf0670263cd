"""`accept: false`: packets to the virtual addresses are dropped, neighbour discovery is not."""

import contextlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import time

import pytest

from frames import (ethernet, internet_checksum, ipv4, ipv6, mac as mac_bytes, packed, virtual_mac)
from lab import Node, eventually, inside, ip, run
from settings import IPV4, IPV6, bare_address, configuration

KINDS = {
    "v3": dict(version=3, advertise="100ms", addresses=list(IPV4)),
    "v6": dict(version=3, advertise="100ms", addresses=list(IPV6)),
    "v2": dict(version=2, advertise="1s", addresses=list(IPV4)),
}
PORT = 4711
KERNEL = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])


def family(kind):
    return 6 if kind == "v6" else 4


def closed(kind="v3", **keys):
    return configuration(**{"accept": False, "mac": "virtual", **KINDS[kind], **keys})


def router(lab, node, host, configuration=None):
    """One with an address of every kind of its own, and something to connect to on all of them."""
    one = lab.router(node, host, addresses=[
        f"192.0.2.{host}/24", f"fe80::{host}/64", f"2001:db8:1::{host}/64"])
    with inside(one.namespace):
        listener = socket.socket(socket.AF_INET6)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("::", PORT))
        listener.listen()
    lab.closers.append(listener.close)
    return one.start(configuration) if configuration else one


def host(lab):
    return Node(lab, "host", 99, addresses=[
        "192.0.2.99/24", "fe80::99/64", "2001:db8:1::99/64"])


def scoped(address, interface="lan0"):
    return f"{address}%{interface}" if address.startswith("fe80:") else address


def ping(node, address, interface="lan0"):
    return run("ip", "netns", "exec", node.namespace, "ping", "-n", "-c", "1", "-W", "1",
               scoped(address, interface), check=False).returncode == 0


def connects(node, address, interface="lan0"):
    """None where there is only silence."""
    with inside(node.namespace), socket.socket(
            socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
        client.settimeout(0.7)
        where = socket.getaddrinfo(scoped(address, interface), PORT, type=socket.SOCK_STREAM)[0][4]
        try:
            client.connect(where)
            return True
        except TimeoutError:
            return None


def reaches(node, address, interface="lan0"):
    answers = ping(node, address, interface), connects(node, address, interface)
    assert answers in ((True, True), (False, None)), answers
    return answers[0]


def neighbour(node, address):
    found = json.loads(node.ip("-j", "neigh", "show", address, "dev", "lan0").stdout or "[]")
    return found[0] if found else {}


def nft(node, *words, check=True, text=None):
    return subprocess.run(
        ["ip", "netns", "exec", node.namespace, "nft", *words], input=text, check=check,
        capture_output=True, text=True, timeout=10)


def ruleset(node):
    return nft(node, "list", "ruleset").stdout


def dropped(node):
    found = json.loads(nft(node, "-j", "list", "counters", "table", "inet", "vrrpd").stdout)
    return sum(entry["counter"]["packets"] for entry in found["nftables"] if "counter" in entry)


def echo_request(address, destination_mac, ttl=64):
    """From a host that is none: nobody has to be found for the answer."""
    if ":" in address:
        source, kind = "2001:db8:1::77", 0x86DD
        body = struct.pack("!BBHHH", 128, 0, 0, 7, 7)
        head = packed(source) + packed(address) + struct.pack("!IHBB", len(body), 0, 0, 58)
        body = body[:2] + struct.pack("!H", internet_checksum(head + body)) + body[4:]
        packet = ipv6(body, source, address, hop_limit=ttl, next_header=58, traffic_class=0)
    else:
        kind = 0x0800
        body = struct.pack("!BBHHH", 8, 0, 0, 7, 7)
        body = body[:2] + struct.pack("!H", internet_checksum(body)) + body[4:]
        packet = ipv4(body, "192.0.2.77", address, ttl=ttl, tos=0, protocol=1)
    return ethernet(packet, mac_bytes(destination_mac), mac_bytes("02:00:00:00:00:77"), kind)


def known_stranger(node):
    """The node answers to the source of `echo_request` without asking where it is."""
    for address in ("192.0.2.77", "2001:db8:1::77"):
        node.ip("neigh", "replace", address, "lladdr", "02:00:00:00:00:77", "dev", "lan0")


def sent_from(lab, node, address, since):
    """IP packets with this source address that the node put on the LAN: without advertisements,
    neighbour discovery and what an Active Router tells of its multicast groups."""
    wanted = packed(address)
    place = slice(22, 38) if ":" in address else slice(26, 30)
    kind = b"\x86\xdd" if ":" in address else b"\x08\x00"
    return lab.tap.select(
        lambda frame: frame.data[12:14] == kind and frame.data[place] == wanted
        and not frame.vrrp and not frame.neighbour and not is_report(frame), port=node.node,
        since=since)


def is_report(frame):
    """MLD, behind an option for routers."""
    return frame.data[12:14] == b"\x86\xdd" and frame.data[20] == 0 and frame.data[62] == 143


def echo_replies(lab, node, address, since):
    """Not all that is sent from it: while an address comes or goes, the kernel has the route to its
    prefix for some microseconds without the address, and sends a redirect."""
    place, kind = (54, 129) if ":" in address else (34, 0)
    return [frame for frame in sent_from(lab, node, address, since) if frame.data[place] == kind]


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


@pytest.mark.parametrize("mac", ["virtual", "interface"])
def test_accept_is_toggled_by_reload(lab, mac):
    one, other = router(lab, "gw1", 2, closed("v6", mac=mac, accept=True)), host(lab)
    since = one.await_state("active")["since"]
    addresses = list(map(bare_address, IPV6))
    for accept in (False, True, False, True):
        one.write(closed("v6", mac=mac, accept=accept))
        one.ctl("reload")
        assert [reaches(other, address) for address in addresses] == [accept, accept]
        assert one.show()["accept"] is accept
        assert ("vrrpd" in ruleset(one)) is not accept
    assert one.show()["since"] == since


def test_a_removed_router_takes_its_filter_along(lab):
    more = {"second": {"interface": "lan0", "vrid": 52, "addresses": ["192.0.2.60/24"],
                       "accept": False, "mac": "interface", "advertise": "100ms"}}
    one = router(lab, "gw1", 2, closed(others=more))
    one.await_state("active", name="second")
    eventually(lambda: one.has("192.0.2.60"), 2)
    one.write(closed())
    one.ctl("reload")
    eventually(lambda: "192.0.2.60" not in ruleset(one), 3, "not filtered any more")
    assert not one.has("192.0.2.60") and "192.0.2.1" in ruleset(one)
    one.write({"routers": {"second": {**more["second"], "accept": True}}})
    one.ctl("reload")
    eventually(lambda: ruleset(one) == "", 3, "nothing left")


def test_a_link_local_address_elsewhere_is_somebody_elses(lab):
    """An administrator's own fe80::1:1 on another interface, and another router's on a third."""
    one, other = router(lab, "gw1", 2), host(lab)
    for device in ("lan1", "lan2"):
        lab.attach(one.namespace, f"{device}-gw", device, [f"fe80::{device[-1]}2/64"])
    one.ip("addr", "add", "fe80::1:1/64", "dev", "lan1", "nodad")
    open_one = {"third": {"interface": "lan2", "vrid": 53, "addresses": ["fe80::1:1/64"],
                          "advertise": "100ms"}}
    one.start(closed("v6", others=open_one))
    one.await_state("active")
    one.await_state("active", name="third")
    # One LAN carries all three: whose answer is meant, the neighbour's entry says.
    device = json.loads(one.ip("-j", "link", "show", "lan1").stdout)[0]["address"]

    def at(mac):
        other.ip("neigh", "replace", "fe80::1:1", "lladdr", mac, "dev", "lan0", "nud", "permanent")
        return ping(other, "fe80::1:1")

    assert at(device)
    assert not at(virtual_mac(51, 6))
    assert at("00:00:5e:00:02:35")


def test_flushing_nftables_opens_nothing(lab):
    one, other = router(lab, "gw1", 2, closed("v6")), host(lab)
    one.await_state("active")
    mine = "table inet mine {\n chain input {\n type filter hook input priority 0\n }\n}\n"
    nft(one, "-f", "-", text=mine)
    before = nft(one, "list", "table", "inet", "vrrpd").stdout
    assert "fe80::1:1" in before and "dropped" in before
    # What `systemctl reload nftables` does, and what somebody in despair does.
    nft(one, "-f", "-", text="flush ruleset\n" + mine)
    nft(one, "flush", "ruleset")
    assert nft(one, "delete", "table", "inet", "vrrpd", check=False).returncode != 0
    assert nft(one, "flush", "set", "inet", "vrrpd", "ipv6-addresses", check=False).returncode != 0
    assert "mine" not in ruleset(one)
    assert nft(one, "list", "table", "inet", "vrrpd").stdout == before
    assert not any(ping(other, bare_address(address)) for address in IPV6)


@pytest.mark.skipif(KERNEL < (6, 9), reason="tables of nftables last since Linux 6.9")
def test_a_killed_daemon_leaves_its_addresses_filtered(lab):
    one, other = router(lab, "gw1", 2, closed("v6")), host(lab)
    one.await_state("active")
    addresses = list(map(bare_address, IPV6))
    eventually(lambda: all(map(one.has, addresses)), 2)
    known_stranger(one)
    one.kill()
    assert all(map(one.has, addresses))
    assert not any(reaches(other, address) for address in addresses)
    # Its successor replaces the table in one step.
    mark = lab.tap.mark()
    frames = [echo_request(address, virtual_mac(51, 6)) for address in addresses]
    with contextlib.ExitStack() as streams:
        for frame in frames:
            streams.enter_context(lab.inject.stream(frame, 0.002))
        one.start()
        one.await_state("active")
        time.sleep(0.3)
    assert [echo_replies(lab, one, address, mark) for address in addresses] == [[], []]
    assert one.stop() == 0
    assert ruleset(one) == ""
    # One that accepts removes what a killed one left.
    one.start()
    one.await_state("active")
    one.kill()
    assert "vrrpd" in ruleset(one)
    one.start(closed("v6", accept=True))
    assert ruleset(one) == ""
    one.await_state("active")
    assert all(reaches(other, address) for address in addresses)


@pytest.mark.parametrize("mac", ["virtual", "interface"])
def test_no_packet_slips_through(lab, mac):
    """While a router starts, takes over, loses its macvlan, is reloaded, and leaves."""
    one = router(lab, "gw1", 2)
    known_stranger(one)
    addresses = list(map(bare_address, IPV6))
    where = virtual_mac(51, 6) if mac == "virtual" else one.mac()
    mark = lab.tap.mark()
    with contextlib.ExitStack() as streams:
        for address in addresses:
            streams.enter_context(lab.inject.stream(echo_request(address, where), 0.001))
        one.start(closed("v6", mac=mac))
        one.await_state("active")
        eventually(lambda: all(map(one.has, addresses)), 2)
        for round in range(5):
            if mac == "virtual":
                links = json.loads(one.ip("-j", "-d", "link", "show").stdout)
                for link in links:
                    if link.get("linkinfo", {}).get("info_kind") == "macvlan":
                        one.ip("link", "delete", link["ifname"])
                eventually(lambda: all(map(one.has, addresses)), 5, "made again")
            one.write(closed("v6", mac=mac, priority=100 + round % 2))
            one.ctl("reload")
        assert dropped(one) > 50
        # The address goes away, and another one, accepting, stays.
        one.write({"routers": {"other": {"interface": "lan0", "vrid": 52,
                                         "addresses": ["192.0.2.60/24"]}}})
        one.ctl("reload")
        eventually(lambda: not any(map(one.has, addresses)), 3)
        one.write(closed("v6", mac=mac))
        one.ctl("reload")
        one.await_state("active")
        eventually(lambda: all(map(one.has, addresses)), 2)
        assert one.stop() == 0
    time.sleep(0.2)
    assert [echo_replies(lab, one, address, mark) for address in addresses] == [[], []]


def test_an_interface_that_is_renamed_stays_filtered(lab):
    """The kernel renames interfaces that are up; the addresses go when the daemon has heard of it.
    Then the same address there is somebody else's."""
    one, other = router(lab, "gw1", 2), host(lab)
    known_stranger(one)
    address, where, mark = "fe80::1:1", one.mac(), lab.tap.mark()
    with lab.inject.stream(echo_request(address, where), 0.0005):
        one.start(closed("v6", mac="interface"))
        for _ in range(5):
            one.await_state("active")
            eventually(lambda: one.has(address), 2)
            one.ip("link", "set", "lan0", "name", "other0")
            eventually(lambda: not one.has(address), 2)
            one.ip("link", "set", "other0", "name", "lan0")
        one.await_state("active")
        assert echo_replies(lab, one, address, mark) == []
    one.ip("link", "set", "lan0", "name", "other0")
    eventually(lambda: not one.has(address), 2)
    one.ip("addr", "add", f"{address}/64", "dev", "other0", "nodad")
    eventually(lambda: ping(other, address), 5, "the administrator's answers")


def refused(one):
    result = run("ip", "netns", "exec", one.namespace, *one.command(), check=False, timeout=10)
    assert result.returncode == 1, result
    said = result.stderr.strip()
    assert len(said.splitlines()) == 1, said
    for words in ("accept: false", "inet vrrpd", "accept: true"):
        assert words in said, said
    return said


@contextlib.contextmanager
def occupied(one, how):
    """Somebody else has a table of our name: for all to change, or for as long as it runs."""
    if how == "table":
        nft(one, "add", "table", "inet", "vrrpd")
        yield
        nft(one, "delete", "table", "inet", "vrrpd")
        return
    shell = subprocess.Popen(
        ["ip", "netns", "exec", one.namespace, "nft", "-i"], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True)
    try:
        shell.stdin.write("add table inet vrrpd { flags owner; }\n")
        shell.stdin.flush()
        eventually(lambda: "vrrpd" in ruleset(one), 3, "there")
        yield
    finally:
        shell.kill()
        shell.wait(5)


@pytest.mark.parametrize("how", ["table", "owned table"])
def test_a_table_that_is_somebody_elses(lab, how):
    one, other = router(lab, "gw1", 2), host(lab)
    one.write(closed())
    with occupied(one, how):
        assert "belongs to somebody else" in refused(one)
        assert not one.has("192.0.2.1") and "vrrpd" in ruleset(one)
        # Without `accept: false` it is no concern of ours.
        one.start(closed(accept=True))
        since = one.await_state("active")["since"]
        one.write(closed(priority=150))
        answer = one.ctl("reload", code=6)
        assert "accept: false" in answer.stderr + answer.stdout
        shown = one.show()
        assert shown["accept"] is True and shown["priority"]["base"] == 100
        assert shown["since"] == since and ping(other, "192.0.2.1")
        assert "accept: false" in one.tail() and "stays in force" in one.tail()
    eventually(lambda: ruleset(one) == "", 3, "gone")
    one.ctl("reload")
    assert one.show()["priority"]["base"] == 150 and not ping(other, "192.0.2.1")
    assert one.stop() == 0
    assert ruleset(one) == ""


def test_without_it_nftables_is_not_touched(lab):
    one = router(lab, "gw1", 2, closed(accept=True))
    one.await_state("active")
    one.ctl("reload")
    sockets = run("ip", "netns", "exec", one.namespace, "cat", "/proc/net/netlink").stdout
    # The second column is the family, 12 is netfilter; the third one's 0 is the kernel.
    ours = [line.split()[1:3] for line in sockets.splitlines()[1:]]
    assert [line for line in ours if line[0] == "12" and line[1] != "0"] == []
    assert not (one.state / "packet-filter").exists()


def test_two_daemons_and_what_they_leave(lab):
    """Tables belong to network namespaces."""
    one = router(lab, "gw1", 2, closed(priority=200))
    two = router(lab, "gw2", 3, closed(priority=100))
    other = host(lab)
    one.await_state("active")
    two.await_state("backup")
    assert one.stop() == 0
    assert ruleset(one) == "" and "192.0.2.1" in ruleset(two)
    assert not (one.state / "packet-filter").exists()
    two.await_state("active")
    assert not reaches(other, "192.0.2.1")
    assert two.stop() == 0
    assert ruleset(two) == ""
