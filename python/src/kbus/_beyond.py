"""What a Ksock can do beyond the original's: time limits, asking and waiting for the answer, asyncio, data in place.

Messages that these return are of their own kind: Announcement, Request, Reply or Status.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
from typing import Iterator, Optional

from kbus._asynchronous import AsyncMessages, Readiness
from kbus._batches import KsockBatches
from kbus._event_loops import fast_descriptor
from kbus._in_place import Loan, ReceivedMessage
from kbus._library import Counters, check, lib
from kbus._message import Message, of_its_kind
from kbus._requests import Requests
from kbus._structures import MessageId
from kbus._taking import taken
from kbus._waiting import Deadline, wait_readable, wait_writable
from kbus._workers import interruptibly


class KsockBeyond(KsockBatches):
    """The part of Ksock that the original does not have."""

    def __init__(self) -> None:
        self._readiness = Readiness()
        self._requests = Requests()
        self._fast_number: Optional[int] = None

    @property
    def _number(self) -> int:
        raise NotImplementedError

    def _send(self, message: Message, sent: MessageId) -> MessageId:
        raise NotImplementedError

    def fast_fileno(self) -> int:
        """A second descriptor, for event loops: quicker than `fileno()`.

        It is readable from when a message is queued until a read finds none: read until then. It belongs to the Ksock, and is closed
        with it. From the first call on `fileno()` tells of room to write only.
        """
        if self._fast_number is None:
            self._fast_number = fast_descriptor(self._number)
            # Whoever waits for the other one goes on to this.
            self._readiness.end(self._number)
        return self._fast_number

    @property
    def _readable_number(self) -> int:
        number = self._number
        return number if self._fast_number is None else self._fast_number

    # With a time limit

    def receive(self, timeout: Optional[float] = None) -> Optional[Message]:
        """Waits for a message and takes it; None if `timeout` seconds pass first, at once if it is 0."""
        deadline = Deadline(timeout)
        while True:
            message = self._take()
            if message is not None:
                return message
            if not wait_readable(self._readable_number, deadline):
                return None

    def send_within(self, message: Message, timeout: Optional[float] = None) -> MessageId:
        """Sends a message and, if it has to wait for room (ALL_OR_WAIT), waits with it.

        TimeoutError if `timeout` seconds pass first: nobody gets it then.
        """
        deadline, sent = Deadline(timeout), MessageId()
        try:
            return self._send(message, sent)
        except BlockingIOError as pending:
            if pending.errno != errno.EAGAIN:
                raise
        try:
            wait_writable(self._number, deadline)
        except BaseException:
            lib.kbus_wait_until_sent(self._number, ctypes.byref(sent), 0)
            raise
        # By its id: another thread may have sent it at the last moment, and one of its own may wait now.
        check(lib.kbus_wait_until_sent(self._number, ctypes.byref(sent), 0))
        return sent

    def call(self, request: Message, timeout: Optional[float] = None) -> Message:
        """Sends a Request and waits for its answer: the Reply, or the Status that the bus gives instead.

        Other messages stay queued, in order. TimeoutError if `timeout` seconds pass first; a late reply is refused.
        """
        number, deadline = self._number, Deadline(timeout)
        return interruptibly(lambda: _answer(number, request, deadline))

    def wait_for_replier(self, name: str, timeout: Optional[float] = None) -> int:
        """Waits until a Request of this name would find a Replier, and returns its Ksock id; TimeoutError."""
        number, deadline = self._number, Deadline(timeout)
        return interruptibly(lambda: _replier(number, name, deadline))

    def set_spin_budget(self, seconds: float) -> None:
        """How long `call` looks for the answer before it sleeps: it comes sooner, and costs a core."""
        check(lib.kbus_set_spin_budget(self._number, int(seconds * 1e9)))

    # asyncio

    async def request(self, request: Message, timeout: Optional[float] = None) -> Message:
        """`call` for asyncio.

        If the task is cancelled, or the time is up, a late reply is refused; other messages are not touched.
        """
        return await self._requests.answer(self._number, request, timeout)

    def __aiter__(self) -> AsyncMessages:
        """All messages, as they come, until the Ksock is closed.

        Any number of tasks may iterate; each message goes to one of them.
        """
        return AsyncMessages(self._readiness, lambda: self._readable_number, self._take)

    # In place

    @contextlib.contextmanager
    def read_in_place(self, timeout: Optional[float] = None) -> Iterator[Optional[ReceivedMessage]]:
        """Waits for a message, and takes it without copying its data; None if `timeout` seconds pass first.

        It is released at the end of `with`, or when the last view of its data is gone, if that is later.
        """
        deadline = Deadline(timeout)
        received = ctypes.c_void_p()
        while not check(lib.kbus_receive_in_place(self._number, 0, ctypes.byref(received))):
            if not wait_readable(self._readable_number, deadline):
                yield None
                return
        message = ReceivedMessage.from_library(received.value or 0)
        try:
            yield message
        finally:
            message.release()

    @contextlib.contextmanager
    def loan(self, message: Message, size: int) -> Iterator[Loan]:
        """Lends room for a message like this one, with `size` bytes of data, to be filled and sent.

        At the end of `with` it is dropped if it has not been sent.
        """
        loan = Loan(self._number, message, size)
        try:
            yield loan
        finally:
            loan.drop()

    # Figures

    def counters(self) -> Counters:
        """What this Ksock and its bus have counted."""
        counters = Counters()
        check(lib.kbus_ksock_counters(self._number, ctypes.byref(counters), ctypes.sizeof(counters)))
        return counters

    def newly_missed(self) -> int:
        """How many messages this Ksock has missed because its queue was full, since this was last asked.

        If it is not 0, there is a gap behind the messages that are queued.
        """
        count = ctypes.c_uint64()
        check(lib.kbus_ksock_newly_missed(self._number, ctypes.byref(count)))
        return count.value

    def _take(self) -> Optional[Message]:
        memory = ctypes.c_void_p()
        check(lib.kbus_receive_within(self._number, 0, ctypes.byref(memory)))
        return of_its_kind(taken(memory)) if memory else None


def _answer(number: int, request: Message, deadline: Deadline) -> Message:
    """Sends a Request and waits in the library for its answer."""
    memory = ctypes.c_void_p()
    check(lib.kbus_request_within(number, ctypes.byref(request.msg.pointy()), deadline.left_ns(), ctypes.byref(memory)))
    return of_its_kind(taken(memory))


def _replier(number: int, name: str, deadline: Deadline) -> int:
    """Waits in the library for a Replier of this name."""
    replier = ctypes.c_uint32()
    check(lib.kbus_wait_for_replier(number, name.encode(), deadline.left_ns(), ctypes.byref(replier)))
    return replier.value
