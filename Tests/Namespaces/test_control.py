"""The control socket: an independent client, rude clients, rights, exit codes."""

import json
import socket
import subprocess
import threading
import time

import pytest

from lab import VRRPCTL, eventually, run
from settings import configuration

varlink = pytest.importorskip("varlink")


@pytest.fixture
def active(lab):
    one = lab.router("gw2", 3).start(configuration())
    one.await_state("active")
    return one


@pytest.fixture
def client(active):
    with varlink.Client(address=f"unix:{active.socket}") as one:
        yield one


def gaps(lab, mark):
    times = [frame.time for frame in lab.tap.advertisements("gw2", since=mark)]
    return [after - before for before, after in zip(times, times[1:])]


def test_an_independent_client_reads_and_reloads(active, client):
    with client.open("io.vrrpd") as service:
        shown = service.Show()
        assert "lan" in json.dumps(shown) and "active" in json.dumps(shown)
        assert "advertisements_sent" in json.dumps(service.Statistics())
        assert service.Version()
        service.Reload()
    assert active.show()["state"] == "active"


def test_introspection(client):
    assert "io.vrrpd" in client.get_interfaces()
    interface = client.get_interface("io.vrrpd")
    for method in ("Show", "Statistics", "Version", "Reload"):
        assert method in interface.get_description()


def connect(router):
    one = socket.socket(socket.AF_UNIX)
    one.connect(str(router.socket))
    one.settimeout(3)
    return one


def call(router, method, **parameters):
    with connect(router) as one:
        one.sendall(json.dumps({"method": method, "parameters": parameters}).encode() + b"\0")
        data = b""
        while not data.endswith(b"\0"):
            piece = one.recv(65536)
            if not piece:
                break
            data += piece
        return json.loads(data.rstrip(b"\0"))


def test_unknown_methods_and_interfaces_have_their_errors(active):
    assert call(active, "io.vrrpd.Nonsense")["error"] == "org.varlink.service.MethodNotFound"
    assert call(active, "io.nobody.Show")["error"] == "org.varlink.service.InterfaceNotFound"
    assert call(active, "org.varlink.service.GetInfo")["parameters"]["interfaces"]


@pytest.mark.parametrize("rudeness", ["rubbish", "half", "huge", "deaf", "many"])
def test_a_rude_client_hurts_nobody_else(lab, active, rudeness):
    mark, held = lab.tap.mark(), []
    if rudeness == "rubbish":
        for data in (b"\0", b"hello\0", b"[1,2]\0", b'{"method":7}\0', b"\xff\xfe" * 500 + b"\0",
                     b'{"method":"io.vrrpd.Show","parameters":[]}\0', b"[" * 100_000 + b"\0"):
            one = connect(active)
            one.sendall(data)
            held.append(one)
    elif rudeness == "half":
        one = connect(active)
        one.sendall(b'{"method":"io.vrr')
        held.append(one)
    elif rudeness == "huge":
        one = connect(active)

        def pour():
            try:
                for _ in range(64):
                    one.sendall(b'"' + b"x" * 65535)
            except OSError:
                pass

        thread = threading.Thread(target=pour, daemon=True)
        thread.start()
        held.append(one)
    elif rudeness == "deaf":
        one = connect(active)
        one.settimeout(1)
        try:
            for _ in range(20_000):
                one.sendall(b'{"method":"io.vrrpd.Show"}\0')
        except OSError:
            pass
        held.append(one)
    else:
        for _ in range(300):
            try:
                held.append(connect(active))
            except OSError:
                break
        for one in held:
            one.close()
        held = []
    for _ in range(10):
        assert active.show()["state"] == "active"
        time.sleep(0.1)
    assert max(gaps(lab, mark)) < 0.19
    for one in held:
        one.close()
    assert active.show()["state"] == "active"


def test_everyone_may_look_and_only_the_entitled_may_change(active):
    active.ctl("show", user="nobody")
    active.ctl("--json", "stats", user="nobody")
    active.ctl("reload", user="nobody", code=4)
    active.ctl("reload")


def test_behind_the_observe_socket_nothing_can_be_changed(lab):
    one = lab.router("gw2", 3)
    watching = one.directory / "observe.sock"
    one.start(configuration(top={"control": {"observe-socket": str(watching)}}))
    for word, code in (("show", 0), ("stats", 0), ("reload", 4)):
        assert run(VRRPCTL, "--socket", watching, word, check=False).returncode == code
    one.ctl("reload")


def test_exit_codes(lab, active):
    active.ctl("is-active", "lan", code=0)
    active.ctl("show", "nobody", code=5)
    active.ctl("is-active", "nobody", code=5)
    active.ctl("show", "--nonsense", code=2)
    active.ctl("is-active", code=2)
    active.ctl("version", code=0)
    two = lab.router("gw1", 2).start(configuration(priority=200))
    two.await_state("active")
    active.await_state("backup")
    active.ctl("is-active", "lan", code=1)
    active.stop()
    for words in (["show"], ["is-active", "lan"], ["reload"], ["stats"]):
        result = active.ctl(*words, code=3)
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr


def test_show_for_people(active):
    table = active.ctl("show").stdout
    assert "lan" in table and "active" in table.lower() and "\x1b" not in table
    assert active.ctl().stdout.splitlines()[0] == table.splitlines()[0]
    detail = active.ctl("show", "lan").stdout
    for word in ("192.0.2.1", "51", "100"):
        assert word in detail


def test_the_json_of_show_has_the_promised_members(active):
    answer = active.ask("show")
    assert answer["schema"] == "vrrpd/show/1"
    assert {"node", "pid", "version", "time", "routers"} <= answer.keys()
    assert answer["node"] == "gw2" and answer["pid"] == active.process.pid
    router = answer["routers"][0]
    promised = {
        "name", "family", "interface", "vrid", "version", "group", "state", "since", "since_ms",
        "reason", "is_owner", "preempt", "accept", "mac", "device", "priority", "active_router",
        "timers", "addresses", "routes", "trackers", "statistics"}
    assert promised <= router.keys(), promised - router.keys()
    assert {"base", "effective", "fault", "parts"} <= router["priority"].keys()
    assert {"advertise_ms", "skew_us", "active_down_ms"} <= router["timers"].keys()
    assert router["timers"]["skew_us"] == pytest.approx(60937.5, abs=1)
    assert router["timers"]["active_down_ms"] == pytest.approx(360.9375, abs=0.01)
    assert router["active_router"]["self"] is True
    assert active.ask("stats")["schema"] == "vrrpd/statistics/1"


def test_standard_output_closed_early_is_no_crash(active):
    shell = subprocess.run(
        ["bash", "-c", f"{VRRPCTL} --socket {active.socket} show lan | head -c 1 >/dev/null;"
                       " echo ${PIPESTATUS[0]}"], capture_output=True, text=True, timeout=10)
    assert "Fatal" not in shell.stderr
    assert shell.stdout.strip() in ("0", "141")


def test_the_socket_of_a_killed_daemon_is_taken_over(active):
    active.kill()
    active.start()
    active.await_state("active")


def test_help_and_version_need_no_daemon(binaries):
    assert run(VRRPCTL, "--help").stdout
    eventually(lambda: run(VRRPCTL, "--socket", "/nonexistent", "show", check=False).returncode == 3)
