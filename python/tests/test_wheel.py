"""The wheel: built, installed into a fresh environment, and used from there."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
LIBRARY = os.environ.get("KBUS_LIBRARY") or str(PROJECT.parent / "libkbus.so")

ROUND_TRIP = """
import kbus
assert kbus.__file__.startswith(sys.prefix), kbus.__file__
asking, answering = kbus.Ksock(0), kbus.Ksock(0)
answering.bind('$.Ask', True)
asking.send_msg(kbus.Request('$.Ask', '?'))
answering.send_msg(kbus.reply_to(answering.read_next_msg(), 'yes'))
print(asking.read_next_msg().data)
print(kbus._library.lib._name)
"""


def build(directory, library):
    """Builds the wheel from a copy of what is under version control, so that no other build shows."""
    source = directory / "python"
    for path in [
        "pyproject.toml",
        "setup.py",
        "README.md",
        *PROJECT.glob("src/kbus/*.py"),
        PROJECT / "src/kbus/py.typed",
    ]:
        target = source / (PROJECT / path).relative_to(PROJECT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((PROJECT / path).read_bytes())
    return subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(directory), str(source)],
        env=dict(os.environ, KBUS_LIBRARY=library),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.skipif(not os.path.exists(LIBRARY), reason="no library to put into a wheel")
def test_the_wheel_carries_the_library(tmp_path, child):
    built = build(tmp_path, LIBRARY)
    assert built.returncode == 0, built.stdout
    (wheel,) = tmp_path.glob("*.whl")
    machine = os.uname().machine
    assert wheel.name.startswith("kbus-0.1.0-py3-none-") and wheel.name.endswith("linux_%s.whl" % machine)
    with zipfile.ZipFile(wheel) as contents:
        names = set(contents.namelist())
        assert contents.read("kbus/libkbus.so.1") == Path(LIBRARY).read_bytes()
    assert {"kbus/__init__.py", "kbus/ksock.py", "kbus/messages.py", "kbus/py.typed"} <= names
    assert not [name for name in names if "test" in name]

    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    # No kbus but the installed one; and that finds its own library, whatever else is said.
    bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    bare["KBUS_LIBRARY"] = str(tmp_path / "nothing.so")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(environment), "install", "--quiet", "--no-deps", str(wheel)],
        env=bare,
        check=True,
    )
    one = child(ROUND_TRIP, python=str(environment / "bin" / "python"), env=bare, cwd=str(tmp_path))
    lines = one.rest()
    assert lines[0] == "b'yes'", lines
    assert lines[1].startswith(str(environment)) and lines[1].endswith("kbus/libkbus.so.1")
    assert one.wait() == 0


def test_without_the_library_the_build_says_what_to_run(tmp_path):
    built = build(tmp_path, str(tmp_path / "nothing.so"))
    assert built.returncode != 0
    assert "run `make libkbus.so` at the top of the repository" in built.stdout
