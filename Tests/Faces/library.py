"""Where libkbus is, and what of it the frame itself needs: making buses and listing what is on them.

$KBUS_LIB is the directory of libkbus.so, $KBUS_INCLUDE that of its headers; by default those of this repository.
"""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIRECTORY = pathlib.Path(os.environ.get("KBUS_LIB", ROOT)).resolve()
INCLUDE = pathlib.Path(os.environ.get("KBUS_INCLUDE", ROOT / "Sources/CKBUS/include")).resolve()
PYTHON_PACKAGE = ROOT / "python/src"


@functools.lru_cache(maxsize=None)
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(str(DIRECTORY / "libkbus.so"), use_errno=True)


def _check(result: int) -> None:
    if result < 0:
        raise OSError(-result, os.strerror(-result))


def create_bus(number: int, options: str) -> None:
    _check(_library().kbus_bus_create(ctypes.c_uint32(number), options.encode()))


def list_bindings() -> str:
    return _text(_library().kbus_list_bindings)


def list_statistics() -> str:
    return _text(_library().kbus_list_statistics)


def _text(function) -> str:
    text = ctypes.c_void_p()
    _check(function(ctypes.c_int(-1), ctypes.byref(text)))
    try:
        return ctypes.string_at(text.value).decode()
    finally:
        free = ctypes.CDLL(None).free
        free.argtypes = [ctypes.c_void_p]
        free(text)
