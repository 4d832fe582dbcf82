"""What README.md shows of each language works as it stands there, and prints what it says."""

import os
import pathlib
import re
import subprocess
import sys

import kbus
import library
import pytest
from frame import c_only
from test_mixed_languages import SWIFT, WITHIN, until

README = (library.ROOT / "README.md").read_text()

pytestmark = c_only("all languages take part in it")


def section(title):
    return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)[1]


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def indented(text):
    """The blocks that are indented: commands, and what programs print."""
    return [re.sub("^    ", "", block, flags=re.MULTILINE)
            for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)]


def output_of(*command, **keywords):
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **keywords)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture
def fresh_bus(bus, monkeypatch):
    """Where bus 0 is made when it is first opened, with no options."""
    monkeypatch.delenv("KBUS_CREATE")
    return bus


@pytest.fixture
def tool():
    assert (SWIFT / "kbus").exists(), f"{SWIFT}/kbus is missing; `swift build --build-tests` builds it"
    return SWIFT / "kbus"


def test_swift(fresh_bus, tmp_path):
    first, *others = blocks(section("Swift"), "swift")
    # The others go on from things that a program has; they must compile.
    things = "(ui: Ksock, decoder: Ksock, lines: [String], show: (borrowing RawSpan) -> Void) async throws"
    imports = "".join(re.findall(r"^import .*\n", "".join(others), re.MULTILINE))
    bodies = [re.sub(r"^import .*\n", "", block, flags=re.MULTILINE) for block in others]
    functions = "".join(f"func goOn{number}{things} {{\n{body}}}\n" for number, body in enumerate(bodies))
    program = tmp_path / "main.swift"
    program.write_text(imports + first + functions)
    # Those that the tool is linked from: others may have been left by sources that are gone.
    linked = (SWIFT / "kbus.product/Objects.LinkFileList").read_text().split()
    objects = [path.strip("'") for path in linked if "/KBUSShm.build/" in path or "/CShm.build/" in path]
    objects += sorted((SWIFT / "KBUSShmAsync.build").glob("*.o"))
    output_of("swiftc", "-swift-version", "6", "-I", SWIFT / "Modules", "-Xcc", f"-fmodule-map-file={SWIFT}/CShm.build/module.modulemap",
              program, *objects, "-o", tmp_path / "readme")
    assert output_of(tmp_path / "readme") == indented(section("Swift"))[0]


def test_c(fresh_bus, tool, tmp_path):
    program, = blocks(section("C and C++"), "c")
    (tmp_path / "listen.c").write_text(program)
    output_of("make", "--no-print-directory", "install", f"PREFIX={tmp_path}", cwd=library.ROOT)
    command = next(block for block in indented(section("C and C++")) if block.startswith("cc "))
    compile_and_run, elsewhere = command.strip().split("# and elsewhere: ")
    # A terminal, since that is where it is pasted: lines come as they are printed.
    ours, terminal = os.openpty()
    listening = subprocess.Popen(
        ["sh", "-c", compile_and_run.replace("./listen", "exec ./listen")], cwd=tmp_path, stdout=terminal,
        env={**os.environ, "PKG_CONFIG_PATH": str(tmp_path / "lib/pkgconfig"), "LD_LIBRARY_PATH": str(tmp_path / "lib")})
    os.close(terminal)
    try:
        until(lambda: listening.poll() is None and kbus.read_bindings({}), "nobody listens")
        output_of("sh", "-c", elsewhere, env={**os.environ, "PATH": f"{SWIFT}:{os.environ['PATH']}"})
        printed = os.read(ours, 1000).decode()
        assert printed == "<Announcement '$.Sensors.Kitchen' id=[0:1] from=2 data=21.5>\r\n"
    finally:
        listening.kill()
        listening.wait()
        os.close(ours)


def test_python(fresh_bus):
    program, = blocks(section("Python"), "python")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    printed = output_of(sys.executable, "-c", program, env=environment)
    start, end = re.search(r"# (<Reply .*), \.\.\. (.*>)$", program, re.MULTILINE).groups()
    assert printed.startswith(start) and printed.endswith(end + "\n") and printed.count("\n") == 1


def test_shell(fresh_bus, tool, tmp_path):
    lines = indented(section("From the shell"))[0].splitlines()
    build = lines.pop(0)
    assert build.startswith("swift build")
    # Not so long as a second, and as long as it takes. Pasted, the jobs live on at the prompt.
    sleep = "sleep() { until kbus bindings | grep -q Sensors; do :; done; }"
    script = "\n".join(["set -e", sleep, *lines, "kill %1", "wait"])
    trace = tmp_path / "trace"
    try:
        printed = output_of("bash", "-xc", f"exec 2>{trace}\n{script}", env={**os.environ, "PATH": f"{SWIFT}:{os.environ['PATH']}"})
    except TimeoutError:
        processes = subprocess.run(["ps", "-eo", "pid,ppid,stat,wchan:20,args"], capture_output=True, text=True).stdout
        pytest.fail(f"it hangs:\n{trace.read_text()[-2000:]}\n" + "\n".join(re.findall(".*kbus.*", processes)))
    assert "<Announcement '$.Sensors.Kitchen', id=[0:1], from=2, data=b'21.5'>" in printed
    assert "data=b'it is late'" in printed
    assert "EPIPE" in printed
    assert pathlib.Path(os.environ["KBUS_DIR"], "kbus0").exists()
