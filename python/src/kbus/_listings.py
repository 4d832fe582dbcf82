"""Buses from outside: what is bound on them, their figures, making and removing them."""

from __future__ import annotations

import ctypes
from typing import Any, Optional

from kbus._library import check, lib

_ALL = -1


def bindings_text(which: Optional[int] = None) -> str:
    """The text of the original's /proc/kbus/bindings, of one bus or of all."""
    return _text(lib.kbus_list_bindings, which)


def read_statistics(which: Optional[int] = None) -> str:
    """The text of the original's /proc/kbus/stats, of one bus or of all."""
    return _text(lib.kbus_list_statistics, which)


def create_bus(which: int, options: str = "") -> None:
    """Makes a bus; `options` are those of `kbus create` on a command line."""
    check(lib.kbus_bus_create(which, options.encode() or None), "/dev/kbus%d" % which)


def remove_bus(which: int) -> None:
    """Removes a bus. Whoever has it open keeps it."""
    check(lib.kbus_bus_remove(which), "/dev/kbus%d" % which)


def library_version() -> str:
    """The version of the library in use."""
    version: bytes = lib.kbus_version()
    return version.decode()


def _text(function: Any, which: Optional[int]) -> str:
    memory = ctypes.c_void_p()
    check(function(_ALL if which is None else which, ctypes.byref(memory)))
    try:
        return ctypes.string_at(memory).decode()
    finally:
        lib.kbus_msg_delete(ctypes.byref(memory))
