"""Ksock: a connection to a bus."""

from __future__ import annotations

import array as array
import ctypes as ctypes
import errno as _errno
import fcntl as fcntl
import operator as _operator
import select as select
import string as string
import struct as struct
from typing import Any, Dict, List, Optional, Tuple, TypeVar, Union

from kbus._beyond import KsockBeyond as _KsockBeyond
from kbus._file import KsockFile as _KsockFile
from kbus._file import as_count as _as_count
from kbus._file import closed_error as _closed_error
from kbus._library import check as _check
from kbus._library import lib as _lib
from kbus._listings import bindings_text as _bindings_text
from kbus._taking import taken as _taken
from kbus._waiting import Deadline as _Deadline
from kbus._waiting import wait_readable as _wait_readable
from kbus.messages import Message, MessageId

_AnyKsock = TypeVar("_AnyKsock", bound="Ksock")

_ASK = 0xFFFFFFFF


def _request_number(direction: int, number: int) -> int:
    return direction << 30 | (ctypes.sizeof(ctypes.c_char_p) if direction else 0) << 16 | ord("k") << 8 | number


_NONE, _WRITE, _READ, _BOTH = 0, 1, 2, 3


class BindStruct(ctypes.Structure):
    """The argument of the original's BIND and UNBIND."""

    _fields_ = [("is_replier", ctypes.c_uint32), ("len", ctypes.c_uint32), ("name", ctypes.c_char_p)]


class ReplierStruct(ctypes.Structure):
    """The argument of the original's REPLIER."""

    _fields_ = [("return_id", ctypes.c_uint32), ("len", ctypes.c_uint32), ("name", ctypes.c_char_p)]


class SendResultStruct(ctypes.Structure):
    """What the original's SEND once returned."""

    _fields_ = [("retval", ctypes.c_int32), ("msg_id", MessageId)]


class Ksock(_KsockBeyond):
    """A connection to a bus, of which messages are read and to which they are written.

    It can be given to select, poll and event loops; close it, or use it in `with`. It is closed when it is collected. A
    process made by fork can't use its parent's.
    """

    IOC_MAGIC = "k"
    IOC_RESET = _request_number(_NONE, 1)
    IOC_BIND = _request_number(_WRITE, 2)
    IOC_UNBIND = _request_number(_WRITE, 3)
    IOC_KSOCKID = _request_number(_READ, 4)
    IOC_REPLIER = _request_number(_BOTH, 5)
    IOC_NEXTMSG = _request_number(_READ, 6)
    IOC_LENLEFT = _request_number(_READ, 7)
    IOC_SEND = _request_number(_READ, 8)
    IOC_DISCARD = _request_number(_NONE, 9)
    IOC_LASTSENT = _request_number(_READ, 10)
    IOC_MAXMSGS = _request_number(_BOTH, 11)
    IOC_NUMMSGS = _request_number(_READ, 12)
    IOC_UNREPLIEDTO = _request_number(_READ, 13)
    IOC_MSGONLYONCE = _request_number(_BOTH, 14)
    IOC_VERBOSE = _request_number(_BOTH, 15)
    IOC_NEWDEVICE = _request_number(_READ, 16)
    IOC_REPORTREPLIERBINDS = _request_number(_BOTH, 17)
    IOC_MAXMSGSIZE = _request_number(_BOTH, 18)

    which: int
    name: str
    mode: Optional[str]
    fd: Optional[_KsockFile]

    def __init__(self, which: int = 0, mode: str = "rw") -> None:
        """Connects to bus `which`, for reading ('r') or for reading and writing ('rw')."""
        if mode not in ("r", "rw"):
            raise ValueError("Ksock mode should be 'r' or 'rw', not '%s'" % mode)
        super().__init__()
        self.which = _operator.index(which)
        self.name = "/dev/kbus%d" % self.which
        self.fd = None
        self.mode = None
        self._written: Optional[Message] = None
        self.fd = _KsockFile(self.which, mode)
        self.mode = "read" if mode == "r" else "read/write"

    def close(self) -> None:
        """Closes: bindings go, requests sent to this Ksock are answered by the bus."""
        if self.fd is None:
            raise _closed_error()
        file, self.fd, self.mode, self._written = self.fd, None, None, None
        self._requests.end(file.number, _closed_error)
        self._readiness.end(file.fileno() if self._fast_number is None else self._fast_number)
        self._fast_number = None
        file.close()

    def __enter__(self: _AnyKsock) -> _AnyKsock:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.fd is not None:
            self.close()

    def __str__(self) -> str:
        if self.fd is None:
            return "Ksock device %d (closed)" % self.which
        return "Ksock device %d, id %d, mode %s" % (self.which, self.ksock_id(), self.mode)

    def __repr__(self) -> str:
        return "<Ksock %s %s>" % (self.name, "closed" if self.fd is None else "open for %s" % self.mode)

    def fileno(self) -> int:
        """The descriptor, for select and its like."""
        return self._number

    @property
    def _file(self) -> _KsockFile:
        if self.fd is None:
            raise _closed_error()
        return self.fd

    @property
    def _number(self) -> int:
        return self._file.number

    # Binding

    def bind(self, name: str, replier: bool = False) -> None:
        """Binds to a name or wildcard, as a Listener or as the Replier."""
        _check(_lib.kbus_ksock_bind(self._number, _name(name), bool(replier)))

    def unbind(self, name: str, replier: bool = False) -> None:
        """Undoes the newest such binding."""
        _check(_lib.kbus_ksock_unbind(self._number, _name(name), bool(replier)))

    def find_replier(self, name: Union[str, bytes]) -> Optional[int]:
        """The id of the Ksock that is bound as Replier to exactly this name, or None."""
        replier = ctypes.c_uint32()
        _check(_lib.kbus_ksock_find_replier(self._number, _name(name), ctypes.byref(replier)))
        return replier.value or None

    # Reading

    def next_msg(self) -> int:
        """Goes on to the next message; its length, or 0 if there is none."""
        return self._ask(_lib.kbus_ksock_next_msg)

    def len_left(self) -> int:
        """How many bytes of the message being read are left."""
        return self._ask(_lib.kbus_ksock_len_left)

    def read_data(self, count: int) -> bytes:
        """Up to `count` bytes of the message being read."""
        return self._file.read(_as_count(count))

    def read_msg(self, length: int) -> Optional[Message]:
        """The message being read, which is `length` bytes long; None if none is."""
        data = self.read_data(length)
        return Message.from_bytes(data) if data else None

    def read_next_msg(self) -> Optional[Message]:
        """The next message, or None."""
        memory = ctypes.c_void_p()
        _check(_lib.kbus_ksock_read_next_msg(self._number, ctypes.byref(memory)))
        return Message._of(_taken(memory)) if memory else None

    def wait_for_msg(self, timeout: Optional[float] = None) -> Optional[Message]:
        """Waits for a message and reads it; None if `timeout` seconds pass first."""
        deadline = _Deadline(timeout)
        while _wait_readable(self._readable_number, deadline):
            message = self.read_next_msg()
            if message is not None:
                return message
        return None

    def __iter__(self: _AnyKsock) -> _AnyKsock:
        return self

    def __next__(self) -> Message:
        message = self.read_next_msg()
        if message is None:
            raise StopIteration
        return message

    # Writing and sending

    def write_msg(self, message: Message) -> None:
        """Writes a message, without sending it."""
        self._file.check_writable()
        if message.msg.is_pointy:
            _check(_lib.kbus_ksock_write_msg(self._number, ctypes.byref(message.msg)))
            # The bus looks at name and data when the message is sent.
            self._written = message
        else:
            self.write_data(message.to_bytes())

    def write_data(self, data: bytes) -> int:
        """Writes some bytes of a message."""
        return self._file.write(data)

    def send(self) -> MessageId:
        """Sends what has been written."""
        sent = MessageId()
        _check(_lib.kbus_ksock_send(self._number, ctypes.byref(sent)))
        self._written = None
        return sent

    def send_msg(self, message: Message) -> MessageId:
        """Writes and sends a message."""
        return self._send(message, MessageId())

    def _send(self, message: Message, sent: MessageId) -> MessageId:
        """The same; `sent` becomes the id of the message, also if it has to wait for room."""
        whole: Any = ctypes.byref(message.msg)
        if not message.msg.is_pointy:
            whole = message.to_bytes()
            if len(whole) != _lib.kbus_msg_sizeof(whole):
                # Its header is wrong about what follows: as many bytes as there are.
                self._file.write(whole)
                return Ksock.send(self)
        self._file.check_writable()
        # At once, so that other threads can send as well.
        result = _lib.kbus_ksock_send_msg(self._number, whole, ctypes.byref(sent))
        if result == -_errno.EAGAIN:
            # It waits, and needs its name and data for longer than this call.
            self._written = message
        _check(result)
        self._written = None
        return sent

    def discard(self) -> None:
        """Drops what has been written, or waits to be sent."""
        _check(_lib.kbus_ksock_discard(self._number))
        self._written = None

    def last_msg_id(self) -> MessageId:
        """The id of the message sent last; MessageId(0, 0) before that."""
        sent = MessageId()
        _check(_lib.kbus_ksock_last_msg_id(self._number, ctypes.byref(sent)))
        return sent

    # Numbers and settings

    def ksock_id(self) -> int:
        """The Ksock's id on its bus."""
        return self._ask(_lib.kbus_ksock_id)

    def max_messages(self) -> int:
        """How many messages the queue may take."""
        return self._ask(_lib.kbus_ksock_max_messages)

    def set_max_messages(self, count: int) -> int:
        """Sets how many messages the queue may take; 0 only asks."""
        return self._ask(_lib.kbus_ksock_max_messages, _as_count(count))

    def num_messages(self) -> int:
        """How many messages are queued."""
        return self._ask(_lib.kbus_ksock_num_messages)

    def num_unreplied_to(self) -> int:
        """How many Requests this Ksock has taken as their Replier, and not answered."""
        return self._ask(_lib.kbus_ksock_num_unreplied_to)

    def want_messages_once(self, only_once: bool = False, just_ask: bool = False) -> int:
        """Whether to get one copy of a message, however many bindings match. Returns what it was before."""
        return self._flag(_lib.kbus_ksock_only_once, only_once, just_ask)

    def kernel_module_verbose(self, verbose: bool = True, just_ask: bool = False) -> int:
        """A flag of the bus, without effect. Returns what it was before."""
        return self._flag(_lib.kbus_ksock_kernel_module_verbose, verbose, just_ask)

    def report_replier_binds(self, report_events: bool = True, just_ask: bool = False) -> int:
        """Whether the bus reports when Repliers bind and unbind. Returns what it was before."""
        return self._flag(_lib.kbus_ksock_report_replier_binds, report_events, just_ask)

    def new_device(self) -> int:
        """Makes another bus; its number."""
        return self._ask(_lib.kbus_ksock_new_device)

    def max_message_size(self) -> int:
        """The longest message that the bus takes."""
        return self._ask(_lib.kbus_ksock_max_message_size)

    def set_max_message_size(self, count: int) -> int:
        """Sets the longest message that the bus takes; 0 asks for it, 1 for the most that can be set."""
        return self._ask(_lib.kbus_ksock_max_message_size, _as_count(count))

    def _ask(self, function: Any, value: int = 0) -> int:
        number = ctypes.c_uint32(value)
        _check(function(self._number, ctypes.byref(number)))
        return number.value

    def _flag(self, function: Any, value: bool, just_ask: bool) -> int:
        before = _check(function(self._number, _ASK))
        if not just_ask:
            _check(function(self._number, bool(value)))
        return before


def read_bindings(names: Dict[int, Any]) -> List[Tuple[Any, bool, str]]:
    """All bindings of all buses: (who, is_replier, name), where `names` says what to call a Ksock id."""
    bindings = []
    for line in _bindings_text().splitlines():
        if not line.startswith("#"):
            _, ksock_id, _, kind, name = line.split()
            bindings.append((names.get(int(ksock_id), int(ksock_id)), kind == "R", name))
    return bindings


def _name(name: Union[str, bytes]) -> bytes:
    """A name as the library takes it: terminated. A zero byte within becomes another byte that no name may have."""
    text = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else bytes(memoryview(name))
    return text.replace(b"\0", b"\x01")
