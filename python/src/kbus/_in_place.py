"""Messages whose data stays in shared memory: read there, or filled there.

The memory belongs to a message for as long as a view of it is left: it is given back when the last one is gone,
wherever it is kept. So no view ever shows memory that is another message's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import weakref
from typing import Any, Callable, Optional, Type, TypeVar

from kbus._library import check, lib
from kbus._message import Message
from kbus._structures import MSG_HEADER_LEN, MessageId, PointyStruct

_AnyReceived = TypeVar("_AnyReceived", bound="ReceivedMessage")


class ReceivedMessage(Message):
    """A message that is read in place: `data` is a memoryview of shared memory, which can't be written to.

    Everything else about it is a copy, and stays when it is released.
    """

    msg: PointyStruct
    _view: memoryview

    @classmethod
    def from_library(cls: Type[_AnyReceived], received: int) -> _AnyReceived:
        """What the library has taken in place, which this owns from now on."""
        address = lib.kbus_received_message(received)
        header = PointyStruct.from_buffer_copy(ctypes.string_at(address, MSG_HEADER_LEN))
        header.name = header.name
        memory = _Memory(header.data_address(), header.data_len, lib.kbus_received_release, received)
        if header.data_len:
            header.data = memory.array
        made = cls._of(header)
        made._view = memory.view().toreadonly()
        return made

    @property
    def data(self) -> memoryview:  # type: ignore[override]
        return self._view

    def __reduce__(self) -> Any:
        return Message.from_bytes, (self.to_bytes(),)

    def release(self) -> None:
        """Ends it. What other views there are keep the memory until they are gone."""
        self.msg.data = None
        self.msg.data_len = 0
        _release(self._view)


class Loan:
    """A message that is filled in place, in shared memory, and sent without a copy.

    `data` is a memoryview to write to; it holds anything at first.
    """

    def __init__(self, number: int, message: Message, size: int) -> None:
        header = PointyStruct.from_buffer_copy(message.msg)
        header.name = message.msg.name
        header.data = None
        header.data_len = size
        loan = ctypes.c_void_p()
        check(lib.kbus_loan_make(number, ctypes.byref(header), ctypes.byref(loan)))
        self._loan = loan.value or 0
        self._memory: Optional[_Memory] = _Memory(lib.kbus_loan_data(loan), size, lib.kbus_loan_drop, self._loan)
        self.data = self._memory.view()

    def send(self) -> MessageId:
        """Sends it. BufferError while another view of `data`, which could still change it, is left."""
        if self._memory is None:
            raise ValueError("the loan has been sent or dropped")
        self.data.release()
        if not self._memory.withdraw():
            self.data = self._memory.view()
            raise BufferError("a view of the loan's data is still in use")
        self._memory = None
        sent = MessageId()
        check(lib.kbus_loan_send(self._loan, ctypes.byref(sent)))
        return sent

    def drop(self) -> None:
        """Ends it, unless it has been sent. Nobody gets the message."""
        self._memory = None
        _release(self.data)


class _Memory:
    """Shared memory for as long as this, or any view of it, is there."""

    def __init__(self, address: Optional[int], size: int, end: Callable[[int], None], handle: int) -> None:
        kind = ctypes.c_uint8 * size
        self.array = kind.from_address(address) if address and size else kind()
        self._end = _End(end, handle)
        # When the process ends, so does all that it holds; until then a view may be looked at.
        weakref.finalize(self.array, self._end).atexit = False

    def view(self) -> memoryview:
        return memoryview(self.array).cast("B")

    def withdraw(self) -> bool:
        """Lets go of the memory without ending it; False, and nothing is changed, if there still is a view of it."""
        array = weakref.ref(self.array)
        self._end.armed = False
        del self.array
        left = array()
        if left is None:
            return True
        self.array = left
        self._end.armed = True
        return False


class _End:
    """What happens when nothing shows the memory any more."""

    def __init__(self, end: Callable[[int], None], handle: int) -> None:
        self.armed = True
        self._process = os.getpid()
        self._end = end
        self._handle = handle

    def __call__(self) -> None:
        # A forked child has a copy of its parent's views, but the messages are the parent's.
        if self.armed and os.getpid() == self._process:
            self._end(self._handle)


def _release(view: memoryview) -> None:
    # Something else, an array perhaps, may show the same memory, and keeps it then.
    with contextlib.suppress(BufferError):
        view.release()
