"""What a forwarded packet costs the kernel: with vrrpd Active, and with the address put on by hand.

One processor does it all: a packet socket sends a burst into one end of a cable, and the call ends
when the router has forwarded the burst and the far end has thrown it away. `pytest -s` prints the
figures.
"""

import contextlib
import ctypes
import os
import socket
import statistics
import time

import pytest

from frames import ethernet, ipv4, ipv6, mac as mac_bytes, virtual_mac
from lab import eventually, inside, ip, libc, run
from settings import IPV4, IPV6, configuration

pytestmark = pytest.mark.alone

BURST = 64  # Far below `netdev_max_backlog`, so that nothing is lost.
BURSTS = 300
ROUNDS = 11
FAR = {4: "198.51.100.9", 6: "2001:db8:9::9"}
SOURCE = {4: "192.0.2.99", 6: "2001:db8:1::99"}


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = [
        ("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(Vector)), ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int), ("padding", ctypes.c_int), ("sent", ctypes.c_uint32)]


class Flood:
    """The same frame, a burst in one system call."""

    def __init__(self, namespace, interface, frame):
        with inside(namespace):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.bind((interface, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
        self.frame = ctypes.create_string_buffer(frame, len(frame))
        self.vector = Vector(ctypes.addressof(self.frame), len(frame))
        self.messages = (Message * BURST)(*(
            Message(None, 0, ctypes.pointer(self.vector), 1, None, 0, 0, 0)
            for _ in range(BURST)))

    def nanoseconds(self):
        """For each packet, the median of many bursts: what comes in between costs a few only."""
        number, bursts = self.socket.fileno(), []
        for _ in range(BURSTS):
            start = time.perf_counter_ns()
            sent = libc.sendmmsg(number, self.messages, BURST, 0)
            bursts.append((time.perf_counter_ns() - start) / BURST)
            assert sent == BURST, os.strerror(ctypes.get_errno())
        return statistics.median(bursts)


class Path:
    """A cable to a router, the router, a cable to where packets end."""

    def __init__(self, lab, router, family):
        self.lab, self.router, self.family = lab, router, family
        name = router.node
        self.client, self.sink = lab.namespace(f"{name}-client"), lab.namespace(f"{name}-sink")
        for ours, theirs, other in (("lan0", "out0", self.client), ("far0", "sink0", self.sink)):
            ip("link", "add", ours, "netns", router.namespace, "type", "veth", "peer", "name",
               theirs, "netns", other)
            lab.sysctl(other, f"net.ipv6.conf.{theirs}.disable_ipv6=1")
            lab.sysctl(router.namespace, f"net.ipv6.conf.{ours}.addr_gen_mode=1",
                       f"net.ipv6.conf.{ours}.accept_dad=0")
            ip("link", "set", theirs, "up", namespace=other)
            router.ip("link", "set", ours, "up")
        for address in ("192.0.2.2/24", "fe80::2/64", "2001:db8:1::2/64"):
            self.add(address, "lan0")
        self.add("198.51.100.2/24", "far0")
        self.add("2001:db8:9::2/64", "far0")
        # To an address that is not the far end's: thrown away at once.
        router.ip("neigh", "add", FAR[family], "lladdr", "02:00:00:00:00:77", "dev", "far0")

    def add(self, address, interface):
        self.router.ip("addr", "add", address, "dev", interface,
                       *(["nodad"] if ":" in address else []))

    def flood(self, destination):
        packet = (ipv4(bytes(22), SOURCE[4], FAR[4], ttl=64, tos=0, protocol=253)
                  if self.family == 4 else
                  ipv6(bytes(22), SOURCE[6], FAR[6], hop_limit=64, next_header=253,
                       traffic_class=0))
        return Flood(self.client, "out0", ethernet(
            packet, mac_bytes(destination), mac_bytes("02:00:00:00:00:99"),
            0x0800 if self.family == 4 else 0x86DD))

    def forwarded(self):
        with inside(self.router.namespace), open("/proc/thread-self/net/dev") as lines:
            return next(int(line.split()[10]) for line in lines if line.strip().startswith("far0:"))


def on_the_interface(path):
    for address in (IPV4 if path.family == 4 else IPV6):
        path.add(address, "lan0")
    return path.router.mac()


def on_a_macvlan(path):
    destination = virtual_mac(51, path.family)
    path.router.ip("link", "add", "hand0", "link", "lan0", "address", destination, "type",
                   "macvlan", "mode", "bridge")
    path.lab.sysctl(path.router.namespace, "net.ipv6.conf.hand0.addr_gen_mode=1",
                    "net.ipv6.conf.hand0.accept_dad=0")
    path.router.ip("link", "set", "hand0", "up")
    for address in (IPV4 if path.family == 4 else IPV6):
        path.router.ip("addr", "add", address, "dev", "hand0", "noprefixroute",
                       *(["nodad"] if path.family == 6 else []))
    return destination


def by_vrrpd(mac):
    def start(path):
        path.router.start(configuration(
            mac=mac, advertise="1s", addresses=list(IPV4 if path.family == 4 else IPV6)))
        path.router.await_state("active", 10)
        return virtual_mac(51, path.family) if mac == "virtual" else path.router.mac()
    return start


SIDES = {
    "by hand, interface": on_the_interface,
    "vrrpd, mac: interface": by_vrrpd("interface"),
    "by hand, macvlan": on_a_macvlan,
    "vrrpd, mac: virtual": by_vrrpd("virtual"),
}


@contextlib.contextmanager
def one_processor():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("family", [4, 6])
def test_a_forwarded_packet_costs_what_it_costs_without_vrrpd(lab, family):
    paths = {name: Path(lab, lab.router(f"gw{number}", 2, attach=False), family)
             for number, name in enumerate(SIDES)}
    floods = {name: paths[name].flood(prepare(paths[name])) for name, prepare in SIDES.items()}
    # What the sender itself costs: frames to nobody's address.
    nobody = next(iter(paths.values())).flood("02:00:00:00:00:55")
    time.sleep(6)  # The announcements are over.
    results = {name: [] for name in ("nobody", *floods)}
    with one_processor():
        for flood in (nobody, *floods.values()):
            flood.nanoseconds()
        before = {name: path.forwarded() for name, path in paths.items()}
        for number in range(ROUNDS):
            turn = [("nobody", nobody), *floods.items()]
            for name, flood in turn if number % 2 else reversed(turn):
                results[name].append(flood.nanoseconds())
    for name, path in paths.items():
        sent = ROUNDS * BURSTS * BURST
        eventually(lambda: path.forwarded() - before[name] >= sent, 2, f"{name}: all forwarded")
    base = statistics.median(results.pop("nobody"))
    medians = {name: statistics.median(values) for name, values in results.items()}
    print(f"\nIPv{family}, ns a packet, {ROUNDS} rounds of {BURSTS * BURST}: forwarding"
          f" (min … max); sending alone, {base:.0f}, is taken off")
    for name, values in results.items():
        print(f"  {name:24} {medians[name] - base:6.0f}"
              f" ({min(values) - base:.0f} … {max(values) - base:.0f})")
    for kind in ("interface", "virtual"):
        other = "by hand, interface" if kind == "interface" else "by hand, macvlan"
        ratio = (medians[f"vrrpd, mac: {kind}"] - base) / (medians[other] - base)
        assert ratio < 1.25, (kind, ratio, results)


@pytest.mark.parametrize("mac", ["virtual", "interface"])
def test_no_tap(lab, mac):
    """A packet socket that receives costs every packet that passes a clone."""
    one = lab.router("gw1", 2).start(configuration(mac=mac))
    one.await_state("active")
    handlers = run("ip", "netns", "exec", one.namespace, "cat", "/proc/net/ptype").stdout
    assert "ip_rcv" in handlers
    assert "packet_rcv" not in handlers and "ALL" not in handlers, handlers
