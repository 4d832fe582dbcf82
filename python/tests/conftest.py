"""A private directory of buses for each test, and child processes that never outlive the tests."""

import faulthandler
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from processes import Child, guarded_directory

WATCHDOG_S = 120


@pytest.fixture(scope="session")
def buses():
    """A directory for the files of all tests."""
    with guarded_directory("kbus-python-") as directory:
        yield directory


@pytest.fixture(autouse=True)
def bus(buses, monkeypatch):
    """A directory of its own for each test, where bus 0 is made when it is opened."""
    faulthandler.dump_traceback_later(WATCHDOG_S, exit=True)
    directory = tempfile.mkdtemp(dir=buses)
    monkeypatch.setenv("KBUS_DIR", directory)
    monkeypatch.setenv("KBUS_CREATE", "--max-message-size 409600")
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    yield directory
    faulthandler.cancel_dump_traceback_later()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def child():
    """Starts a Python process: child(code, *arguments)."""
    children = []

    def start(code, *arguments, python=sys.executable, **options):
        children.append(Child(code, *arguments, python=python, **options))
        return children[-1]

    yield start
    for one in children:
        one.end()


@pytest.fixture
def rosencrantz():
    import kbus

    with kbus.Ksock(0) as ksock:
        yield ksock


@pytest.fixture
def guildenstern(rosencrantz):
    import kbus

    with kbus.Ksock(0) as ksock:
        yield ksock
