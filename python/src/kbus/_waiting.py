"""Waiting on a Ksock's descriptor.

It is Python that waits, and not the library: so a signal's handler runs at once, and Ctrl-C raises KeyboardInterrupt.
poll, since select refuses descriptors from 1024 on.
"""

from __future__ import annotations

import queue
import select
import threading
import time
from typing import Any, Callable, Optional, TypeVar

_Result = TypeVar("_Result")

_LONGEST_POLL_S = 86400.0


class Deadline:
    """When a wait of so many seconds ends; None is never."""

    def __init__(self, timeout: Optional[float]) -> None:
        self._at = None if timeout is None else time.monotonic() + timeout

    def left_s(self) -> float:
        """Seconds left; infinite if it never ends."""
        return float("inf") if self._at is None else max(0.0, self._at - time.monotonic())

    def left_ns(self) -> int:
        """Nanoseconds left, as the library takes them; -1 if it never ends."""
        return -1 if self._at is None else int(self.left_s() * 1e9)


def wait_readable(number: int, deadline: Deadline) -> bool:
    """Waits until a message can be read; False if the deadline comes first."""
    return _wait(number, select.POLLIN, deadline)


def wait_writable(number: int, deadline: Deadline) -> bool:
    """Waits until no message waits to be sent; False if the deadline comes first."""
    return _wait(number, select.POLLOUT, deadline)


def _wait(number: int, events: int, deadline: Deadline) -> bool:
    poller = select.poll()
    poller.register(number, events)
    while True:
        left = deadline.left_s()
        if poller.poll(min(left, _LONGEST_POLL_S) * 1000):
            return True
        if left <= _LONGEST_POLL_S:
            return False


def interruptibly(function: Callable[[], _Result]) -> _Result:
    """Calls something that blocks in the library.

    In the main thread, the only one that Ctrl-C reaches, another thread makes the call: if the wait for it is
    interrupted, the call goes on alone, and its result is dropped.
    """
    if threading.current_thread() is not threading.main_thread():
        return function()
    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()
    start_thread(function, lambda result, error: outcome.put((result, error)))
    result, error = outcome.get()
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


def start_thread(
    function: Callable[[], _Result], done: Callable[[Optional[_Result], Optional[BaseException]], None]
) -> None:
    """Calls a function in a thread that does not keep the process alive, then `done` with its result or exception."""

    def run() -> None:
        try:
            result = function()
        except BaseException as error:  # whatever it is, it is for whoever waits
            done(None, error)
        else:
            done(result, None)

    threading.Thread(target=run, name="kbus request", daemon=True).start()
