"""A LAN made of network namespaces: one bridge, routers on its ports, a tap that sees every port.

Everything a lab makes carries the process id in its name, and `close` removes it. Nothing outside
those namespaces is touched.
"""

import atexit
import contextlib
import ctypes
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from frames import Frame

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("VRRP_BINARIES", ROOT / ".build/release"))
VRRPD, VRRPCTL = BINARIES / "vrrpd", BINARIES / "vrrpctl"

SO_TIMESTAMPNS = 35
ETH_P_ALL = 3
PACKET_OUTGOING = 4
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
serial = itertools.count(1)
open_labs = []


@contextlib.contextmanager
def inside(namespace):
    """This thread, and only it, is in the namespace; what it opens stays there."""
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{namespace}") as target:
        if libc.setns(target.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
        try:
            yield
        finally:
            if libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                os._exit(70)  # This thread must never go on in the wrong namespace.


def run(*command, check=True, **options):
    result = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=options.pop("timeout", 30), **options)
    if check and result.returncode != 0:
        raise AssertionError(
            f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    return result


def ip(*words, namespace=None, check=True):
    return run("ip", *(["-n", namespace] if namespace else []), *words, check=check)


def eventually(test, timeout=5.0, what="", every=0.02):
    """Calls `test` until it gives something true; gives that back."""
    deadline = time.monotonic() + timeout
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what or test}")
        time.sleep(every)


def active_down_interval(priority, interval, version=3):
    """Seconds. The interval is the one of the Active Router."""
    return 3 * interval + skew_time(priority, interval, version)


def skew_time(priority, interval, version=3):
    return (256 - priority) / 256 * (interval if version == 3 else 1)


class Tap:
    """Every frame at every port of the bridge, with the kernel's time."""

    def __init__(self, namespace, bridge):
        with inside(namespace):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.bridge = socket.if_nametoindex(bridge)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.settimeout(0.1)
        self.frames, self.arrived, self.closing = [], threading.Condition(), False
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        while not self.closing:
            try:
                data, ancillary, _, address = self.socket.recvmsg(2048, 256)
            except TimeoutError:
                continue
            except OSError:
                return
            name, _, direction = address[0], address[1], address[2]
            stamp = time.time()
            for level, kind, value in ancillary:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("qq", value[:16])
                    stamp = seconds + nanoseconds / 1e9
            if not name.startswith("p-"):
                continue
            frame = Frame(stamp, name[2:], direction == PACKET_OUTGOING, data)
            with self.arrived:
                self.frames.append(frame)
                self.arrived.notify_all()

    def mark(self):
        return len(self.frames)

    def select(self, test=lambda frame: True, *, since=0, port=None, sent=False):
        return [
            frame for frame in self.frames[since:]
            if frame.sent == sent and (port is None or frame.port == port) and test(frame)]

    def advertisements(self, port=None, *, since=0, family=None, after=0.0, priority=None):
        def wanted(frame):
            packet = frame.vrrp
            return (
                packet and frame.time > after and (family is None or packet.family == family)
                and (priority is None or packet.priority == priority))
        return self.select(wanted, since=since, port=port)

    def announcements(self, port=None, *, since=0, after=0.0, address=None):
        return self.select(
            lambda frame: frame.announcement and frame.time > after
            and (address is None or frame.announcement.address == address),
            since=since, port=port)

    def wait(self, test, timeout, *, since=0, port=None, what="", sent=False):
        """The first frame that passes the test."""
        deadline, at = time.monotonic() + timeout, since
        with self.arrived:
            while True:
                while at < len(self.frames):
                    frame = self.frames[at]
                    at += 1
                    if frame.sent == sent and (port is None or frame.port == port) and test(frame):
                        return frame
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(
                        f"no {what or 'such frame'} within {timeout:.3f} s"
                        f" (port {port}); since then: {self.story(since)}")
                self.arrived.wait(left)

    def advertisement(self, port=None, timeout=5.0, *, since=0, priority=None, family=None,
                      after=0.0):
        return self.wait(
            lambda frame: frame.vrrp and frame.time > after
            and (priority is None or frame.vrrp.priority == priority)
            and (family is None or frame.vrrp.family == family),
            timeout, since=since, port=port, what=f"advertisement (priority {priority})")

    def announcement(self, port=None, timeout=5.0, *, since=0, address=None, after=0.0):
        return self.wait(
            lambda frame: frame.announcement and frame.time > after
            and (address is None or frame.announcement.address == address),
            timeout, since=since, port=port, what=f"announcement of {address or 'any address'}")

    def story(self, since=0):
        """What happened, for a failed assertion."""
        lines, origin = [], None
        for frame in self.frames[since:]:
            if frame.sent or not (frame.vrrp or frame.announcement):
                continue
            origin = origin or frame.time
            what = (
                f"v{frame.vrrp.version} vrid {frame.vrrp.vrid} priority {frame.vrrp.priority}"
                f" from {frame.vrrp.source}" if frame.vrrp
                else f"announces {frame.announcement.address} at {frame.announcement.mac}")
            lines.append(f"\n  +{(frame.time - origin) * 1000:9.3f} ms {frame.port}: {what}")
        return "".join(lines[:15] + (["\n  …"] if len(lines) > 30 else []) + lines[15:][-15:]) or "-"

    def close(self):
        self.closing = True
        self.thread.join(2)
        self.socket.close()


class Injector:
    """Puts frames on the LAN as if another port had sent them."""

    def __init__(self, namespace, bridge):
        with inside(namespace):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.bind((bridge, 0))

    def __call__(self, *frames):
        for frame in frames:
            self.socket.send(frame)

    @contextlib.contextmanager
    def stream(self, frame, every):
        """Sends one frame, or those a function gives, at a steady pace until the block ends."""
        stop, source = threading.Event(), frame if callable(frame) else lambda: frame

        def send():
            due = time.monotonic()
            while not stop.is_set():
                self.socket.send(source())
                due += every
                stop.wait(max(0.0, due - time.monotonic()))

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(5)


class Lab:
    """One bridge without snooping, and namespaces on its ports."""

    def __init__(self):
        self.prefix = f"vrrp-test-{os.getpid()}-{next(serial)}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=self.prefix + "-"))
        self.directory.chmod(0o755)
        self.namespaces, self.processes, self.closers = [], [], []
        open_labs.append(self)
        self.lan = self.namespace("lan")
        ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0", "forward_delay", "0",
           namespace=self.lan)
        self.sysctl(self.lan, "net.ipv6.conf.br0.disable_ipv6=1")
        ip("link", "set", "br0", "up", namespace=self.lan)
        self.tap = Tap(self.lan, "br0")
        self.inject = Injector(self.lan, "br0")
        self.closers += [self.tap.close, self.inject.socket.close]

    def namespace(self, name):
        full = f"{self.prefix}-{name}"
        ip("netns", "add", full)
        self.namespaces.append(full)
        self.sysctl(full, "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.forwarding=1",
                    "net.ipv4.ip_forward=1")
        ip("link", "set", "lo", "up", namespace=full)
        return full

    def sysctl(self, namespace, *settings):
        with inside(namespace):
            for setting in settings:
                key, value = setting.split("=")
                pathlib.Path("/proc/sys/" + key.replace(".", "/")).write_text(value)

    def attach(self, namespace, node, interface="lan0", addresses=()):
        """A cable from the namespace's interface to port `node`."""
        port = f"p-{node}"
        ip("link", "add", interface, "netns", namespace, "type", "veth", "peer", "name", port,
           "netns", self.lan)
        self.sysctl(namespace, f"net.ipv6.conf.{interface}.addr_gen_mode=1",
                    f"net.ipv6.conf.{interface}.accept_dad=0")
        self.sysctl(self.lan, f"net.ipv6.conf.{port}.disable_ipv6=1")
        ip("link", "set", port, "master", "br0", "up", namespace=self.lan)
        for address in addresses:
            ip("addr", "add", address, "dev", interface, *(["nodad"] if ":" in address else []),
               namespace=namespace)
        ip("link", "set", interface, "up", namespace=namespace)

    def cut(self, node):
        """The switch drops everything of this port; the carrier stays."""
        ip("link", "set", f"p-{node}", "nomaster", namespace=self.lan)

    def join(self, node):
        ip("link", "set", f"p-{node}", "master", "br0", namespace=self.lan)

    def carrier(self, node, up):
        ip("link", "set", f"p-{node}", "up" if up else "down", namespace=self.lan)

    def start(self, namespace, *command, log, **options):
        """A process of ours in a namespace; killed when the lab closes."""
        with open(log, "ab") as output:
            process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *(str(word) for word in command)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
        self.processes.append(process)
        return process

    def router(self, node="gw1", host=2, **options):
        return Router(self, node, host, **options)

    def close(self):
        if self not in open_labs:
            return
        open_labs.remove(self)
        for close in reversed(self.closers):
            with contextlib.suppress(Exception):
                close()
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                if process.poll() is None:
                    process.send_signal(signal.SIGCONT)
                    process.kill()
                process.wait(5)
        for namespace in reversed(self.namespaces):
            ip("netns", "del", namespace, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)


class Node:
    """A namespace with a leg on the LAN; what runs in it is for subclasses to say."""

    def __init__(self, lab, node, host, *, interface="lan0", attach=True, addresses=None):
        self.lab, self.node, self.host, self.interface = lab, node, host, interface
        self.address, self.link_local = f"192.0.2.{host}", f"fe80::{host}"
        self.namespace = lab.namespace(node)
        self.directory = lab.directory / node
        self.directory.mkdir()
        self.log = self.directory / "log"
        self.log.touch()
        self.addresses = addresses if addresses is not None else [
            f"{self.address}/24", f"{self.link_local}/64"]
        if attach:
            self.attach()

    def attach(self):
        self.lab.attach(self.namespace, self.node, self.interface, self.addresses)

    def ip(self, *words, check=True):
        return ip(*words, namespace=self.namespace, check=check)

    def installed(self, interface=None):
        """Addresses with prefix in the kernel, on one interface or on all."""
        found = json.loads(ip("-j", "addr", "show", namespace=self.namespace).stdout)
        return [
            f"{entry['local']}/{entry['prefixlen']}" for link in found
            if interface is None or link.get("ifname") == interface
            for entry in link.get("addr_info", []) if "local" in entry]

    def has(self, address):
        return any(entry.split("/")[0] == address for entry in self.installed())

    def mac(self):
        return json.loads(self.ip("-j", "link", "show", self.interface).stdout)[0]["address"]

    def advertisements(self, **options):
        return self.lab.tap.advertisements(self.node, **options)

    def last_word(self, to):
        """The last advertisement that reached `to`. Between the cut and the end of the process one
        more may leave this router and go nowhere: the limit does not count from that one."""
        return self.lab.tap.select(lambda frame: frame.vrrp, port=to.node, sent=True)[-1]

    def kill(self):
        raise NotImplementedError

    def crash(self):
        """Power loss: nothing more comes from here, not even a last word."""
        self.lab.cut(self.node)
        self.kill()


class Router(Node):
    """Our daemon in its namespace."""

    process = None

    def __init__(self, lab, node, host, **options):
        super().__init__(lab, node, host, **options)
        self.file, self.socket = self.directory / "vrrpd.yaml", self.directory / "vrrpd.sock"
        self.state = self.directory / "state"
        self.state.mkdir()

    def write(self, configuration):
        """A mapping becomes JSON, which is YAML; text stays as it is."""
        if not isinstance(configuration, str):
            configuration = json.dumps(configuration, indent=2)
        self.file.write_text(configuration + "\n")

    def command(self, *extra):
        return [VRRPD, "--config", self.file, "--node", self.node, "--control-socket", self.socket,
                "--state-directory", self.state, *extra]

    def start(self, configuration=None, wait=True):
        if configuration is not None:
            self.write(configuration)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        path = self.directory / "notify"
        path.unlink(missing_ok=True)
        notify.bind(str(path))
        notify.settimeout(10)
        self.started = time.time()
        self.process = self.lab.start(
            self.namespace, *self.command(), log=self.log,
            env={**os.environ, "NOTIFY_SOCKET": str(path)})
        try:
            while wait and b"READY=1" not in notify.recv(4096):
                pass
        except TimeoutError:
            raise AssertionError(f"vrrpd did not tell that it is ready:\n{self.tail()}") from None
        finally:
            notify.close()
        return self

    def tail(self, count=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def ctl(self, *words, code=0, user=None):
        prefix = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        result = run(*(prefix if user else []), VRRPCTL, "--socket", self.socket, *words,
                     check=False)
        if code is not None:
            assert result.returncode == code, (
                f"vrrpctl {' '.join(map(str, words))}: exit {result.returncode}, wanted {code}\n"
                f"{result.stdout}{result.stderr}\n{self.tail(15)}")
        return result

    def ask(self, *words):
        return json.loads(self.ctl("--json", *words).stdout)

    def show(self, name="lan", family=None):
        for router in self.ask("show")["routers"]:
            if router["name"] in (name, f"{name}/{family}") and family in (None, router["family"]):
                return router
        raise AssertionError(f"no router {name} in show")

    def counters(self):
        """Counters of the first router and of the whole daemon."""
        answer = self.ask("stats")
        return {
            scope: {key: value for key, value in values.items() if isinstance(value, int)}
            for scope, values in (("router", answer["routers"][0]["statistics"]),
                                  ("global", answer.get("global", {})))}

    def await_state(self, state, timeout=5.0, name="lan", family=None):
        seen = {}

        def reached():
            seen.update(self.show(name, family))
            return seen["state"] == state

        try:
            eventually(reached, timeout, f"{self.node} {state}")
        except AssertionError:
            raise AssertionError(
                f"{self.node} is not {state} after {timeout} s but {seen.get('state')}"
                f" ({seen.get('reason')}):{self.lab.tap.story()}\n{self.tail()}") from None
        return seen

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait(5)

    def stop(self, timeout=5.0):
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(timeout)


def close_all():
    for lab in list(open_labs):
        lab.close()


atexit.register(close_all)
