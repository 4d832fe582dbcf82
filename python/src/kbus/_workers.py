"""Threads for calls that block in the library, where neither Ctrl-C nor asyncio can reach.

Workers are kept for the next call: to start one costs more than a request and its reply.
"""

from __future__ import annotations

import os
import queue
import threading
from typing import Any, Callable, List, Optional, TypeVar

_Result = TypeVar("_Result")
_Done = Callable[[Any, Optional[BaseException]], None]

_MOST_IDLE = 8


class _Worker:
    """A thread that makes one call after the other, and does not keep the process alive."""

    def __init__(self) -> None:
        self.calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="kbus request", daemon=True).start()

    def _run(self) -> None:
        while self._make(*self.calls.get()):
            pass

    def _make(self, function: Callable[[], Any], done: _Done) -> bool:
        """Makes a call; whether to wait for another. Nothing of the call is kept meanwhile."""
        result = error = None
        try:
            result = function()
        except BaseException as raised:  # whatever it is, it is for whoever waits
            error = raised
        stays = len(_idle) < _MOST_IDLE
        if stays:
            _idle.append(self)
        done(result, error)
        return stays


_idle: List[_Worker] = []
# A forked child has none of its parent's threads.
os.register_at_fork(after_in_child=_idle.clear)


def start(function: Callable[[], Any], done: _Done) -> None:
    """Makes a call in another thread, and then calls `done` there with its result or its exception."""
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    worker.calls.put((function, done))


def interruptibly(function: Callable[[], _Result]) -> _Result:
    """Makes a call that blocks in the library.

    In the main thread, the only one that Ctrl-C reaches, another thread makes it: if the wait for it is interrupted,
    the call goes on alone, and its result is dropped.
    """
    if threading.current_thread() is not threading.main_thread():
        return function()
    outcome: queue.SimpleQueue[Any] = queue.SimpleQueue()
    start(function, lambda result, error: outcome.put((result, error)))
    result, error = outcome.get()
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
