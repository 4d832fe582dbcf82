"""Messages that the library has put into new memory, as Python's."""

from __future__ import annotations

import ctypes

from kbus._library import lib
from kbus._structures import EntireStruct


def taken(memory: ctypes.c_void_p) -> EntireStruct:
    """An entire message that lies in memory of the library's; the memory is freed."""
    try:
        return EntireStruct.from_library(ctypes.string_at(memory, lib.kbus_msg_sizeof(memory)))
    finally:
        lib.kbus_msg_delete(ctypes.byref(memory))
