"""A Ksock as an unbuffered binary file."""

from __future__ import annotations

import ctypes
import errno
import io
import operator
import os
from typing import Any, Optional

from kbus._library import bus_error, check, lib

_LAST_BUS = 0xFFFFFFFF


class KsockFile(io.RawIOBase):
    """What `Ksock.fd` is: it reads the message being read, and writes the one being written, byte by byte.

    It owns the connection: when it is closed or collected, the Ksock closes.
    """

    _number = -1

    def __init__(self, which: int, mode: str) -> None:
        super().__init__()
        self._pid = os.getpid()
        self._writes = mode == "rw"
        bus = which if 0 <= which < _LAST_BUS else _LAST_BUS
        flags = os.O_RDWR if self._writes else os.O_RDONLY
        self._number = check(lib.kbus_ksock_open(bus, flags), "/dev/kbus%d" % which)
        os.set_inheritable(self._number, False)

    @property
    def number(self) -> int:
        """The Ksock's number for the library, which is its descriptor."""
        if self._number < 0:
            raise closed_error()
        return self._number

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return self._writes

    def fileno(self) -> int:
        return self.number

    def read(self, size: Optional[int] = -1) -> bytes:
        """Some bytes of the message being read, or all that are left of it; b"" if none is."""
        left = ctypes.c_uint32()
        check(lib.kbus_ksock_len_left(self.number, ctypes.byref(left)))
        length = left.value if size is None or size < 0 else min(size, left.value)
        if not length:
            return b""
        memory = ctypes.c_void_p()
        check(lib.kbus_ksock_read_msg(self.number, ctypes.byref(memory), length))
        try:
            return ctypes.string_at(memory, length)
        finally:
            lib.kbus_msg_delete(ctypes.byref(memory))

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        """Writes all of some bytes of a message."""
        self.check_writable()
        data = bytes(data)
        check(lib.kbus_ksock_write_data(self.number, data, len(data)))
        return len(data)

    def check_writable(self) -> None:
        if not self._writes:
            raise io.UnsupportedOperation("File not open for writing")

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        number, self._number = self._number, -1
        if number < 0:
            return
        if os.getpid() == self._pid:
            check(lib.kbus_ksock_close(number))
        else:
            # The Ksock is our parent's; all that is ours is the descriptor.
            os.close(number)


def closed_error() -> OSError:
    return bus_error(errno.EBADF, b"the Ksock is closed", b"Open a new one.")


def as_count(value: Any) -> int:
    """A count as the bus takes it: 32 bits."""
    count = operator.index(value)
    if not 0 <= count <= 0xFFFFFFFF:
        raise OverflowError("a count is 0 to 4294967295, not %d" % count)
    return count
