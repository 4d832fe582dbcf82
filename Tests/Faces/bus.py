"""The bus that a case runs on, and the directory that it lives in."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile

OPTIONS = "--max-message-size 409600"


class Bus:
    """A directory of buses, and one face to use them through.

    Bus 0 is made when it is first needed, with `options`, the text of options for a new bus; $KBUS_CREATE has them for
    the buses that the library makes by itself.
    """

    def __init__(self, face, directory: pathlib.Path, leave_out) -> None:
        self.face = face.name
        self.directory = directory
        self.options = OPTIONS
        self.leaves_out = leave_out
        self._face = face
        self._is_made = False

    def open(self, mode: str = "rw", which: int = 0):
        """A Ksock: 'r', 'rw', or, in C, 'w'."""
        self._make()
        return self._face.open(mode, which)

    def peer(self, descriptors: int | None = None):
        """Another process, which may have so many descriptors."""
        self._make()
        return self._face.peer(descriptors)

    def create(self, number: int) -> None:
        """Makes another bus."""
        self._make()
        self._face.create_bus(number, self.options)

    def bindings(self) -> str:
        """The listing of the bindings of all buses."""
        self._make()
        return self._face.bindings()

    def statistics(self) -> str:
        self._make()
        return self._face.statistics()

    def _make(self) -> None:
        if self._is_made:
            return
        self._is_made = True
        os.environ["KBUS_CREATE"] = self.options
        self._face.create_bus(0, self.options)


class Sandbox:
    """Directories for the buses of a run, in shared memory, and for programs; gone with the run, even a killed one."""

    def __init__(self) -> None:
        shared_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.buses = pathlib.Path(tempfile.mkdtemp(prefix="kbus-faces-", dir=shared_memory))
        # Shared memory is often mounted so that no program can be run from there.
        self.programs = pathlib.Path(tempfile.mkdtemp(prefix="kbus-faces-"))
        # Its input ends when this process does.
        self._guard = subprocess.Popen(
            ["sh", "-c", 'cat > /dev/null; rm -rf "$@"', "guard", str(self.buses), str(self.programs)],
            stdin=subprocess.PIPE, start_new_session=True)

    def close(self) -> None:
        self._guard.stdin.close()
        self._guard.wait()
