"""Waiting for several Ksocks, and in event loops."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, List, Optional, Sequence

from kbus._library import check, lib
from kbus._waiting import Deadline, wait_any_readable

if TYPE_CHECKING:
    from kbus.ksock import Ksock

_READABLE = 1


def wait_any(ksocks: Sequence[Ksock], timeout: Optional[float] = None) -> List[Ksock]:
    """Waits until a message can be read from one of these Ksocks, also of different buses; those from which one can.

    None of them if `timeout` seconds pass first.
    """
    deadline, was_woken = Deadline(timeout), False
    while True:
        numbers = (ctypes.c_int * len(ksocks))(*[ksock.fileno() for ksock in ksocks])
        ready = (ctypes.c_int * len(ksocks))()
        if check(lib.kbus_wait_any(numbers, len(ksocks), _READABLE, 0, ready)):
            return [ksock for ksock, is_ready in zip(ksocks, ready) if is_ready]
        if was_woken:
            # A descriptor can be readable by mistake, until a read finds nothing. Tended anew, it is as its queue is.
            for number in numbers:
                check(lib.kbus_set_polled(number, 0))
                check(lib.kbus_set_polled(number, 1))
        was_woken = wait_any_readable([ksock._readable_number for ksock in ksocks], deadline)
        if not was_woken:
            return []


def fast_descriptor(number: int) -> int:
    """The fast descriptor of the Ksock of this number."""
    return check(lib.kbus_ksock_fast_descriptor(number))
