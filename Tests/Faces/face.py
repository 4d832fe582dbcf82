"""What a case can do with a Ksock of either face, and the parts that do not depend on the face."""

from __future__ import annotations

import array
import concurrent.futures
import fcntl
import pathlib
import termios
import threading
import time

from frame import ASK, M


class KsockFace:
    """A Ksock of one face. Failures raise OSError with errno; ids are tuples; only what takes a timeout blocks."""

    id: int

    def bind(self, name: str | bytes, replier: bool = False) -> None: raise NotImplementedError
    def unbind(self, name: str | bytes, replier: bool = False) -> None: raise NotImplementedError
    def find_replier(self, name: str | bytes) -> int | None: raise NotImplementedError

    def send(self, message: M) -> tuple[int, int]:
        """Writes and sends: pointy, or in one piece what was read; returns the id."""
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Writes raw bytes."""
        raise NotImplementedError

    def write_pointy(self, message: M) -> None: raise NotImplementedError
    def write_entire(self, message: M) -> None: raise NotImplementedError
    def send_written(self) -> tuple[int, int]: raise NotImplementedError

    def burst(self, name: str, count: int) -> None:
        """Announces so many times, each with its number as data; while a recipient is full it waits for room."""
        raise NotImplementedError

    def discard(self) -> None: raise NotImplementedError
    def last_id(self) -> tuple[int, int]: raise NotImplementedError

    def next_msg(self) -> int: raise NotImplementedError
    def len_left(self) -> int: raise NotImplementedError
    def read(self, count: int) -> bytes: raise NotImplementedError
    def read_next(self) -> M | None: raise NotImplementedError
    def read_msg(self, length: int) -> M | None: raise NotImplementedError

    def wait_for_msg(self, timeout: float) -> M | None:
        """The next message, or None if there is none within so many seconds."""
        raise NotImplementedError

    def count(self) -> int:
        """NUMMSGS."""
        raise NotImplementedError

    def unreplied(self) -> int:
        """UNREPLIEDTO."""
        raise NotImplementedError

    def max_messages(self, count: int = 0) -> int: raise NotImplementedError
    def max_size(self, size: int) -> int: raise NotImplementedError
    def new_device(self) -> int: raise NotImplementedError

    # request is 0, 1 or ASK. Setting returns the previous value in Python and 0 in C: see ask_... and set_... below.
    def only_once(self, request: int) -> int: raise NotImplementedError
    def report_binds(self, request: int) -> int: raise NotImplementedError
    def verbose(self, request: int) -> int: raise NotImplementedError

    def poll(self, read: bool = True, write: bool = False, timeout: float = 0, exceptional: bool = False,
             how: str | None = None) -> set[str]:
        """What the descriptor is ready for: of 'r', 'w' and, if asked for, 'x' for anything else.

        `how` is 'select', 'poll' or 'epoll'.
        """
        raise NotImplementedError

    def in_child(self, method: str, *arguments) -> str | None:
        """Makes the call in a child that the Ksock's process forks; the name of the errno, or None if it succeeded."""
        raise NotImplementedError

    def fileno(self) -> int: raise NotImplementedError
    def close(self) -> None: raise NotImplementedError

    # The same for every face.

    def read_all(self) -> list[M]:
        messages = []
        while (message := self.read_next()) is not None:
            messages.append(message)
        return messages

    def ask_only_once(self) -> int: return self.only_once(ASK)
    def set_only_once(self, on: bool) -> int: return self.only_once(int(on))
    def ask_report_binds(self) -> int: return self.report_binds(ASK)
    def set_report_binds(self, on: bool) -> int: return self.report_binds(int(on))
    def ask_verbose(self) -> int: return self.verbose(ASK)
    def set_verbose(self, on: bool) -> int: return self.verbose(int(on))

    def later(self, method: str, *arguments, **keywords) -> Call:
        """Starts a call, for a Ksock of a peer: the peer does nothing else until it is over."""
        return self.peer.start(getattr(self, method), *arguments, **keywords)


class Peer:
    """Another process of the face: opens Ksocks there. Ends with the case, or killed by it."""

    pid: int
    orders: object  # the pipe that it reads its orders from

    def __init__(self) -> None:
        self._calls = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        self.ordered = threading.Event()  # set when an order is in the pipe

    def open(self, mode: str = "rw", which: int = 0) -> KsockFace: raise NotImplementedError

    def kill(self) -> None:
        """SIGKILL, and waits for the end."""
        raise NotImplementedError

    def start(self, call, *arguments, **keywords) -> Call:
        self.ordered.clear()
        return Call(self, self._calls.submit(call, *arguments, **keywords))

    def is_asleep(self) -> bool:
        """Whether it has taken its order, and sleeps in the kernel."""
        unread = array.array("i", [0])
        fcntl.ioctl(self.orders, termios.FIONREAD, unread)
        state = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return unread[0] == 0 and state == "S"


class Call:
    """A call that another process is making."""

    def __init__(self, peer: Peer, future: concurrent.futures.Future) -> None:
        self._peer = peer
        self._future = future

    def result(self, timeout: float = 60): return self._future.result(timeout)
    def done(self) -> bool: return self._future.done()

    def until_asleep(self) -> None:
        """Waits until the call is over or the process sleeps in it."""
        deadline = time.monotonic() + 30
        assert self._peer.ordered.wait(30)
        while not (self.done() or self._peer.is_asleep()):
            assert time.monotonic() < deadline, "neither over nor asleep"
            time.sleep(0.001)
