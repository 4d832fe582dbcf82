"""Waiting on a Ksock's descriptor.

It is Python that waits, and not the library: so a signal's handler runs at once, and Ctrl-C raises KeyboardInterrupt.
poll, since select refuses descriptors from 1024 on.
"""

from __future__ import annotations

import select
import time
from typing import Iterable, Optional

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
    return wait_any_readable([number], deadline)


def wait_any_readable(numbers: Iterable[int], deadline: Deadline) -> bool:
    """Waits until one of these is readable; False if the deadline comes first."""
    return _wait(numbers, select.POLLIN, deadline)


def wait_writable(number: int, deadline: Deadline) -> bool:
    """Waits until no message waits to be sent; False if the deadline comes first."""
    return _wait([number], select.POLLOUT, deadline)


def _wait(numbers: Iterable[int], events: int, deadline: Deadline) -> bool:
    poller = select.poll()
    for number in numbers:
        poller.register(number, events)
    while True:
        left = deadline.left_s()
        if poller.poll(min(left, _LONGEST_POLL_S) * 1000):
            return True
        if left <= _LONGEST_POLL_S:
            return False
