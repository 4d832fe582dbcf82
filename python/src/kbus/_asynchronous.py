"""asyncio: tasks that wait for messages.

An event loop has one callback for a descriptor, tasks that wait for it can be many: they are all woken, and one of
them finds the message.
"""

from __future__ import annotations

import asyncio
import errno
from typing import Callable, Dict, List, Optional

from kbus._message import Message

_MESSAGES_IN_A_ROW = 64


class Readiness:
    """The tasks that wait for one Ksock, by their event loops."""

    def __init__(self) -> None:
        self._waiters: Dict[asyncio.AbstractEventLoop, List[asyncio.Future[None]]] = {}

    async def wait(self, number: int) -> None:
        """Waits until the descriptor is readable, or the Ksock closed."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        waiters = self._waiters.setdefault(loop, [])
        if not waiters:
            loop.add_reader(number, _wake, waiters)
        waiters.append(woken)
        try:
            await woken
        finally:
            waiters.remove(woken)
            if not waiters and self._waiters.get(loop) is waiters:
                del self._waiters[loop]
                loop.remove_reader(number)

    def end(self, number: int) -> None:
        """The Ksock closes: nobody waits for its descriptor any more, whose number may be another's soon."""
        while self._waiters:
            loop, waiters = self._waiters.popitem()
            if _runs_here(loop):
                loop.remove_reader(number)
                _wake(waiters)
            elif not loop.is_closed():
                loop.call_soon_threadsafe(loop.remove_reader, number)
                loop.call_soon_threadsafe(_wake, waiters)


class AsyncMessages:
    """The messages of one Ksock, for `async for`.

    A message is taken and handed out in one step, so none is lost when the task is cancelled.
    """

    def __init__(self, readiness: Readiness, number: Callable[[], int], take: Callable[[], Optional[Message]]) -> None:
        self._readiness = readiness
        self._number = number
        self._take = take
        self._in_a_row = 0

    def __aiter__(self) -> AsyncMessages:
        return self

    async def __anext__(self) -> Message:
        self._in_a_row += 1
        if self._in_a_row == _MESSAGES_IN_A_ROW:
            # A bus that is never silent must not keep the other tasks from running.
            self._in_a_row = 0
            await asyncio.sleep(0)
        try:
            while True:
                message = self._take()
                if message is not None:
                    return message
                self._in_a_row = 0
                await self._readiness.wait(self._number())
        except OSError as error:
            if error.errno == errno.EBADF:
                raise StopAsyncIteration from None
            raise


def _wake(waiters: List[asyncio.Future[None]]) -> None:
    for woken in waiters:
        if not woken.done():
            woken.set_result(None)


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
