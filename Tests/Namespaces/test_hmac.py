"""Authenticated advertisements: the trailer on the wire, computed here a second time with Python's
HMAC, what is thrown away, keys changed while routers run, and secrets that nobody can read."""

import base64
import hashlib
import hmac
import ipaddress
import json
import struct
import time

import pytest

from frames import advertisement, internet_checksum, message, packed, pseudo_header
from lab import VRRPD, active_down_interval, eventually, run, skew_time
from settings import IPV4, IPV6, configuration

TEXT = "a-secret-that-nobody-may-ever-see-one"
SECRETS = {1: TEXT.encode(), 2: bytes(range(100, 164))}
WRITTEN = {1: TEXT, 2: "hex:" + SECRETS[2].hex()}
OWN = {4: "192.0.2.3", 6: "fe80::3"}
PEER = {4: "192.0.2.2", 6: "fe80::2"}
STRANGER = {4: "192.0.2.9", 6: "fe80::9"}
LISTS = {4: IPV4, 6: IPV6}
TRAILER = 28
families = pytest.mark.parametrize("family", [4, 6])


def policy(mode="enforce", active=1, keys=(1, 2)):
    return {"hmac": {"keys": {str(key): WRITTEN[key] for key in keys}, "active": active, "mode": mode}}


def router(family=4, mode="enforce", active=1, keys=(1, 2), **more):
    return configuration(**{
        "addresses": list(LISTS[family]), "mac": "interface",
        "authentication": policy(mode, active, keys), **more})


def addresses(family):
    return [address.split("/")[0] for address in LISTS[family]]


def tag(secret, source, body, head):
    """The body's checksum is taken for zero, whatever stands there."""
    pseudo = bytes([ipaddress.ip_address(source).version, body[0] >> 4, body[1], 0])
    pseudo += packed(source).ljust(16, b"\0")
    signed = pseudo + body[:6] + b"\0\0" + body[8:] + head + bytes(16)
    return hmac.new(secret, signed, hashlib.sha256).digest()[:16]


def stamp(offset=0.0):
    now = time.time() + offset
    return int(now) << 32 | int(now % 1 * 65536) << 16


def forged(family=4, *, key=1, secret=None, at=None, kind=1, reserved=0, source=None, signed=None,
           signer=None, flip=None, **fields):
    """An advertisement with a trailer. `signed` and `signer`: fields and a source that the tag was
    made for instead; `flip`: a bit of the trailer that is turned. Its checksum is right in any case."""
    source = source or STRANGER[family]
    fields = {"priority": 200, "addresses": addresses(family), **fields}
    body = message(**fields)
    head = struct.pack("!BBHQ", kind, key, reserved, stamp() if at is None else at)
    trailer = bytearray(head + tag(
        secret or SECRETS.get(key, TEXT.encode()), signer or source, message(**{**fields, **(signed or {})}),
        head))
    if flip is not None:
        trailer[flip // 8] ^= 0x80 >> flip % 8
    return advertisement(
        source=source, trailing=bytes(trailer), checksum=internet_checksum(body) if family == 4
        else None, **fields)


def verify(frame, keys=SECRETS):
    """The key and the stamp of an advertisement as it was seen."""
    packet = frame.vrrp
    data = packet.message
    size = 8 + packet.count * (4 if packet.family == 4 else 16) + (8 if packet.version == 2 else 0)
    assert len(data) == size + TRAILER
    body, trailer = data[:size], data[size:]
    kind, key, reserved, when = struct.unpack("!BBHQ", trailer[:12])
    assert (kind, reserved) == (1, 0)
    assert trailer[12:] == tag(keys[key], packet.source, body, trailer[:12])
    if packet.family == 4:
        assert internet_checksum(body) == 0, "IPv4: the checksum ends before the trailer"
    else:
        whole = pseudo_header(packet.source, packet.destination, len(data)) + data
        assert internet_checksum(whole) == 0, "IPv6: the checksum covers the trailer"
    assert abs((when >> 32) + (when >> 16 & 0xFFFF) / 65536 - frame.time) < 0.5
    return key, when


def verified(frames, key=1):
    """All of one sender; every stamp is later than the one before."""
    assert frames
    last = 0
    for frame in frames:
        found, when = verify(frame)
        assert found == key and when > last
        last = when


def settled(one, two, family=4):
    one.await_state("active", name="lan")
    two.await_state("backup", name="lan")
    time.sleep(0.4)


def reload(one, configuration):
    one.write(configuration)
    one.ctl("reload")
    time.sleep(0.35)


def transitions(*routers):
    return [one.counters()["router"]["became_active"] for one in routers]


def mistakes(one):
    return one.counters()["router"]["authentication_errors"]


ways = pytest.mark.parametrize(
    "family, way",
    [(family, way) for family in (4, 6) for way in ("interface", "virtual", "unicast")]
    + [(4, "version 2"), (4, "both")])


@ways
def test_two_routers_that_enforce(lab, family, way):
    more = {"interface": {}, "virtual": {"mac": "virtual"},
            "unicast": {"unicast": {"gw1": PEER[family], "gw2": OWN[family]}},
            "version 2": {"version": "2", "advertise": "1s"}, "both": {"version": "both"}}[way]
    interval = 1 if way == "version 2" else 0.1
    one = lab.router("gw1", 2).start(router(family, priority=200, **more))
    two = lab.router("gw2", 3).start(router(family, **more))
    settled(one, two)
    assert two.show()["active_router"]["address"] == PEER[family]
    mark = lab.tap.mark()
    assert one.stop() == 0
    farewell = lab.tap.advertisement("gw1", priority=0, since=mark)
    two.await_state("active")
    first = lab.tap.advertisement("gw2", after=farewell.time)
    assert first.time - farewell.time < skew_time(100, interval) + 0.1
    time.sleep(0.4)
    verified(lab.tap.advertisements("gw1"))
    verified(lab.tap.advertisements("gw2"))
    assert mistakes(two) == 0
    if way == "both":
        assert {frame.vrrp.version for frame in lab.tap.advertisements()} == {2, 3}
    assert all(frame.vrrp.checksum for frame in lab.tap.advertisements(family=6))


def test_different_secrets_are_two_active_routers_and_both_say_so(lab):
    one = lab.router("gw1", 2).start(router(priority=200))
    written = router()
    written["routers"]["lan"]["authentication"]["hmac"]["keys"]["1"] = TEXT + "!"
    two = lab.router("gw2", 3).start(written)
    one.await_state("active")
    two.await_state("active")
    for each in (one, two):
        eventually(lambda: mistakes(each) > 2, 3, "counted")
        assert "its authentication is wrong: another secret" in each.log.read_text()


@families
def test_keys_are_introduced_and_changed_without_a_takeover(lab, family):
    plain = configuration(addresses=list(LISTS[family]), mac="interface")
    strong, weak = dict(priority=200), dict(priority=100)
    one, two = lab.router("gw1", 2), lab.router("gw2", 3)
    one.start({**plain, "routers": {"lan": {**plain["routers"]["lan"], **strong}}})
    two.start(plain)
    settled(one, two)
    before = transitions(one, two)
    steps = [dict(mode="receive-only", keys=(1,)), dict(mode="permissive", keys=(1,)),
             dict(mode="enforce", keys=(1,)), dict(mode="enforce", keys=(1, 2)),
             dict(mode="enforce", keys=(1, 2), active=2), dict(mode="enforce", keys=(2,), active=2)]
    for step in steps:
        for each, more in ((two, weak), (one, strong)):
            reload(each, router(family, **step, **more))
            assert (one.show()["state"], two.show()["state"]) == ("active", "backup"), step
        shown = one.show()
        assert (shown["authentication"], shown["authentication_mode"], shown["authentication_key"]
                ) == ("hmac", step["mode"], step.get("active", 1))
    assert transitions(one, two) == before and lab.tap.advertisements("gw2") == []
    assert mistakes(one) == mistakes(two) == 0
    verify(lab.tap.advertisements("gw1")[-1])
    # A router that left the configuration says good-bye with its own key.
    mark = lab.tap.mark()
    gone = router(family, keys=(1,))
    gone["routers"] = {"other": {**gone["routers"]["lan"], "vrid": 77}}
    reload(one, gone)
    farewell = lab.tap.advertisement("gw1", priority=0, since=mark)
    assert verify(farewell)[0] == 2 and farewell.vrrp.vrid == 51
    two.await_state("active")


def bad(family):
    """What a router that enforces throws away, and what it says about it."""
    old = stamp(-30)
    yield "no trailer", advertisement(
        source=STRANGER[family], priority=255, addresses=addresses(family)), "has no authentication"
    yield "wrong secret", forged(family, secret=SECRETS[2], priority=255), "another secret"
    yield "unknown key", forged(family, key=9, priority=255), "key 9, which is not configured"
    yield "priority changed", forged(
        family, priority=255, signed={"priority": 100}), "another secret"
    yield "other sender", forged(
        family, priority=255, signer=PEER[family]), "another secret"
    yield "type", forged(family, kind=2, priority=255), "type 2 instead of 1"
    yield "reserved", forged(family, reserved=1, priority=255), "authentic"
    yield "zero tag", forged(family, priority=255)[:-16] + bytes(16) if family == 4 else forged(
        family, flip=150, priority=255), "another secret"
    for flip in (8, 40, 70, 95, 96, 223):
        yield f"bit {flip}", forged(family, flip=flip, priority=255), "authentic"
    yield "older", forged(family, at=old, priority=250), "not later than one that was heard"


@families
def test_what_an_active_router_does_not_obey(lab, family):
    one = lab.router("gw2", 3).start(router(family))
    one.await_state("active")
    # The stranger is known, and weaker: what it says next must be later.
    lab.inject(forged(family, priority=50))
    eventually(lambda: one.counters()["router"]["advertisements_received"] == 1, 2, "heard")
    for count, (what, frame, said) in enumerate(bad(family), start=1):
        lab.inject(frame)
        eventually(lambda: mistakes(one) == count, 2, what)
        eventually(lambda: said in one.log.read_text(), 2, f"{what}: {said}")
    assert one.show()["state"] == "active"
    assert transitions(one) == [1]
    again = forged(family, priority=210)
    lab.inject(again)
    one.await_state("backup")
    assert one.show()["active_router"]["address"] == STRANGER[family]


@families
def test_a_backup_is_not_kept_quiet_by_replays(lab, family):
    """Recorded advertisements of an Active Router that is gone, again and again."""
    one = lab.router("gw1", 2).start(router(family, priority=200))
    two = lab.router("gw2", 3).start(router(family))
    settled(one, two)
    recorded = [frame.data for frame in lab.tap.advertisements("gw1")][-5:]
    one.crash()
    last = one.last_word(two)
    turns = iter(range(10**9))
    with lab.inject.stream(lambda: recorded[next(turns) % 5], 0.03):
        two.await_state("active")
        first = lab.tap.advertisement("gw2", after=last.time)
        assert first.time - last.time < active_down_interval(100, 0.1) + 0.1
        time.sleep(0.3)
        assert two.show()["state"] == "active"
    assert mistakes(two) > 5
    # A reload that changes no key forgets none of it.
    before = mistakes(two)
    reload(two, router(family, priority=90))
    lab.inject(*recorded)
    eventually(lambda: mistakes(two) == before + 5, 2, "still known")


@pytest.mark.parametrize("mode", ["receive-only", "permissive"])
def test_on_the_way_who_has_no_trailer_is_heard_and_who_has_a_wrong_one_is_not(lab, mode):
    one = lab.router("gw2", 3).start(router(mode=mode))
    one.await_state("active")
    for frame in lab.tap.advertisements("gw2"):
        if mode == "permissive":
            verify(frame)
        else:
            assert len(frame.vrrp.message) == 12 and frame.vrrp.checksum == {"plain"}
    lab.inject(forged(secret=SECRETS[2], priority=255), forged(key=9, priority=255))
    eventually(lambda: mistakes(one) == 2, 2, "wrong ones are counted")
    assert one.show()["state"] == "active"
    with lab.inject.stream(advertisement(source=STRANGER[4], priority=150), 0.1):
        one.await_state("backup")
    one.await_state("active")
    with lab.inject.stream(lambda: forged(key=2, priority=150), 0.1):
        one.await_state("backup")
    assert mistakes(one) == 2


def test_who_has_no_keys_discards_a_trailer_for_its_length(lab):
    one = lab.router("gw2", 3).start(configuration())
    one.await_state("active")
    lab.inject(forged(priority=255))
    eventually(lambda: one.counters()["router"]["length_errors"] == 1, 2, "a length error")
    assert one.show()["state"] == "active" and mistakes(one) == 0


def test_secrets_are_in_no_output(lab):
    one = lab.router("gw2", 3)
    night = one.directory / "night"
    one.options = ("--record", night)
    one.start(router())
    one.await_state("active")
    lab.inject(forged(priority=50), forged(secret=SECRETS[2]), forged(key=9), advertisement())
    outputs = [one.ctl(*words).stdout for words in (
        ("show",), ("show", "lan"), ("--json", "show"), ("stats",), ("--json", "stats"))]
    assert "hmac, enforce, key 1" in "".join(outputs)
    wrong = router(active=7)
    wrong["routers"]["lan"]["authentication"]["hmac"]["keys"]["1"] = TEXT[:20]
    one.write(wrong)
    result = one.ctl("reload", code=None)
    assert result.returncode != 0 and "32 to 64 bytes; this one has 20" in (
        result.stdout + result.stderr)
    outputs += [result.stdout, result.stderr]
    assert one.show()["authentication_key"] == 1, "the old one runs on"
    reload(one, router(keys=(2,), active=2, mode="permissive"))
    outputs += [one.ctl("show", "lan").stdout]
    assert one.stop() == 0
    replayed = run(VRRPD, "--replay", night)
    outputs += [replayed.stdout, replayed.stderr]
    files = [file for file in one.directory.rglob("*")
             if file.is_file() and file != one.file]
    outputs += [file.read_text(errors="replace") for file in files]
    assert any('"hmac"' in output and '"apply"' in output for output in outputs), "it was recorded"
    for secret in SECRETS.values():
        forms = [secret.hex(), base64.b64encode(secret).decode()[:20],
                 json.dumps(list(secret))[1:30], ",".join(map(str, secret))[:30],
                 secret.decode(errors="replace")[:20]]
        for output in outputs:
            assert not any(form.lower() in output.lower() for form in forms)
