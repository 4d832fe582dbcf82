"""Waiting for several Ksocks, and in event loops."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, List, Optional, Sequence

from kbus._library import check, lib
from kbus._waiting import Deadline

if TYPE_CHECKING:
    from kbus.ksock import Ksock

_READABLE = 1
_SLICE_NS = 50_000_000


def wait_any(ksocks: Sequence[Ksock], timeout: Optional[float] = None) -> List[Ksock]:
    """Waits until a message can be read from one of these Ksocks, also of different buses; those from which one can.

    None of them if `timeout` seconds pass first. Quicker than select.
    """
    numbers = (ctypes.c_int * len(ksocks))(*[ksock.fileno() for ksock in ksocks])
    ready = (ctypes.c_int * len(ksocks))()
    deadline = Deadline(timeout)
    while True:
        left = deadline.left_ns()
        # In slices, between which Python looks after signals.
        slice_ns = _SLICE_NS if left < 0 else min(left, _SLICE_NS)
        if check(lib.kbus_wait_any(numbers, len(ksocks), _READABLE, slice_ns, ready)) or slice_ns == left:
            return [ksock for ksock, is_ready in zip(ksocks, ready) if is_ready]


def fast_descriptor(number: int) -> int:
    """The fast descriptor of the Ksock of this number."""
    return check(lib.kbus_ksock_fast_descriptor(number))
