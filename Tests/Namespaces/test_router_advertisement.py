"""`router-advertisement`: real Linux hosts learn their IPv6 gateway from the Active router, and keep
it when another one takes over."""

import json
import random
import struct
import time

import pytest

from frames import (ethernet, internet_checksum, ipv6, mac as mac_bytes, multicast_mac, packed,
                    virtual_mac)
from lab import VRRPD, eventually, ip, run
from settings import configuration

GATEWAY, PREFIX, RESOLVER = "fe80::1:1", "2001:db8:1::/64", "2001:db8:1::53"
ADDRESSES = [f"{GATEWAY}/64", "2001:db8:1::1/64"]
SETTINGS = {"interval": "4s", "lifetime": "1200s", "prefixes": [PREFIX], "mtu": 1400,
            "dns": [RESOLVER]}
VMAC = virtual_mac(51, 6)


def ours(lab, node, host, *, priority, mac="virtual", advertisement=SETTINGS, **keys):
    if advertisement is not None:
        keys["router_advertisement"] = advertisement
    return lab.router(node, host).start(configuration(
        priority=priority, mac=mac, **{"addresses": ADDRESSES, **keys}))


def message_of(frame):
    """The ICMPv6 message of a frame; empty for all else."""
    packet = frame.data[14:]
    if frame.data[12:14] != b"\x86\xdd" or len(packet) < 41 or packet[6] != 58:
        return b""
    return packet[40:40 + struct.unpack_from("!H", packet, 4)[0]]


def is_advertisement(frame):
    return message_of(frame)[:1] == b"\x86"


def told(lab, port=None, since=0):
    return lab.tap.select(is_advertisement, port=port, since=since)


def lifetime(frame):
    return struct.unpack_from("!H", message_of(frame), 6)[0]


def first_told(lab, port, timeout, since=0):
    return lab.tap.wait(
        is_advertisement, timeout, since=since, port=port, what="router advertisement")


def solicitation(source="fe80::99", source_mac="02:00:00:00:00:99", *, hop_limit=255, kind=133,
                 option=None, group="ff02::2", damage=False):
    body = struct.pack("!BBHI", kind, 0, 0, 0)
    body += b"\x01\x01" + mac_bytes(source_mac) if option is None else option
    head = packed(source) + packed(group) + struct.pack("!IHBB", len(body), 0, 0, 58)
    checksum = internet_checksum(head + body) ^ (0x5555 if damage else 0)
    body = body[:2] + struct.pack("!H", checksum) + body[4:]
    packet = ipv6(body, source, group, next_header=58, traffic_class=0, hop_limit=hop_limit)
    return ethernet(packet, multicast_mac(group), mac_bytes(source_mac), 0x86DD)


class Host:
    """A Linux host that believes routers; what it knows is asked of its kernel."""

    def __init__(self, lab, name="host"):
        self.namespace = lab.namespace(name)
        lab.sysctl(self.namespace, "net.ipv6.conf.all.forwarding=0",
                   "net.ipv6.conf.default.accept_ra=1", "net.ipv6.conf.default.autoconf=1")
        lab.attach(self.namespace, name)
        # `attach` gives no link-local address by itself; without one a kernel asks nobody.
        lab.sysctl(self.namespace, "net.ipv6.conf.lan0.addr_gen_mode=0")
        ip("link", "set", "lan0", "down", namespace=self.namespace)
        ip("link", "set", "lan0", "up", namespace=self.namespace)

    def routes(self):
        text = ip("-6", "-j", "route", "show", "default", namespace=self.namespace).stdout
        return [(route.get("gateway"), route.get("protocol"))
                for route in json.loads(text or "[]")]

    def addresses(self):
        links = json.loads(
            ip("-6", "-j", "addr", "show", "dev", "lan0", "scope", "global",
               namespace=self.namespace).stdout)
        return [entry["local"] for link in links for entry in link.get("addr_info", [])
                if "local" in entry]

    def lladdr(self):
        text = ip("-6", "-j", "neigh", "show", GATEWAY, namespace=self.namespace).stdout
        return [entry.get("lladdr") for entry in json.loads(text or "[]")]

    def has_all(self):
        return (self.routes() == [(GATEWAY, "ra")]
                and any(text.startswith("2001:db8:1:") for text in self.addresses()))


def test_M45_M90_M91_a_host_learns_its_router_and_keeps_it(lab):
    one, two = ours(lab, "gw1", 2, priority=200), ours(lab, "gw2", 3, priority=100)
    one.await_state("active")
    two.await_state("backup")
    first = first_told(lab, "gw1", 3)
    became = [frame for frame in lab.tap.advertisements("gw1") if frame.time <= first.time]
    assert first.time - became[0].time < 0.1, "the first one at once"
    host = Host(lab)
    eventually(host.has_all, 6, "the host has a default route and an address")
    eventually(lambda: host.lladdr() == [VMAC], 2, "the neighbour entry of its router")
    for frame in told(lab):
        message = message_of(frame)
        assert frame.port == "gw1" and frame.source_mac == VMAC
        assert frame.destination_mac == multicast_mac("ff02::1").hex(":")
        packet = frame.data[14:]
        assert packet[8:24] == packed(GATEWAY) and packet[24:40] == packed("ff02::1")
        assert packet[7] == 255 and lifetime(frame) == 1200
        assert message[16:24] == b"\x01\x01" + mac_bytes(VMAC)
        assert b"\x05\x01\0\0" + struct.pack("!I", 1400) in message
        assert packed(PREFIX.split("/")[0]) in message and packed(RESOLVER) in message
    said = {frame.data for frame in told(lab, "gw1")}
    assert len(said) == 1

    # M33: the Backup is silent, also when it is asked.
    assert told(lab, "gw2") == []
    mark = lab.tap.mark()
    one.stop()
    handed = first_told(lab, "gw2", 3, since=mark)
    taken = lab.tap.advertisement("gw2", 1, since=mark)
    assert 0 <= handed.time - taken.time < 0.1, "the new Active at once"
    assert host.has_all()
    time.sleep(1)
    assert host.has_all() and host.lladdr() == [VMAC]
    assert {frame.data for frame in told(lab, "gw2")} == said, "byte for byte the same"
    assert told(lab, "gw1", since=mark) == [], "no last word"
    back = lab.tap.mark()
    one.start()
    one.await_state("active")
    first_told(lab, "gw1", 3, since=back)
    assert [lifetime(frame) for frame in told(lab)].count(0) == 0
    assert host.has_all()
    counted = one.show()["statistics"]["router_advertisements_sent"]
    assert counted >= 1
    assert f"router_advertisements_sent {counted}" in one.ctl("show", "lan").stdout or (
        one.show()["statistics"]["router_advertisements_sent"] > counted)
    assert two.show()["statistics"]["router_advertisements_sent"] == len(told(lab, "gw2"))


def test_a_crash_is_covered_without_a_gap(lab):
    one, two = ours(lab, "gw1", 2, priority=200), ours(lab, "gw2", 3, priority=100)
    one.await_state("active")
    two.await_state("backup")
    host = Host(lab)
    eventually(host.has_all, 6, "learnt")
    mark = lab.tap.mark()
    one.crash()
    first_told(lab, "gw2", 3, since=mark)
    assert host.has_all() and host.lladdr() == [VMAC]
    assert 0 not in [lifetime(frame) for frame in told(lab)]


def test_solicitations_are_answered_within_half_a_second(lab):
    slow = {**SETTINGS, "interval": "1800s", "lifetime": "9000s"}
    one = ours(lab, "gw1", 2, priority=200, advertisement=slow)
    two = ours(lab, "gw2", 3, priority=100, advertisement=slow)
    one.await_state("active")
    two.await_state("backup")
    first = first_told(lab, "gw1", 3)
    time.sleep(3.1)
    for source, option in (("fe80::99", None), ("::", b"")):
        mark, asked = lab.tap.mark(), time.time()
        lab.inject(solicitation(source, option=option))
        answer = first_told(lab, "gw1", 1, since=mark)
        assert answer.time - asked <= 0.55 and answer.data == first.data
        time.sleep(3.1)
    # A flood makes no flood: three seconds between two answers.
    mark = lab.tap.mark()
    with lab.inject.stream(solicitation(), 0.002):
        time.sleep(7)
    times = [frame.time for frame in told(lab, "gw1", since=mark)]
    assert 2 <= len(times) <= 3
    assert all(later - earlier >= 2.99 for earlier, later in zip(times, times[1:]))
    assert told(lab, "gw2") == [], "M33: a Backup answers nothing"
    assert one.show()["state"] == "active" and two.show()["state"] == "backup"


def test_wrong_solicitations_are_counted_and_not_answered(lab):
    slow = {**SETTINGS, "interval": "1800s", "lifetime": "9000s"}
    one = ours(lab, "gw1", 2, priority=200, advertisement=slow)
    one.await_state("active")
    first_told(lab, "gw1", 3)
    time.sleep(3.1)
    mark = lab.tap.mark()
    chance = random.Random(51)
    wrong = [
        solicitation(hop_limit=64), solicitation(option=b"\x01\x00" + bytes(6)),
        solicitation("::"), solicitation(option=b"\x01\x05" + bytes(6))]
    wrong += [solicitation(option=bytes([chance.randrange(256), 0]) + chance.randbytes(6))
              for _ in range(20)]
    lab.inject(*wrong)
    eventually(lambda: one.counters()["global"]["solicitation_errors"] == len(wrong), 2, "counted")
    # The kernel keeps for itself what has a wrong checksum or is another message.
    lab.inject(solicitation(damage=True), solicitation(kind=128), solicitation(kind=136))
    time.sleep(1)
    assert told(lab, since=mark) == []
    assert one.counters()["global"]["solicitation_errors"] == len(wrong)


@pytest.mark.parametrize("mac", ["virtual", "interface"])
def test_reload_adds_it_and_takes_it_away(lab, mac):
    one = ours(lab, "gw1", 2, priority=200, mac=mac, advertisement=None)
    one.await_state("active")
    time.sleep(0.5)
    assert told(lab) == []

    def reload(advertisement):
        keys = {} if advertisement is None else {"router_advertisement": advertisement}
        one.write(configuration(priority=200, mac=mac, addresses=ADDRESSES, **keys))
        mark = lab.tap.mark()
        answer = one.ask("reload")
        assert [change["disturbance"] for change in answer["changed"]] == ["none"]
        return mark

    mark = reload(SETTINGS)
    frame = first_told(lab, "gw1", 1, since=mark)
    own = VMAC if mac == "virtual" else one.mac()
    assert frame.source_mac == own and message_of(frame)[18:24] == mac_bytes(own)
    host = Host(lab)
    eventually(host.has_all, 6, "learnt")
    # The manual's way to take a router from its hosts, and to give it back.
    reload({**SETTINGS, "lifetime": "0s"})
    eventually(lambda: host.routes() == [], 5, "no default router any more")
    reload(SETTINGS)
    eventually(host.has_all, 5, "again")
    mark = reload(None)
    time.sleep(0.2)
    lab.inject(solicitation())
    time.sleep(4.5)
    assert told(lab, since=mark) == [], "removed in silence"
    assert host.has_all(), "the host keeps its router until the lifetime is over"
    assert one.show()["state"] == "active"


def test_a_recording_with_it_replays(lab):
    one = lab.router("gw1", 2)
    file = one.directory / "night"
    one.options = ("--record", file)
    one.start(configuration(
        priority=200, mac="virtual", addresses=ADDRESSES, router_advertisement=SETTINGS))
    one.await_state("active")
    first_told(lab, "gw1", 3)
    lab.inject(solicitation())
    time.sleep(1)
    assert one.stop() == 0
    assert '"solicited":{' in file.read_text()
    replayed = run(VRRPD, "--replay", file)
    assert "Active" in replayed.stdout and "differs" not in replayed.stderr


def test_the_kernel_copies_solicitations_only(lab):
    """Other ICMPv6, of which a router gets much, does not even reach the socket's queue."""
    one = ours(lab, "gw1", 2, priority=200)
    one.await_state("active")
    first_told(lab, "gw1", 3)
    pid = one.ask("show")["pid"]

    def sockets():
        with open(f"/proc/{pid}/net/raw6") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        return [row for row in rows if row[1].endswith(":003A")]

    assert sockets(), "a socket for ICMPv6"
    one.process.send_signal(19)  # SIGSTOP: what arrives stays in the queue.
    try:
        eventually(lambda: open(f"/proc/{pid}/stat").read().split()[2] == "T", 2, "stopped")
        lab.inject(*[solicitation(kind=kind) for kind in (128, 129, 134, 135, 136, 143)] * 50)
        time.sleep(0.3)
        assert all(row[4] == "00000000:00000000" for row in sockets())
        lab.inject(solicitation())
        eventually(lambda: any(row[4] != "00000000:00000000" for row in sockets()), 2, "queued")
    finally:
        one.process.send_signal(18)
    one.write(configuration(priority=200, mac="virtual", addresses=ADDRESSES))
    one.ctl("reload")
    eventually(lambda: not sockets(), 2, "closed when nobody answers any more")
