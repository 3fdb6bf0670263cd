"""The protocol thread allocates nothing in the steady state, Active and Backup."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

from lab import Lab

pytestmark = pytest.mark.alone

SOURCE = pathlib.Path(__file__).with_name("count_allocations.c")
ROUTERS = 20


def counted(lab, library, node, host, **more):
    router = lab.router(node, host)
    router.write({
        "defaults": {"interface": "lan0", "advertise": "10ms",
                     "priority": {"gw1": 200, "gw2": 100}, **more},
        "routers": {f"r{number}": {"vrid": number, "addresses": [f"10.0.{number}.1/32"]}
                    for number in range(1, ROUTERS + 1)}})
    router.process = lab.start(router.namespace, *router.command(), log=router.log,
                               env={**os.environ, "LD_PRELOAD": str(library)})
    return router


def allocations(library, seconds, **more):
    """What both routers allocated from start to end, running for so long between."""
    lab = Lab()
    try:
        both = [counted(lab, library, node, host, **more) for node, host in (("gw1", 2), ("gw2", 3))]
        time.sleep(2 + seconds)
        for router in both:
            router.process.terminate()
        for router in both:
            router.process.wait(5)
        return [int(re.search(r"allocations: (\d+)", router.log.read_text()).group(1))
                for router in both]
    finally:
        lab.close()


@pytest.fixture
def library(binaries, tmp_path):
    compiler = next(filter(None, map(shutil.which, ("clang", "gcc", "cc"))))
    library = tmp_path / "count.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], check=True)
    return library


def test_a_quiet_lan_costs_no_allocation(library):
    short, long = allocations(library, 0), allocations(library, 4)
    packets = 4 * 100 * ROUTERS
    print(f"\nallocations of Active and Backup: {short} without, {long} with {packets} packets more")
    for before, after in zip(short, long):
        # An allocation for every hundredth packet would be 80; start and end vary by a few.
        assert after - before < packets / 100


def test_an_authenticated_packet_costs_what_the_hash_needs(library):
    """Two states of SHA-256, which swift-crypto keeps on the heap; nothing of ours."""
    policy = {"hmac": {"keys": {"1": "s" * 32}, "active": 1, "mode": "enforce"}}
    short, long = (allocations(library, seconds, authentication=policy) for seconds in (0, 4))
    packets = 4 * 100 * ROUTERS
    print(f"\nallocations of Active and Backup: {short} without, {long} with {packets} packets more")
    for before, after in zip(short, long):
        assert 0.9 * packets < after - before < 2.1 * packets
