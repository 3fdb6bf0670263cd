"""`mac: virtual`: the MAC address of the virtual router, on the wire and in the kernel."""

import json
import struct
import subprocess
import time

import pytest

from frames import (arp_request, ethernet, internet_checksum, ipv4, mac as mac_bytes,
                    neighbour_solicitation, virtual_mac)
from lab import Injector, active_down_interval, eventually, ip
from settings import IPV4, IPV6, bare_address, configuration

KINDS = {
    "v3": dict(version=3, advertise="100ms", addresses=list(IPV4)),
    "v6": dict(version=3, advertise="100ms", addresses=list(IPV6)),
    "v2": dict(version=2, advertise="1s", addresses=list(IPV4)),
}


def family(kind):
    return 6 if kind == "v6" else 4


def ours(lab, node, host, *, priority, kind="v3", **keys):
    return lab.router(node, host).start(configuration(
        priority=priority, mac="virtual", **{**KINDS[kind], **keys}))


def macvlans(node):
    found = json.loads(node.ip("-j", "-d", "link", "show").stdout)
    return {link["ifname"]: link for link in found
            if link.get("linkinfo", {}).get("info_kind") == "macvlan"}


def is_up(link):
    return "UP" in link["flags"]


def port_of(lab, mac):
    """Where the switch believes an address to be."""
    entries = json.loads(subprocess.run(
        ["ip", "netns", "exec", lab.lan, "bridge", "-j", "fdb", "show", "br", "br0"],
        capture_output=True, text=True, check=True).stdout)
    ports = [entry["ifname"] for entry in entries if entry["mac"] == mac]
    return ports[0].removeprefix("p-") if ports else None


def frames_from(lab, mac, port, since=0):
    return lab.tap.select(lambda frame: frame.source_mac == mac, port=port, since=since)


@pytest.mark.parametrize("kind", KINDS)
def test_takeover_and_return(lab, kind):
    """M37, M43, M44, M70, M71, M72, M74, M77, M84."""
    interval = 1 if kind == "v2" else 0.1
    mac = virtual_mac(51, family(kind))
    one = ours(lab, "gw1", 2, priority=200, kind=kind)
    two = ours(lab, "gw2", 3, priority=100, kind=kind)
    one.await_state("active", 8)
    two.await_state("backup")
    for frame in lab.tap.advertisements("gw1"):
        assert frame.source_mac == mac
    assert port_of(lab, mac) == "gw1"
    # A Backup sends nothing from the virtual MAC address, whatever it is made of.
    assert frames_from(lab, mac, "gw2") == []
    assert [is_up(link) for link in macvlans(one).values()] == [True]
    assert [is_up(link) for link in macvlans(two).values()] == [False]

    one.crash()
    last = one.last_word(two)
    limit = active_down_interval(100, interval, 2 if kind == "v2" else 3)
    taken = lab.tap.advertisement("gw2", limit + 3, after=last.time)
    assert taken.source_mac == mac
    assert taken.time - last.time <= limit + 0.1
    for address in map(bare_address, KINDS[kind]["addresses"]):
        told = lab.tap.announcement("gw2", 3, address=address, after=last.time)
        assert told.announcement.mac == mac and told.source_mac == mac
        assert told.time - taken.time < 0.1
    eventually(lambda: port_of(lab, mac) == "gw2", 2, "the switch learns")

    lab.join("gw1")
    back = time.time()
    one.start()
    lab.tap.advertisement("gw1", 10, priority=200, after=back)
    two.await_state("backup")
    eventually(lambda: not any(is_up(link) for link in macvlans(two).values()), 2, "macvlan down")
    mark = lab.tap.mark()
    time.sleep(max(1, 2 * interval))
    assert frames_from(lab, mac, "gw2", mark) == []
    assert port_of(lab, mac) == "gw1"
    assert one.stop() == 0 and two.stop() == 0
    assert macvlans(one) == {} and macvlans(two) == {}


def test_arp_is_answered_once_with_the_virtual_mac(lab):
    """M31, M43, M77."""
    one, two = ours(lab, "gw1", 2, priority=200), ours(lab, "gw2", 3, priority=100)
    one.await_state("active")
    two.await_state("backup")

    def answers(target):
        mark = lab.tap.mark()
        lab.inject(arp_request(target))
        time.sleep(0.3)
        return [(frame.port, frame.arp[1], frame.source_mac) for frame in lab.tap.select(
            lambda frame: frame.arp and frame.arp[0] == 2 and frame.arp[2] == target, since=mark)]

    mac = virtual_mac(51)
    assert answers("192.0.2.1") == [("gw1", mac, mac)]
    assert answers("192.0.2.2") == [("gw1", one.mac(), one.mac())]
    assert answers("192.0.2.3") == [("gw2", two.mac(), two.mac())]
    one.stop()
    two.await_state("active")
    assert answers("192.0.2.1") == [("gw2", mac, mac)]


def test_neighbour_solicitations_are_answered_once_with_the_virtual_mac(lab):
    """M32, M44, M84."""
    one, two = (ours(lab, "gw1", 2, priority=200, kind="v6"),
                ours(lab, "gw2", 3, priority=100, kind="v6"))
    one.await_state("active", family=None)
    two.await_state("backup")
    mac = virtual_mac(51, 6)
    for target in map(bare_address, IPV6):
        mark = lab.tap.mark()
        lab.inject(neighbour_solicitation(target))
        time.sleep(0.3)
        answers = [(frame.port, frame.neighbour[3], frame.source_mac)
                   for frame in lab.tap.select(
                       lambda frame: frame.neighbour and frame.neighbour[0] == 136
                       and frame.neighbour[1] & 2 and frame.neighbour[2] == target, since=mark)]
        assert answers == [("gw1", mac, mac)]


def test_a_client_keeps_its_gateway(lab):
    """The client's stream crosses a failover; its neighbour entry never changes."""
    one, two = ours(lab, "gw1", 2, priority=200), ours(lab, "gw2", 3, priority=100)
    one.await_state("active")
    two.await_state("backup")
    client = lab.namespace("client")
    lab.attach(client, "client", addresses=["192.0.2.50/24"])
    with subprocess.Popen(
            ["ip", "netns", "exec", client, "ping", "-n", "-i", "0.02", "-w", "3", "192.0.2.1"],
            stdout=subprocess.PIPE, text=True) as ping:
        time.sleep(1)
        one.crash()
        said, _ = ping.communicate(timeout=10)
    received = int(said.split(" received")[0].split()[-1])
    sent = int(said.split(" packets transmitted")[0].split()[-1])
    assert received > 60 and sent - received <= 0.02 ** -1 * 0.6, said
    entry = json.loads(ip("-j", "neigh", "show", "192.0.2.1", namespace=client).stdout)
    assert entry[0]["lladdr"] == virtual_mac(51)


def test_the_kernel_fights_back(lab):
    one = ours(lab, "gw1", 2, priority=200)
    one.await_state("active")
    name, = macvlans(one)
    mark = lab.tap.mark()
    one.ip("link", "set", name, "down")
    eventually(lambda: is_up(macvlans(one)[name]) and one.has("192.0.2.1"), 3, "up again")
    lab.tap.announcement("gw1", 2, since=mark, address="192.0.2.1")
    one.ip("link", "delete", name)
    eventually(lambda: one.has("192.0.2.1") and is_up(macvlans(one)[name]), 3, "made again")
    one.ip("addr", "flush", "dev", name)
    eventually(lambda: one.has("192.0.2.1"), 3, "address again")
    assert one.show()["statistics"]["macvlans_restored"] >= 2
    assert one.show()["state"] == "active"
    assert frames_from(lab, virtual_mac(51), "gw1", mark)


def test_flapping_and_moving(lab):
    one = ours(lab, "gw1", 2, priority=200)
    one.await_state("active")
    for _ in range(30):
        one.ip("link", "set", "lan0", "down")
        one.ip("link", "set", "lan0", "up")
    one.await_state("active", 10)
    eventually(lambda: one.has("192.0.2.1") and len(macvlans(one)) == 1, 3, "whole")
    one.ip("link", "set", "lan0", "down")
    one.ip("link", "set", "lan0", "name", "other0")
    one.ip("link", "set", "other0", "up")
    eventually(lambda: macvlans(one) == {}, 3, "no macvlan on an interface of another name")
    one.ip("link", "set", "other0", "down")
    one.ip("link", "set", "other0", "name", "lan0")
    one.ip("link", "set", "lan0", "up")
    one.await_state("active", 10)
    eventually(lambda: one.has("192.0.2.1"), 3, "address")


def test_a_killed_daemon_leaves_nothing_for_long(lab):
    one, two = ours(lab, "gw1", 2, priority=200), ours(lab, "gw2", 3, priority=100)
    one.await_state("active")
    two.await_state("backup")
    one.kill()
    assert one.has("192.0.2.1")
    two.await_state("active")
    one.write(configuration(priority=50, mac="virtual", **KINDS["v3"]))
    one.start()
    eventually(lambda: not one.has("192.0.2.1"), 2, "address gone")
    eventually(lambda: not any(is_up(link) for link in macvlans(one).values()), 2, "down")
    assert one.stop() == 0
    assert macvlans(one) == {}


def test_settings_of_the_interface_are_put_back(lab):
    one = lab.router("gw1", 2)
    keys = ["arp_ignore", "arp_announce", "accept_local", "rp_filter", "promote_secondaries"]

    def settings():
        return [
            subprocess.run(["ip", "netns", "exec", one.namespace, "cat",
                            f"/proc/sys/net/ipv4/conf/lan0/{key}"],
                           capture_output=True, text=True, check=True).stdout.strip()
            for key in keys]

    before = settings()
    one.start(configuration(mac="virtual", **KINDS["v3"]))
    one.await_state("active")
    assert settings()[:3] == ["1", "2", "1"]
    assert one.stop() == 0
    assert settings() == before
    # A killed one cannot; its successor does.
    one.start()
    one.await_state("active")
    one.kill()
    one.start()
    assert one.stop() == 0
    assert settings() == before


def test_a_foreign_interface_of_the_name_is_refused_and_not_touched(lab):
    one = lab.router("gw1", 2)
    one.ip("link", "add", "mine", "type", "bridge")
    one.start(configuration(mac="virtual", macvlan_name="mine", **KINDS["v3"]))
    eventually(lambda: "mine" in one.log.read_text(), 3, "told")
    assert one.show()["state"] == "initialize"
    assert one.show()["reason"]["code"] == "interface-missing"
    one.ip("link", "delete", "mine")
    one.await_state("active", 5)
    assert "mine" in macvlans(one)


@pytest.mark.parametrize("vmac", [False, True])
@pytest.mark.parametrize("kind", ["v3", "v2"])
def test_keepalived_in_both_roles(lab, keepalived, kind, vmac):
    version, interval = (2, 1) if kind == "v2" else (3, 0.1)
    mac = virtual_mac(51)
    peer = keepalived(lab, "gw1", 2).start(
        priority=200, version=version, interval=interval, vmac=vmac)
    two = ours(lab, "gw2", 3, priority=100, kind=kind)
    lab.tap.advertisement("gw1", 8, priority=200)
    two.await_state("backup")
    assert frames_from(lab, mac, "gw2") == []
    peer.crash()
    two.await_state("active", 6)
    eventually(lambda: port_of(lab, mac) == "gw2", 2, "the switch learns")
    lab.join("gw1")
    back = time.time()
    peer.start(priority=200, version=version, interval=interval, vmac=vmac)
    lab.tap.advertisement("gw1", 10, priority=200, after=back)
    two.await_state("backup")
    if vmac:
        eventually(lambda: port_of(lab, mac) == "gw1", 2, "the switch learns")
    peer.stop()
    two.await_state("active", 6)


@pytest.mark.parametrize("kind", ["v3", "v6"])
def test_frr_in_both_roles(lab, frr, kind):
    mac = virtual_mac(51, family(kind))
    peer = frr(lab, "gw1", 2).start(priority=200, addresses=KINDS[kind]["addresses"])
    lab.tap.advertisement("gw1", 10, priority=200)
    two = ours(lab, "gw2", 3, priority=100, kind=kind)
    two.await_state("backup")
    peer.crash()
    two.await_state("active", 6)
    eventually(lambda: port_of(lab, mac) == "gw2", 2, "the switch learns")


def test_frames_to_the_virtual_mac(lab):
    """M34, M35, M46: an Active forwards what hosts send to the virtual MAC and answers what is for
    the address; a Backup that a switch floods does neither."""
    one, two = ours(lab, "gw1", 2, priority=200), ours(lab, "gw2", 3, priority=100)
    one.await_state("active")
    two.await_state("backup")
    mac, far = virtual_mac(51), "198.51.100.9"
    for node in (one, two):
        node.ip("link", "add", "far0", "type", "veth", "peer", "name", "far1")
        node.ip("link", "set", "far0", "up")
        node.ip("link", "set", "far1", "up")
        node.ip("addr", "add", f"198.51.100.{node.host}/24", "dev", "far0")
        node.ip("neigh", "add", far, "lladdr", "02:00:00:00:00:77", "dev", "far0")

    def echo(destination):
        body = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
        body = body[:2] + struct.pack("!H", internet_checksum(body)) + body[4:]
        packet = ipv4(body, "192.0.2.99", destination, ttl=64, tos=0, protocol=1)
        return ethernet(packet, mac_bytes(mac), mac_bytes("02:00:00:00:00:99"), 0x0800)

    def forwarded(node):
        text = node.ip("-j", "-s", "link", "show", "far0").stdout
        return json.loads(text)[0]["stats64"]["tx"]["packets"]

    def spoken(node, mark):
        return [frame for frame in lab.tap.select(port=node.node, since=mark)
                if not frame.vrrp and frame.data[12:14] in (b"\x08\x00", b"\x08\x06")
                # Which groups it hears, it may tell at any time (IGMP).
                and frame.destination_mac != "01:00:5e:00:00:16"]

    time.sleep(0.5)
    before, mark = (forwarded(one), forwarded(two)), lab.tap.mark()
    flood = [Injector(lab.lan, f"p-{node.node}") for node in (one, two)]
    for _ in range(10):
        for port in flood:
            port(echo(far), echo("192.0.2.1"))
    time.sleep(0.5)
    for port in flood:
        port.socket.close()
    assert forwarded(one) - before[0] >= 10
    assert forwarded(two) - before[1] <= 2, "a Backup forwards"
    assert spoken(one, mark), "the Active answers for its address"
    assert spoken(two, mark) == [], "a Backup answers"


def test_forwarded_traffic_meets_no_tap(lab):
    """A packet socket that receives would cost every forwarded packet a clone: ours only send."""
    one = ours(lab, "gw1", 2, priority=200)
    one.await_state("active")
    lines = subprocess.run(
        ["ip", "netns", "exec", one.namespace, "cat", "/proc/net/packet"],
        capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    assert lines and all(line.split()[3] == "0000" for line in lines), lines


def test_a_link_of_another_mtu(lab):
    """Ninety IPv6 addresses need 1488 bytes: what does not fit is counted, and goes again later."""
    addresses = ["fe80::1:1/64", *(f"2001:db8:1::{number:x}/64" for number in range(1, 90))]
    one = ours(lab, "gw1", 2, priority=200, kind="v6", addresses=addresses)
    one.await_state("active", 8)
    lab.tap.advertisement("gw1", 2, priority=200, after=time.time())
    one.ip("link", "set", "lan0", "mtu", "1400")
    eventually(lambda: one.show()["statistics"]["transmit_errors"] > 0, 3, "counted")
    one.ip("link", "set", "lan0", "mtu", "1500")
    lab.tap.advertisement("gw1", 3, priority=200, after=time.time() + 0.2)


def test_a_restart_after_a_kill_answers_with_the_virtual_mac_only(lab):
    """What the killed one set must outlast what it left."""
    one = ours(lab, "gw1", 2, priority=200)
    one.await_state("active")
    one.kill()
    mark = lab.tap.mark()
    with lab.inject.stream(arp_request("192.0.2.1"), 0.001):
        one.start()
        time.sleep(0.5)
    answers = lab.tap.select(
        lambda frame: frame.arp and frame.arp[0] == 2 and frame.arp[2] == "192.0.2.1", since=mark)
    assert {frame.arp[1] for frame in answers} <= {virtual_mac(51)}


def test_a_macvlan_with_another_address_is_replaced(lab):
    one = ours(lab, "gw1", 2, priority=200)
    one.await_state("active")
    name, = macvlans(one)
    one.ip("link", "set", name, "address", "02:00:00:00:00:77")

    def whole():
        link = macvlans(one).get(name)
        return link and link["address"] == virtual_mac(51) and is_up(link) and one.has("192.0.2.1")

    eventually(whole, 3, "replaced")
    assert one.show()["statistics"]["macvlans_restored"] >= 1


def test_nothing_leaves_from_the_virtual_mac_after_a_removed_router(lab):
    """The kernel would tell of its addresses' end (MLD) from the virtual MAC address."""
    keep = {"other": {"interface": "lan0", "vrid": 99, "addresses": ["192.0.2.99/24"]}}
    one = ours(lab, "gw1", 2, priority=200, kind="v6", others=keep)
    one.await_state("active")
    time.sleep(1)
    one.write({"routers": keep, "log": {"target": "stderr"}})
    mark = lab.tap.mark()
    one.ctl("reload")
    farewell = lab.tap.advertisement("gw1", 2, since=mark, priority=0)
    time.sleep(1)
    assert [frame for frame in frames_from(lab, virtual_mac(51, 6), "gw1", mark)
            if frame.time > farewell.time] == []
