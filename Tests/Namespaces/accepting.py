"""What the tests of `accept: false` share: routers with something to reach, and who tries."""

import json
import os
import socket
import struct
import subprocess

from frames import ethernet, internet_checksum, ipv4, ipv6, mac as mac_bytes, packed
from lab import Node, inside, run
from settings import IPV4, IPV6, configuration

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
