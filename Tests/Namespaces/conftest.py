"""Fixtures, and the rule that a test that cannot run is a failure where namespaces are required."""

import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import lab as laboratory  # noqa: E402
import peers  # noqa: E402

REQUIRED = os.environ.get("VRRP_REQUIRE_NAMESPACES") == "1"


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures, and wants the machine for itself")

    def stop(number, _):
        raise KeyboardInterrupt(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if REQUIRED and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped where skipping is forbidden: {reason}"


@pytest.fixture(autouse=True)
def root_only():
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")


@pytest.fixture
def bare():
    """A LAN; no daemon of ours needed."""
    one = laboratory.Lab()
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def binaries():
    for program in (laboratory.VRRPD, laboratory.VRRPCTL):
        if not program.exists():
            pytest.skip(f"{program} is not built")


@pytest.fixture
def lab(binaries, bare):
    return bare


@pytest.fixture
def keepalived():
    if not peers.KEEPALIVED.exists():
        pytest.skip("keepalived is not installed")
    return peers.Keepalived


@pytest.fixture
def frr():
    if not (peers.FRR / "vrrpd").exists():
        pytest.skip("FRR's vrrpd is not installed")
    return peers.FRR8
