"""Requests that tasks await.

While there are answers to come, one thread waits in the library for all of those to one Ksock, and hands them to the event loops.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import os
import threading
from typing import Callable, Dict, Optional

from kbus._library import bus_error, check, lib
from kbus._message import Message, of_its_kind
from kbus._structures import MessageId
from kbus._taking import taken
from kbus._workers import start


class Requests:
    """The Requests of one Ksock that have been begun, and not answered."""

    def __init__(self) -> None:
        # Guards the rest, and that the library and we know of the same Requests.
        self._changed = threading.Condition()
        self._tasks: Dict[int, asyncio.Future[Message]] = {}
        #: The process whose thread waits for answers; a forked child has none.
        self._watched_in: Optional[int] = None

    async def answer(self, number: int, request: Message, timeout: Optional[float]) -> Message:
        """Sends a Request and waits for its answer."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Message] = loop.create_future()
        sent = MessageId()
        with self._changed:
            check(lib.kbus_request_begin(number, ctypes.byref(request.msg.pointy()), ctypes.byref(sent)))
            self._tasks[sent.serial_num] = answered
            if self._watched_in is None:
                self._watched_in = os.getpid()
                start(lambda: self._watch(number), _ignore)
        timer = None if timeout is None else loop.call_later(timeout, self._time_out, number, sent, request.name)
        try:
            return await answered
        finally:
            if timer is not None:
                timer.cancel()
            self._withdraw(number, sent)

    def end(self, number: int, error: Callable[[], OSError]) -> None:
        """The Ksock is about to be closed: nobody waits for an answer any more, nor for what may have its number soon."""
        if self._watched_in != os.getpid():
            return
        with self._changed:
            for serial, answered in list(self._tasks.items()):
                self._withdraw(number, MessageId(0, serial))
                _settle(answered, None, error())
            self._changed.wait_for(lambda: self._watched_in is None)

    def _watch(self, number: int) -> None:
        """Hands answers out until none is to come."""
        memory = ctypes.c_void_p()
        while True:
            error = answer = None
            try:
                if check(lib.kbus_request_answer(number, -1, ctypes.byref(memory))):
                    answer = of_its_kind(taken(memory))
            except OSError as raised:
                error = raised
            with self._changed:
                if answer is not None and answer.in_reply_to is not None:
                    answered = self._tasks.pop(answer.in_reply_to.serial_num, None)
                    if answered is not None:
                        _settle(answered, answer, None)
                if error is not None:
                    for answered in self._tasks.values():
                        _settle(answered, None, error)
                    self._tasks.clear()
                if not self._tasks:
                    self._watched_in = None
                    self._changed.notify_all()
                    return

    def _withdraw(self, number: int, sent: MessageId) -> Optional[Message]:
        """Ends a Request that has not been answered, so that a late reply is refused. Its answer, if it comes at this moment."""
        memory = ctypes.c_void_p()
        with self._changed:
            if self._tasks.pop(sent.serial_num, None) is None:
                return None
            # The Ksock may have been taken off the bus.
            lib.kbus_request_withdraw(number, ctypes.byref(sent), ctypes.byref(memory))
        return of_its_kind(taken(memory)) if memory else None

    def _time_out(self, number: int, sent: MessageId, name: str) -> None:
        with self._changed:
            answered = self._tasks.get(sent.serial_num)
            answer = self._withdraw(number, sent)
        if answered is not None:
            explanation = 'the time limit passed without an answer for "%s"' % name
            error = bus_error(errno.ETIMEDOUT, explanation.encode(), b"Try again, or allow more time.")
            _settle(answered, answer, error)


def _settle(answered: asyncio.Future[Message], answer: Optional[Message], error: Optional[BaseException]) -> None:
    """Tells a task, in its own event loop, of its answer, or else of an error."""

    def tell() -> None:
        if answered.done():
            return
        if answer is not None:
            answered.set_result(answer)
        elif error is not None:
            answered.set_exception(error)

    # The loop may have ended before the answer came; then nobody waits for it.
    with contextlib.suppress(RuntimeError):
        answered.get_loop().call_soon_threadsafe(tell)


def _ignore(result: None, error: Optional[BaseException]) -> None:
    pass
