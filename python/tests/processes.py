"""Child processes of the tests."""

import contextlib
import ctypes
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

DEADLINE_S = 60
HERE = os.path.dirname(os.path.abspath(__file__))

_PR_SET_PDEATHSIG = 1

_PRELUDE = """
import sys
sys.path.append(%r)
from processes import die_with_parent
die_with_parent(%d)
sys.argv[1:] = %r
"""


def die_with_parent(deadline_s):
    """Lets this process die with the one that started it, and by itself if nobody ends it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.alarm(deadline_s)
    # Whoever is started in the background ignores it, and so would we.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def guarded_directory(prefix):
    """A directory for buses. A guard removes it, also if the tests are killed: its input ends then."""
    directory = tempfile.mkdtemp(prefix=prefix, dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    guard = subprocess.Popen(
        ["sh", "-c", 'trap "" INT TERM; cat > /dev/null; rm -rf "$1"', "guard", directory],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        guard.stdin.close()
        guard.wait()


def until_undisturbed(pid):
    """Returns when no thread of a process is woken any more, nor runs: in a while in which one that looks now and then would look."""
    end = time.monotonic() + DEADLINE_S
    before = None
    while _wakes(pid) != before:
        assert time.monotonic() < end, "it is woken again and again: %s" % before
        before = _wakes(pid)
        time.sleep(0.3)


def _wakes(pid):
    """How often each thread went to sleep or was stopped, and how long it ran."""
    wakes = {}
    for task in Path("/proc/%d/task" % pid).iterdir():
        # One that ends meanwhile is a change as well.
        with contextlib.suppress(OSError):
            status = (task / "status").read_text().splitlines()
            wakes[task.name] = (task / "schedstat").read_text(), [line for line in status if "ctxt_switches" in line]
    return wakes


class Child:
    """A Python process whose output (stderr is part of it) is read line by line."""

    def __init__(self, code, *arguments, python=sys.executable, **options):
        self.process = subprocess.Popen(
            [python, "-u", "-c", _PRELUDE % (HERE, 2 * DEADLINE_S, list(arguments)) + code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
            **options,
        )
        self._lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def tell(self, *lines):
        for line in lines:
            self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def line(self):
        """The next line that it prints; None when it has ended."""
        return self._lines.get(timeout=DEADLINE_S)

    def rest(self):
        """All lines that it prints until it ends."""
        return list(iter(self.line, None))

    def until_asleep(self):
        """Returns when its main thread sleeps in the kernel."""
        end = time.monotonic() + DEADLINE_S
        while self._state() != "S":
            assert time.monotonic() < end
            time.sleep(0.001)

    def _state(self):
        with open("/proc/%d/task/%d/stat" % (self.process.pid, self.process.pid)) as stat:
            return stat.read().rpartition(")")[2].split()[0]

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait(self):
        """Its exit code."""
        return self.process.wait(DEADLINE_S)

    def end(self):
        self.kill()
        self._reader.join()
        self.process.stdin.close()
        self.process.stdout.close()
