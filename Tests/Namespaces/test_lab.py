"""The instruments themselves: builders against golden bytes, tap and peers against each other."""

import json
import time

import pytest

import frames
from lab import ROOT, active_down_interval

VECTORS = json.loads((ROOT / "Tests/VRRPWireTests/vectors.json").read_text())["vectors"]


@pytest.mark.parametrize(
    "vector", [one for one in VECTORS if one["name"].startswith("v")], ids=lambda one: one["name"])
def test_the_parser_reads_golden_frames_and_the_builder_makes_them(vector):
    data = bytes.fromhex(vector["frame"])
    frame = frames.Frame(0.0, "x", False, data)
    packet = frame.vrrp
    if packet is None or vector["name"].endswith(("trailer", "lie")):
        return
    if "bad-checksum" in vector["name"]:
        assert not packet.checksum
        return
    flavour = vector["cksum"]
    family = 6 if packet.family == 6 else 4
    assert packet.checksum, vector["name"]
    tail = packet.message[8 + packet.count * (4 if family == 4 else 16):]
    built = frames.advertisement(
        source=packet.source, destination=packet.destination, checksum=flavour, ttl=packet.ttl,
        version=packet.version, kind=packet.kind, vrid=packet.vrid, priority=packet.priority,
        addresses=packet.addresses, interval=packet.interval, reserve=packet.reserve,
        auth_type=packet.auth_type,
        ethernet_source=frame.source_mac, ethernet_destination=frame.destination_mac,
        **({"auth_data": tail} if packet.version == 2 else {"trailing": tail}))
    assert frames.Frame(0.0, "x", False, built).vrrp.message == packet.message
    if packet.tos == 0xC0:
        assert built == data


def test_arp_and_neighbour_frames_match_the_golden_ones():
    golden = {one["name"]: bytes.fromhex(one["frame"]) for one in VECTORS}
    arp = frames.Frame(0.0, "x", False, golden["garp-rfc9568"]).announcement
    assert (arp.address, arp.mac) == ("192.0.2.1", "00:00:5e:00:01:01")
    neighbour = frames.Frame(0.0, "x", False, golden["una-global"]).announcement
    assert (neighbour.address, neighbour.mac, neighbour.flags) == (
        "2001:db8:1::1", "00:00:5e:00:02:01", 5)
    host = frames.Frame(0.0, "x", False, golden["arp-request-host"])
    built = frames.Frame(0.0, "x", False, frames.arp_request("192.0.2.1"))
    assert built.arp[4] == host.arp[4] == "192.0.2.1"


@pytest.mark.parametrize("version,interval,addresses", [
    (3, 0.1, ("192.0.2.1/24",)),
    (3, 0.1, ("fe80::1:1/64", "2001:db8:1::1/64")),
    (2, 1, ("192.0.2.1/24",)),
], ids=["v3", "v6", "v2"])
def test_two_keepaliveds_in_the_lab(bare, keepalived, version, interval, addresses):
    one, two = keepalived(bare, "gw1", 2), keepalived(bare, "gw2", 3)
    two.start(priority=100, interval=interval, version=version, addresses=addresses)
    first = bare.tap.advertisement("gw2", 8, priority=100)
    assert "192.0.2.3" == first.vrrp.source or first.vrrp.source == "fe80::3"
    assert first.vrrp.checksum == ({"pseudo"} if version == 3 else {"rfc3768"})
    one.start(priority=200, interval=interval, version=version, addresses=addresses)
    bare.tap.advertisement("gw1", 8, priority=200)
    time.sleep(interval * 3)
    last = one.advertisements()[-1]
    assert two.advertisements(after=last.time - 1.5 * interval) == []
    one.crash()
    last = one.last_word(two)
    taken = bare.tap.advertisement("gw2", 8, after=last.time)
    limit = active_down_interval(100, interval, version)
    assert limit - 0.01 < taken.time - last.time < limit + 0.1
    bare.tap.announcement("gw2", 2, address=addresses[0].split("/")[0], after=last.time)


@pytest.mark.parametrize("addresses", [
    ("192.0.2.1/24",), ("fe80::1:1/64", "2001:db8:1::1/64")], ids=["v4", "v6"])
def test_frr_and_keepalived_in_the_lab(bare, keepalived, frr, addresses):
    one, two = frr(bare, "gw1", 2), keepalived(bare, "gw2", 3)
    one.start(priority=200, addresses=addresses)
    two.start(priority=100, addresses=addresses)
    bare.tap.advertisement("gw1", 10, priority=200)
    time.sleep(0.6)
    last = one.advertisements()[-1]
    assert two.advertisements(after=last.time - 0.3) == []
    one.crash()
    last = one.last_word(two)
    bare.tap.advertisement("gw2", 3, after=last.time)


def test_the_injector_reaches_every_router_at_its_pace(bare, keepalived):
    two = keepalived(bare, "gw2", 3).start(priority=100)
    bare.tap.advertisement("gw2", 5)
    frame = frames.advertisement(priority=200, checksum="rfc5798")
    with bare.inject.stream(frame, 0.1):
        bare.tap.wait(lambda one: one.vrrp and one.vrrp.priority == 200, 2, port="gw2", sent=True)
        time.sleep(0.5)
        mark = bare.tap.mark()
        time.sleep(1)
        assert two.advertisements(since=mark) == []
        sent = bare.tap.select(lambda one: one.vrrp, since=mark, port="gw2", sent=True)
        assert 8 <= len(sent) <= 12
    bare.tap.advertisement("gw2", 2, since=bare.tap.mark())
