"""libkbus: finding it, the types of its functions, and its errors as Python's.

Every call releases the interpreter's lock, since nearly every one may wait for the lock of the bus. Keeping it in the
few that do not would save 0.05 us each.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_void_p
from typing import Optional

from kbus._structures import MessageId


class Counters(ctypes.Structure):
    """What a Ksock and its bus have counted."""

    _fields_ = [
        ("queued", c_uint32),
        ("max_messages", c_uint32),
        ("set_aside", c_uint32),
        ("outstanding", c_uint32),
        ("outstanding_max", c_uint32),
        ("unreplied", c_uint32),
        ("missed", ctypes.c_uint64),
        ("bus_recoveries", ctypes.c_uint64),
        ("bus_lock_stalls", ctypes.c_uint64),
        ("most_queued", ctypes.c_uint64),
        ("oldest_unread_ns", ctypes.c_uint64),
        ("newly_missed", ctypes.c_uint64),
        ("bus_pool_exhaustions", ctypes.c_uint64),
    ]

    def __repr__(self) -> str:
        return "Counters(%s)" % ", ".join("%s=%d" % (name, getattr(self, name)) for name, *_ in self._fields_)


_POINTERS_OUT = POINTER(c_void_p)
_NUMBER_OUT = POINTER(c_uint32)
_ID_OUT = POINTER(MessageId)

#: Arguments of the functions whose result is negative if they fail.
_FAILING = {
    "kbus_ksock_open": (c_uint32, c_int),
    "kbus_ksock_close": (c_int,),
    "kbus_ksock_bind": (c_int, c_char_p, c_uint32),
    "kbus_ksock_unbind": (c_int, c_char_p, c_uint32),
    "kbus_ksock_id": (c_int, _NUMBER_OUT),
    "kbus_ksock_next_msg": (c_int, _NUMBER_OUT),
    "kbus_ksock_len_left": (c_int, _NUMBER_OUT),
    "kbus_ksock_last_msg_id": (c_int, _ID_OUT),
    "kbus_ksock_find_replier": (c_int, c_char_p, _NUMBER_OUT),
    "kbus_ksock_max_messages": (c_int, _NUMBER_OUT),
    "kbus_ksock_num_messages": (c_int, _NUMBER_OUT),
    "kbus_ksock_num_unreplied_to": (c_int, _NUMBER_OUT),
    "kbus_ksock_send": (c_int, _ID_OUT),
    "kbus_ksock_discard": (c_int,),
    "kbus_ksock_only_once": (c_int, c_uint32),
    "kbus_ksock_report_replier_binds": (c_int, c_uint32),
    "kbus_ksock_kernel_module_verbose": (c_int, c_uint32),
    "kbus_ksock_max_message_size": (c_int, _NUMBER_OUT),
    "kbus_ksock_new_device": (c_int, _NUMBER_OUT),
    "kbus_ksock_read_msg": (c_int, _POINTERS_OUT, c_size_t),
    "kbus_ksock_read_next_msg": (c_int, _POINTERS_OUT),
    "kbus_ksock_write_msg": (c_int, c_void_p),
    "kbus_ksock_write_data": (c_int, c_void_p, c_size_t),
    "kbus_ksock_send_msg": (c_int, c_void_p, _ID_OUT),
    "kbus_wait_until_sent": (c_int, _ID_OUT, c_int64),
    "kbus_receive_within": (c_int, c_int64, _POINTERS_OUT),
    "kbus_send_many": (c_int, _POINTERS_OUT, c_size_t, _ID_OUT),
    "kbus_receive_many": (c_int, c_int64, _POINTERS_OUT, c_size_t),
    "kbus_receive_many_in_place": (c_int, c_int64, _POINTERS_OUT, c_size_t),
    "kbus_request_within": (c_int, c_void_p, c_int64, _POINTERS_OUT),
    "kbus_request_begin": (c_int, c_void_p, _ID_OUT),
    "kbus_request_answer": (c_int, c_int64, _POINTERS_OUT),
    "kbus_request_withdraw": (c_int, _ID_OUT, _POINTERS_OUT),
    "kbus_wait_for_replier": (c_int, c_char_p, c_int64, _NUMBER_OUT),
    "kbus_set_spin_budget": (c_int, c_int64),
    "kbus_set_polled": (c_int, c_uint32),
    "kbus_wait_any": (POINTER(c_int), c_size_t, c_int, c_int64, POINTER(c_int)),
    "kbus_ksock_fast_descriptor": (c_int,),
    "kbus_receive_in_place": (c_int, c_int64, _POINTERS_OUT),
    "kbus_loan_make": (c_int, c_void_p, _POINTERS_OUT),
    "kbus_loan_send": (c_void_p, _ID_OUT),
    "kbus_ksock_counters": (c_int, POINTER(Counters), c_size_t),
    "kbus_ksock_newly_missed": (c_int, POINTER(ctypes.c_uint64)),
    "kbus_list_bindings": (c_int, _POINTERS_OUT),
    "kbus_list_statistics": (c_int, _POINTERS_OUT),
    "kbus_bus_create": (c_uint32, c_char_p),
    "kbus_bus_remove": (c_uint32,),
}
#: Results and arguments of the others.
_OTHERS = {
    "kbus_received_release": (None, c_void_p),
    "kbus_loan_drop": (None, c_void_p),
    "kbus_last_error": (c_char_p,),
    "kbus_last_remedy": (c_char_p,),
    "kbus_version": (c_char_p,),
    "kbus_msg_sizeof": (c_int, c_void_p),
    "kbus_msg_delete": (None, _POINTERS_OUT),
    "kbus_received_message": (c_void_p, c_void_p),
    "kbus_loan_data": (c_void_p, c_void_p),
}


def _path() -> str:
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libkbus.so.1")
    return beside if os.path.exists(beside) else os.environ.get("KBUS_LIBRARY") or "libkbus.so.1"


def _load(path: str) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(path)
        for name, arguments in _FAILING.items():
            getattr(library, name).argtypes = arguments
        for name, (result, *arguments_of_other) in _OTHERS.items():
            getattr(library, name).argtypes = arguments_of_other
            getattr(library, name).restype = result
    except (OSError, AttributeError) as error:
        raise ImportError(
            "kbus can't use its library, %s (%s). Install kbus from a wheel, which carries it, or say where it is: "
            "KBUS_LIBRARY=/path/to/libkbus.so" % (path, error),
            name="kbus",
            path=path,
        ) from error
    return library


lib = _load(_path())


def check(result: int, filename: Optional[str] = None) -> int:
    """A call's result, or the exception for it if it is negative."""
    if result < 0:
        raise bus_error(-result, lib.kbus_last_error(), lib.kbus_last_remedy(), filename)
    return result


def bus_error(number: int, explanation: bytes, remedy: bytes, filename: Optional[str] = None) -> OSError:
    """The OSError that Python has for an errno; it tells what was found and what to do."""
    texts = number, os.strerror(number)
    error = OSError(*texts, filename) if filename else OSError(*texts)
    error.explanation = explanation.decode("utf-8", "replace")  # type: ignore[attr-defined]
    error.remedy = remedy.decode("utf-8", "replace")  # type: ignore[attr-defined]
    if hasattr(error, "add_note"):
        for note in (error.explanation, error.remedy):  # type: ignore[attr-defined]
            if note:
                error.add_note(note)
    return error
