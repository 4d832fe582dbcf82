"""Swift, C, C++ and Python processes on one bus: each hears and answers each other.

Swift is the command line tool `kbus`, in $KBUS_SWIFT or .build/debug; C is c_peer.c; Python is this process.
"""

import os
import pathlib
import subprocess

import library
import pytest
from frame import M, c_only

kbus = pytest.importorskip("kbus")
TOOL = pathlib.Path(os.environ.get("KBUS_SWIFT", library.ROOT / ".build/debug")) / "kbus"

pytestmark = [
    c_only("Python takes part in it"),
    pytest.mark.skipif(not TOOL.exists(), reason=f"the Swift tool is not built: {TOOL}"),
]


@pytest.fixture(scope="session")
def cxx_program(tmp_path_factory):
    program = tmp_path_factory.mktemp("cxx") / "cxx_peer"
    subprocess.run(
        [os.environ.get("CXX", "c++"), "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", str(library.INCLUDE),
         str(pathlib.Path(__file__).with_name("cxx_peer.cc")), "-o", str(program), "-L", str(library.DIRECTORY), "-lkbus",
         f"-Wl,-rpath,{library.DIRECTORY}"], check=True)
    return program


@pytest.fixture
def start():
    """Starts programs, and ends those that the test leaves."""
    running = []

    def start(*command):
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ended(process):
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    return output


def swift(*words):
    return subprocess.run([str(TOOL), *words], check=True, timeout=30, capture_output=True, text=True).stdout


def test_everybody_answers_everybody(bus, start, cxx_program):
    c = bus.open()
    python = kbus.Ksock(0)
    c.bind("$.In.C", replier=True)
    python.bind("$.In.Python", True)
    start(TOOL, "reply", "$.In.Swift", "in Swift", "--count", "2")
    cxx = start(cxx_program, "3")
    for name in ("$.In.Swift", "$.In.Cxx"):
        python.wait_for_replier(name, 30)

    # Asked by Python.
    assert python.call(kbus.Request("$.In.Swift", "?"), 30).data == b"in Swift"
    assert python.call(kbus.Request("$.In.Cxx", "hello"), 30).data == b"hello in C++"
    python.send_msg(kbus.Request("$.In.C", "from Python"))
    asked = c.read_next()
    assert asked.data == b"from Python"
    c.send(M.reply_to(asked, b"in C"))
    assert python.wait_for_msg(30).data == b"in C"

    # Asked by C.
    for name, answer in (("$.In.Swift", b"in Swift"), ("$.In.Cxx", b"? in C++")):
        c.send(M.request(name, b"?"))
        assert c.wait_for_msg(30).data == answer
    c.send(M.request("$.In.Python", b"from C"))
    asked = python.read_next_msg()
    assert asked.data == b"from C"
    python.send_msg(kbus.reply_to(asked, "in Python"))
    assert c.wait_for_msg(30).data == b"in Python"

    # Asked by Swift.
    assert swift("request", "$.In.Cxx", "?", "--raw") == "? in C++"
    assert ended(cxx) == ""
    asking = start(TOOL, "request", "$.In.Python", "from Swift", "--raw")
    asked = python.wait_for_msg(30)
    assert asked.data == b"from Swift"
    python.send_msg(kbus.reply_to(asked, "in Python"))
    assert ended(asking) == "in Python"
    asking = start(TOOL, "request", "$.In.C", "from Swift", "--raw")
    c.send(M.reply_to(c.wait_for_msg(30), b"in C"))
    assert ended(asking) == "in C"
    python.close()


def test_everybody_hears_the_same_in_the_same_order(bus, start, cxx_program):
    c = bus.open()
    python = kbus.Ksock(0)
    swift_listener = start(TOOL, "listen", "$.From.*", "--count", "31", "--json")
    for k in (c, python):
        k.bind("$.From.*")
    # All listeners are there.
    while len([binding for binding in kbus.read_bindings({}) if binding[2] == "$.From.*"]) < 3:
        assert swift_listener.poll() is None
    start(cxx_program, "0")
    for number in range(10):
        python.send_msg(kbus.Announcement("$.From.Python", str(number)))
        c.send(M.announce("$.From.C", str(number).encode()))
        swift("send", "$.From.Swift", str(number))
    lines = ended(swift_listener).splitlines()
    heard_by_python = [(m.id.serial_num, m.name, m.data) for m in (python.wait_for_msg(30) for _ in range(31))]
    heard_by_c = [(m.id[1], m.name, m.data) for m in (c.wait_for_msg(30) for _ in range(31))]
    assert {name for _, name, _ in heard_by_python} == {"$.From.Python", "$.From.C", "$.From.Cxx", "$.From.Swift"}
    as_c_names_them = [(serial, name if isinstance(name, str) else name.decode(), data) for serial, name, data in heard_by_c]
    assert as_c_names_them == heard_by_python
    assert [f'"0:{serial}"' in line for (serial, _, _), line in zip(heard_by_python, lines)] == [True] * 31
    python.close()
