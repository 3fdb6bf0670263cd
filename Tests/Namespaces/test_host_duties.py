"""`mac: virtual`, RFC 9568 §8: what an Active Router owes the hosts besides forwarding."""

import contextlib
import ipaddress
import re
import socket
import subprocess
import threading
import time

import pytest

from frames import advertisement, arp_request, virtual_mac
from lab import Node, eventually, inside, ip, run
from settings import IPV4, IPV6, bare_address, configuration

LISTS = {4: list(IPV4), 6: list(IPV6)}
ECHO = {4: 8, 6: 128}
REDIRECT = {4: 5, 6: 137}


def ours(lab, node, host, *, family=4, **keys):
    """One of ours, with an address of its own in each subnet."""
    one = lab.router(node, host)
    one.ip("addr", "add", f"2001:db8:1::{host}/64", "dev", "lan0", "nodad")
    return one.start(configuration(**{
        "mac": "virtual", "addresses": LISTS[family], **keys}))


def host(lab, node="host", number=99):
    return Node(lab, node, number, addresses=[
        f"192.0.2.{number}/24", f"2001:db8:1::{number}/64", f"fe80::{number}/64"])


def ping(node, address, count=1, wait=1, *words):
    return run("ip", "netns", "exec", node.namespace, "ping", "-n", "-c", count, "-i", "0.1",
               "-W", wait, *words, address, check=False)


def icmp(frame):
    """Family, type, source and target address (of a redirect: the better next hop)."""
    data = frame.data
    if data[12:14] == b"\x08\x00" and data[23] == 1:
        at = 14 + (data[14] & 15) * 4
        return 4, data[at], str(ipaddress.ip_address(data[26:30])), ""
    if data[12:14] == b"\x86\xdd" and data[20] == 58:
        return 6, data[54], str(ipaddress.ip_address(data[22:38])), str(
            ipaddress.ip_address(data[62:78])) if len(data) >= 78 else ""
    return None


def seen(lab, family, kind, port, since):
    return lab.tap.select(
        lambda frame: icmp(frame) and icmp(frame)[:2] == (family, kind), port=port, since=since)


def solicitations(lab, port, since=0):
    """Source address, target, source MAC and the option's MAC of each Neighbor Solicitation."""
    return [
        (icmp(frame)[2], frame.neighbour[2], frame.source_mac, frame.neighbour[3])
        for frame in lab.tap.select(
            lambda frame: frame.neighbour and frame.neighbour[0] == 135, port=port, since=since)]


def detour(lab, one, family, gateway):
    """Hosts of the LAN whose packets come in through the virtual address and leave to the LAN:
    what left to the next hop, and the redirects. A next hop of link-local scope, as IPv6 wants it.
    """
    client, hop = host(lab), host(lab, "hop", 77)
    far, via = ("198.51.100.9", "192.0.2.77") if family == 4 else ("2001:db8:9::9", "fe80::77")
    one.ip(f"-{family}", "route", "add", far, "via", via, "dev", "lan0")
    client.ip(f"-{family}", "route", "add", far, "via", gateway, "dev", "lan0")
    mark = lab.tap.mark()
    ping(client, far, 4)
    hop_mac = hop.mac()
    passed = [frame for frame in seen(lab, family, ECHO[family], "gw1", mark)
              if frame.destination_mac == hop_mac]
    return passed, [icmp(frame)[2] for frame in seen(lab, family, REDIRECT[family], "gw1", mark)]


@pytest.mark.parametrize("family,gateway", [
    (4, "192.0.2.1"), (6, "fe80::1:1"), (6, "2001:db8:1::1")])
def test_M75_M76_M83_no_redirect_from_another_address(lab, family, gateway):
    """In through the macvlan and out through the interface: to the kernel that is no detour."""
    one = ours(lab, "gw1", 2, family=family)
    one.await_state("active")
    passed, redirects = detour(lab, one, family, gateway)
    assert len(passed) == 4 and redirects == []


def test_M76_mac_interface_redirects_until_told_not_to(lab):
    """What the manual says about `send_redirects`."""
    one = ours(lab, "gw1", 2, mac="interface")
    one.await_state("active")
    passed, redirects = detour(lab, one, 4, "192.0.2.1")
    assert len(passed) == 4 and set(redirects) == {"192.0.2.2"}
    lab.sysctl(one.namespace, "net.ipv4.conf.all.send_redirects=0",
               "net.ipv4.conf.lan0.send_redirects=0")
    mark = lab.tap.mark()
    run("ip", "netns", "exec", f"{lab.prefix}-host", "ping", "-c", "2", "-i", "0.1", "-W", "1",
        "198.51.100.9", check=False)
    assert seen(lab, 4, ECHO[4], "gw1", mark) and not seen(lab, 4, REDIRECT[4], "gw1", mark)


def test_M85_a_solicitation_carries_the_mac_of_its_source(lab):
    """From the virtual router's addresses the virtual MAC address; from the interface's own its
    own, for a host would learn it. Never a virtual address with the interface's MAC address."""
    one = ours(lab, "gw1", 2, family=6)
    one.await_state("active")
    client, mac, own = host(lab), virtual_mac(51, 6), one.mac()
    virtual = {"fe80::1:1", "2001:db8:1::1"}
    device = next(line for line in one.ip("-br", "link").stdout.split() if line.startswith("vrrp6"))
    asked = []
    # Traffic of its own, in the name of the virtual address, and through the macvlan.
    for words in ([], ["-I", "2001:db8:1::1"]):
        one.ip("neigh", "flush", "all")
        mark = lab.tap.mark()
        assert ping(one, "2001:db8:1::99", 1, 2, *words).returncode == 0
        asked += solicitations(lab, "gw1", mark)
    mark = lab.tap.mark()
    assert ping(one, f"fe80::99%{device.split('@')[0]}", 1, 2).returncode == 0
    by_macvlan = solicitations(lab, "gw1", mark)
    assert by_macvlan and all(
        source == "fe80::1:1" and frame == option == mac
        for source, _, frame, option in by_macvlan), by_macvlan
    asked += by_macvlan
    assert asked and {target for _, target, _, _ in asked} <= {"2001:db8:1::99", "fe80::99"}
    for source, _, frame, option in asked:
        assert frame == option == (mac if source in virtual else own), asked
    # And the host is told nothing wrong by them.
    neighbours = client.ip("neigh", "show", "fe80::2").stdout
    assert mac not in neighbours


@pytest.mark.parametrize("everywhere", [False, True], ids=["interface", "all"])
def test_M82_proxy_arp_answers_with_the_virtual_mac(lab, everywhere):
    """Of the Active only, once, and not for hosts that are on the LAN themselves."""
    def prepared(node, number, priority):
        one = lab.router(node, number)
        one.ip("link", "add", "far0", "type", "veth", "peer", "name", "far1")
        one.ip("link", "set", "far0", "up")
        one.ip("link", "set", "far1", "up")
        one.ip("addr", "add", f"198.51.100.{number}/24", "dev", "far0")
        lab.sysctl(one.namespace, f"net.ipv4.conf.{'all' if everywhere else 'lan0'}.proxy_arp=1")
        return one.start(configuration(mac="virtual", priority=priority))

    one, two = prepared("gw1", 2, 200), prepared("gw2", 3, 100)
    one.await_state("active")
    two.await_state("backup")
    host(lab)

    def answers(target):
        mark = lab.tap.mark()
        lab.inject(arp_request(target, source="192.0.2.98", source_mac="02:00:00:00:00:98"))
        # A proxy waits up to 0.8 s before it answers (`proxy_delay`).
        time.sleep(1.3)
        return [(frame.port, frame.arp[1], frame.source_mac) for frame in lab.tap.select(
            lambda frame: frame.arp and frame.arp[0] == 2 and frame.arp[2] == target, since=mark)]

    mac = virtual_mac(51)
    assert answers("198.51.100.9") == [("gw1", mac, mac)]
    assert [port for port, _, _ in answers("192.0.2.99")] == ["host"]
    assert answers("192.0.2.77") == []
    assert answers("192.0.2.1") == [("gw1", mac, mac)]
    assert answers("192.0.2.2") == [("gw1", one.mac(), one.mac())]
    two.stop()
    assert one.stop() == 0
    # What it was told before is so again, on both.
    assert sorted(answers("198.51.100.9")) == [
        (node.node, node.mac(), node.mac()) for node in (one, two)]


def test_M78_M86_an_owner_answers_once_with_its_own_mac(lab):
    """The deviation that the manual names: the address is the interface's, and answered for so."""
    one = lab.router("gw1", 2)
    one.ip("addr", "add", "192.0.2.1/24", "dev", "lan0")
    one.start(configuration(priority="owner"))
    one.await_state("active")
    mark = lab.tap.mark()
    lab.inject(arp_request("192.0.2.1"))
    time.sleep(0.3)
    assert [frame.arp[1] for frame in lab.tap.select(
        lambda frame: frame.arp and frame.arp[0] == 2, since=mark)] == [one.mac()]


def detect_duplicates(lab, node):
    lab.sysctl(node.namespace, *(
        f"net.ipv6.conf.{name}.{key}=1" for name in ("all", "default", "lan0")
        for key in ("accept_dad", "dad_transmits")))




@pytest.mark.parametrize("mac", ["virtual", "interface"])
def test_M89_no_duplicate_address_detection(lab, mac):
    """Detection is on everywhere, and yet a virtual address answers at once."""
    one, two = (lab.router("gw1", 2), lab.router("gw2", 3))
    for node in (one, two):
        detect_duplicates(lab, node)
        # The way to the host is then its own, too, and not as new as the virtual address.
        node.ip("addr", "add", f"2001:db8:1::{node.host}/64", "dev", "lan0", "nodad")
        keys = dict(mac=mac, addresses=list(IPV6))
        node.start(configuration(priority=200 if node is one else 100, **keys))
    one.await_state("active")
    two.await_state("backup")
    client = host(lab)
    monitor = subprocess.Popen(
        ["ip", "netns", "exec", two.namespace, "ip", "-6", "-o", "monitor", "address"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lab.processes.append(monitor)
    told = []
    threading.Thread(target=lambda: told.extend(monitor.stdout), daemon=True).start()
    assert ping(client, "2001:db8:1::1", 1, 2).returncode == 0
    with subprocess.Popen(
            ["ip", "netns", "exec", client.namespace, "ping", "-n", "-i", "0.01", "-w", "3",
             "2001:db8:1::1"], stdout=subprocess.PIPE, text=True):
        time.sleep(0.5)
        one.crash()
        last = one.last_word(two)
        taken = lab.tap.advertisement("gw2", 3, after=last.time)
        reply = lab.tap.wait(
            lambda frame: icmp(frame) and icmp(frame)[:3] == (6, 129, "2001:db8:1::1")
            and frame.time > taken.time, 3, port="gw2", what="answer to a ping")
    # The MAC address stays with `virtual`; with `interface` the host has to be told first.
    assert reply.time - taken.time < 0.05
    eventually(lambda: any("2001:db8:1::1" in line for line in told), 2, "told by the kernel")
    assert not [line for line in told if re.search(r"tentative|dadfailed", line)], told
    for node in ("gw1", "gw2"):
        assert not [entry for entry in solicitations(lab, node)
                    if entry[0] == "::" and entry[1] in ("fe80::1:1", "2001:db8:1::1")]


def test_a_takeover_does_not_wait_for_a_lost_answer(lab):
    """The router has no address of its own in the virtual subnet, so that hosts are asked for from
    the virtual router's new link-local address, which the kernel needs a moment to finish: the
    answer to the first question may be lost, and the second one must not be a second away."""
    one = lab.router("gw2", 3).start(configuration(addresses=list(IPV6), mac="virtual"))
    one.await_state("active")
    host, behind = lab.namespace("host"), lab.namespace("behind")
    lab.attach(host, "host", addresses=["2001:db8:1::9/64"])
    ip("link", "add", "up0", "netns", one.namespace, "type", "veth", "peer", "name", "eth0",
       "netns", behind)
    one.ip("addr", "add", "2001:db8:2::1/64", "dev", "up0", "nodad")
    one.ip("link", "set", "up0", "up")
    ip("addr", "add", "2001:db8:2::9/64", "dev", "eth0", "nodad", namespace=behind)
    ip("link", "set", "eth0", "up", namespace=behind)
    ip("-6", "route", "add", "default", "via", "2001:db8:2::1", namespace=behind)
    with inside(behind):
        sender = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    rival = advertisement(source="fe80::2", priority=200,
                          addresses=[bare_address(address) for address in IPV6])
    stop = threading.Event()

    def stream():
        while not stop.wait(0.001):
            with contextlib.suppress(OSError):
                sender.sendto(b"downstream", ("2001:db8:1::9", 9999))

    thread = threading.Thread(target=stream, daemon=True)
    thread.start()
    try:
        for _ in range(10):
            with lab.inject.stream(rival, 0.1):
                one.await_state("backup")
                time.sleep(0.2)
                mark = lab.tap.mark()
            first = lab.tap.advertisement("gw2", since=mark)
            packet = lab.tap.wait(
                lambda frame: b"downstream" in frame.data, 3, port="gw2", since=mark)
            assert packet.time - first.time < 0.5
    finally:
        stop.set()
        thread.join(5)
        sender.close()
