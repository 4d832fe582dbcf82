"""Runs every case through the C library and through the Python package, and counts them.

    pytest Tests/Faces [--face c|python]

$KBUS_LIB is the directory of libkbus.so and $KBUS_INCLUDE that of its headers; by default this repository's. The
package is the one in $PYTHONPATH, or this repository's.
"""

import faulthandler
import os
import shutil
import signal
import sys

import pytest

import library
from bus import Bus, Sandbox
from frame import Current
from report import Report, case_of

FACES = ("c", "python")
CASE_MAY_TAKE = 90  # seconds


def pytest_addoption(parser):
    parser.addoption("--face", choices=FACES, help="only this face")


def pytest_configure(config):
    config.addinivalue_line("markers", "one_face(face, reason): the case is about this face only")
    # After $PYTHONPATH, which may name another one to try.
    sys.path.append(str(library.PYTHON_PACKAGE))
    os.environ.setdefault("KBUS_LIBRARY", str(library.DIRECTORY / "libkbus.so"))
    config.cases = Report()
    config.sandbox = Sandbox()
    config.add_cleanup(config.sandbox.close)


def pytest_generate_tests(metafunc):
    face = metafunc.config.getoption("face")
    metafunc.parametrize("face_name", [face] if face else FACES)


@pytest.fixture(scope="session")
def c_program(request):
    from c_face import compile_peer

    return compile_peer(str(request.config.sandbox.programs))


@pytest.fixture
def face(is_for_this_run, face_name, request):
    if face_name == "c":
        from c_face import CFace

        return CFace(request.getfixturevalue("c_program"))
    from python_face import PythonFace

    return PythonFace()


@pytest.fixture
def bus(face, request, monkeypatch):
    case = case_of(request.node.function.__name__)
    directory = request.config.sandbox.buses / f"{case}-{face.name}"
    directory.mkdir()
    monkeypatch.setenv("KBUS_DIR", str(directory))
    monkeypatch.setenv("KBUS_CREATE", "")

    def leave_out(what):
        request.config.cases.in_part[face.name][case] = what

    monkeypatch.setattr(Current, "face", face)
    try:
        yield Bus(face, directory, leave_out)
    finally:
        face.close()
        shutil.rmtree(directory)


@pytest.fixture(autouse=True)
def is_for_this_run(face_name, request):
    """Skips a case that is not for this face, or not for this run."""
    for mark in request.node.iter_markers("one_face"):
        only, reason = mark.args
        if face_name != only:
            pytest.skip(reason)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """A case that hangs ends."""
    def hangs(*_):
        raise TimeoutError("the case takes too long")

    old = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(CASE_MAY_TAKE)
    # Should it hang where Python's signals don't reach.
    faulthandler.dump_traceback_later(CASE_MAY_TAKE + 10, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    result = (yield).get_result()
    if case_of(item.function.__name__):
        item.config.cases.add(item.callspec.params["face_name"], item.function.__name__, result)


def pytest_sessionfinish(session, exitstatus):
    if session.config.cases.wrong() and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.section("conformance")
    face = config.getoption("face")
    for name in [face] if face else FACES:
        for line in config.cases.lines(name):
            terminalreporter.write_line(line)
    for line in config.cases.wrong():
        terminalreporter.write_line(line, red=True)
