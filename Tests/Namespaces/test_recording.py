"""`vrrpd --record`, and what `vrrpd --replay` makes of it: the same as the log of that night."""

import json
import os
import pathlib
import re
import shutil
import stat
import time
from datetime import datetime

import pytest

from frames import advertisement
from lab import ROOT, VRRPD, eventually, run
from settings import configuration

FIXTURES = ROOT / "Tests/VRRPRuntimeTests/Recordings"
# What only the office says: it has no part in the engine.
OFFICE = re.compile(r"ready: |recording |configuration reloaded|there is no group")


def recording(lab, node, host, *options, file=None, **keys):
    router = lab.router(node, host)
    router.recording = file or router.directory / "night"
    router.options = ("--record", router.recording, *options)
    return router.start(configuration(**keys))


def replay(path, code=0):
    result = run(VRRPD, "--replay", path, check=False)
    assert code in (None, result.returncode), f"exit {result.returncode}\n{result.stdout}{result.stderr}"
    return result


def told(text):
    """(wall clock, the rest of the line) of every line that comes from the engine."""
    lines = [line.split(" ", 1) for line in text.splitlines()]
    return [(datetime.fromisoformat(when).timestamp(), rest) for when, rest in lines
            if not OFFICE.match(rest.split(": ", 1)[1])]


def same(replayed, logged):
    assert [rest for _, rest in replayed] == [rest for _, rest in logged]
    for (then, line), (now, _) in zip(replayed, logged):
        assert -0.002 <= now - then < 0.5, f"{line}: told {now - then} s late"


def test_a_night_replays_as_it_was_told(lab):
    """Failover and failback, with a daemon that was killed in between."""
    keys = dict(addresses=["192.0.2.1/24"], advertise="100ms")
    one = recording(lab, "gw1", 2, priority=200, **keys)
    two = recording(lab, "gw2", 3, priority=100, **keys)
    one.await_state("active")
    two.await_state("backup")
    time.sleep(0.5)
    one.crash()
    two.await_state("active")
    lab.join("gw1")
    one.start()
    one.await_state("active")
    shown = two.await_state("backup")
    assert one.stop() == 0
    two.await_state("active")
    assert two.stop() == 0

    for router in (one, two):
        assert stat.S_IMODE(router.recording.stat().st_mode) == 0o600
    killed = replay(f"{one.recording}.1")
    assert re.search(r"night\.1:\d+: note: the (last line is cut off|recording ends without)",
                     killed.stderr)
    first, second, other = told(killed.stdout), *(
        told(replay(router.recording).stdout) for router in (one, two))
    same(first + second, told(one.log.read_text()))
    same(other, told(two.log.read_text()))
    assert [re.search(r"→ (\w+): ", line).group(1) for _, line in other if "→" in line] == [
        "Backup", "Active", "Backup", "Active", "Initialize"]
    assert any(shown["reason"]["text"] in line for _, line in other)

    if os.environ.get("VRRP_WRITE_RECORDINGS") == "1":
        shutil.copy(f"{one.recording}.1", FIXTURES / "killed-active.jsonl")
        shutil.copy(one.recording, FIXTURES / "failback-active.jsonl")
        shutil.copy(two.recording, FIXTURES / "failback-backup.jsonl")


def test_interfaces_addresses_and_reload_replay_as_they_were_told(lab):
    one = recording(lab, "gw1", 2, priority=200)
    one.await_state("active")
    one.ip("addr", "del", "192.0.2.1/24", "dev", "lan0")
    eventually(lambda: one.has("192.0.2.1"), 2, "the address is put back")
    lab.carrier("gw1", False)
    one.await_state("initialize")
    lab.carrier("gw1", True)
    one.await_state("active")
    one.write(configuration(priority=150, addresses=["192.0.2.1/24", "192.0.2.7/24"]))
    one.ctl("reload")
    eventually(lambda: one.has("192.0.2.7"), 2, "the new address")
    one.ip("link", "del", "lan0")
    one.await_state("initialize")
    one.attach()
    one.await_state("active")
    assert one.stop() == 0
    replayed = told(replay(one.recording).stdout)
    same(replayed, told(one.log.read_text()))
    assert len(replayed) >= 8


def test_the_lines_are_for_grep(lab):
    one = recording(lab, "gw1", 2, priority=200)
    two = recording(lab, "gw2", 3, priority=100)
    one.await_state("active")
    time.sleep(0.3)
    assert one.stop() == 0 and two.stop() == 0
    lines = two.recording.read_text().splitlines()
    assert [json.loads(line) for line in lines]
    assert lines[0].startswith('{"recording":{') and '"node":"gw2"' in lines[0]
    heard = [line for line in lines if '"receive":{"destination":"224.0.0.18"' in line]
    assert heard and all('"source":"192.0.2.2"' in line for line in heard)
    assert lines[-1] == '{"end":"vrrpd stopped"}'


@pytest.mark.parametrize("where", ["missing/night", "a-link", "a-file"])
def test_what_cannot_be_recorded_is_one_line(lab, where):
    directory = lab.directory
    (directory / "a-file").write_text("precious")
    (directory / "a-link").symlink_to(directory / "target")
    one = recording(lab, "gw1", 2, file=directory / where)
    one.await_state("active")
    lines = [line for line in one.log.read_text().splitlines() if "recording" in line]
    assert len(lines) == 1 and "error: recording stopped: cannot create" in lines[0]
    assert (directory / "a-file").read_text() == "precious"
    assert not (directory / "target").exists()
    assert one.stop() == 0


def test_a_full_disk_ends_the_recording_and_nothing_else(lab):
    disk = lab.directory / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=32k", "none", disk)
    lab.closers.append(lambda: run("umount", disk, check=False))
    one = recording(lab, "gw1", 2, priority=200, advertise="10ms", file=disk / "night")
    one.await_state("active")
    eventually(lambda: "recording stopped" in one.log.read_text(), 20, "the disk is full")
    line, = [line for line in one.log.read_text().splitlines() if "recording stopped" in line]
    assert "No space left on device" in line
    mark = lab.tap.mark()
    lab.tap.advertisement("gw1", 1, since=mark)
    assert one.stop() == 0
    assert "cut off" in replay(disk / "night").stderr


def test_a_damaged_recording_is_told_with_its_line(lab, tmp_path):
    one = recording(lab, "gw1", 2)
    one.await_state("active")
    assert one.stop() == 0
    damaged = tmp_path / "damaged"
    lines = one.recording.read_text().splitlines()
    lines[4] = '{"at":1,"teleport":{}}'
    damaged.write_text("\n".join(lines) + "\n")
    assert replay(damaged, 1).stderr == (
        f"{damaged}:5: `teleport` is no input that this vrrpd knows\n")
    missing = tmp_path / "none"
    assert replay(missing, 1).stderr == (
        f"vrrpd: cannot read the recording {missing}: open: No such file or directory (ENOENT)\n")
    result = run(VRRPD, "--record", "a", "--replay", "b", check=False)
    assert result.returncode == 2 and "exclude each other" in result.stderr


def test_a_flood_is_recorded_or_told(lab):
    """Far more than can be written: what is lost is told, files stay small, the rest replays."""
    one = recording(lab, "gw1", 2, "--record-limit", "1", priority=200)
    one.await_state("active")
    wrong = advertisement(source="192.0.2.9", priority=255, checksum=0x1234)
    count, end = 0, time.monotonic() + 3
    while time.monotonic() < end:
        lab.inject(*[wrong] * 500)
        count += 500
    assert one.show()["state"] == "active"
    one.stop()
    files = [pathlib.Path(f"{one.recording}{suffix}") for suffix in ("", ".1")]
    for file in files:
        assert file.stat().st_size <= 1 << 20
        lost = [json.loads(line)["lost"] for line in file.read_text().splitlines()
                if line.startswith('{"lost"')]
        result = replay(file, 1 if lost else 0)
        assert result.stderr.count("inputs were lost here") == len(lost)
        assert "differs" not in result.stderr
    print(f"\n{count} packets in 3 s: {sum(file.stat().st_size for file in files)} bytes kept")
    assert "vrrpd stops" in replay(files[0], None).stdout
