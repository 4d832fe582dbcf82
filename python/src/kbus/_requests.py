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
        self._tasks: Dict[MessageId, asyncio.Future[Message]] = {}
        #: The process whose thread waits for answers; a forked child has none.
        self._watched_in: Optional[int] = None

    async def answer(self, number: int, request: Message, timeout: Optional[float]) -> Message:
        """Sends a Request and waits for its answer."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Message] = loop.create_future()
        sent = MessageId()
        timer = None
        try:
            with self._changed:
                check(lib.kbus_request_begin(number, ctypes.byref(request.msg.pointy()), ctypes.byref(sent)))
                self._tasks[sent] = answered
                if self._watched_in is None:
                    start(lambda: self._watch(number), _ignore)
                    # Only now, since there may be no thread to be had.
                    self._watched_in = os.getpid()
            if timeout is not None:
                timer = loop.call_later(timeout, self._time_out, number, sent, request.name)
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
            self._fail(number, error)
            self._changed.wait_for(lambda: self._watched_in is None)

    def _watch(self, number: int) -> None:
        """Hands answers out until none is to come."""
        try:
            while self._hand_out_next(number):
                pass
        except BaseException as error:  # whatever it is, it is for all who wait: nobody watches for them any more
            with self._changed:
                try:
                    self._fail(number, lambda: error)
                finally:
                    self._stop_watching()

    def _hand_out_next(self, number: int) -> bool:
        """Waits for an answer, and hands it out; whether more are to come."""
        memory = ctypes.c_void_p()
        answer = None
        if check(lib.kbus_request_answer(number, -1, ctypes.byref(memory))):
            answer = of_its_kind(taken(memory))
        with self._changed:
            if answer is not None and answer.in_reply_to in self._tasks:
                _settle(self._tasks[answer.in_reply_to], answer, None)
                del self._tasks[answer.in_reply_to]
            if not self._tasks:
                self._stop_watching()
            return bool(self._tasks)

    def _stop_watching(self) -> None:
        """While `_changed` is held since it was decided, so that no Request is begun in between and relies on the watcher."""
        self._watched_in = None
        self._changed.notify_all()

    def _fail(self, number: int, error: Callable[[], BaseException]) -> None:
        """Ends all Requests, and tells the tasks why."""
        for sent, answered in list(self._tasks.items()):
            # An answer that comes at this moment is dropped, also one that can't be taken.
            with contextlib.suppress(Exception):
                self._withdraw(number, sent)
            _settle(answered, None, error())

    def _withdraw(self, number: int, sent: MessageId) -> Optional[Message]:
        """Ends a Request that has not been answered, so that a late reply is refused. Its answer, if it comes at this moment."""
        memory = ctypes.c_void_p()
        with self._changed:
            if self._tasks.pop(sent, None) is None:
                return None
            # The Ksock may have been taken off the bus.
            lib.kbus_request_withdraw(number, ctypes.byref(sent), ctypes.byref(memory))
        return of_its_kind(taken(memory)) if memory else None

    def _time_out(self, number: int, sent: MessageId, name: str) -> None:
        with self._changed:
            answered = self._tasks.get(sent)
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
