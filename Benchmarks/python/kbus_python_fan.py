"""From senders to Listeners over the bus, as a Python program does it.

Nothing is lost: a sender waits while a Listener has no room. The loops that time are those of all transports (fan.c).
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import os
import select
import sys
import traceback
from typing import Any, Callable

import kbus

NAME = "$.Bench.Fan"
#: How many messages a Listener may be behind: as many as ZeroMQ takes by default.
ROOM = 1000
#: Of a batch.
MOST = 64

LISTEN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
OPEN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
SEND = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


def or_end(method: Callable[..., None]) -> Callable[..., None]:
    """A callback that ends the process if it raises: C could not be told."""

    @functools.wraps(method)
    def guarded(*arguments: Any) -> None:
        try:
            method(*arguments)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)

    return guarded


class Fan:
    """A sender or a Listener: which of them is decided after the fork."""

    def __init__(self, part: argparse.Namespace) -> None:
        self.part = part
        self.batches = part.api == "batch"
        self.lends = part.api == "loan"
        # Spinning, a program asks again and again; else Python sleeps in poll.
        self.patience = 0 if part.mode == "spin" else None
        self.kept: list = []
        library = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "build", "libfan.so")
        self.loops = ctypes.PyDLL(library)
        self.loops.fan_hear.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self.loops.fan_part_bytes.restype = ctypes.c_size_t

    def play(self) -> None:
        words = [word.encode() for word in sys.argv]
        self.arguments = (ctypes.c_char_p * (len(words) + 1))(*words, None)
        part = ctypes.create_string_buffer(self.loops.fan_part_bytes())
        self.loops.fan_part(part, len(words), self.arguments)
        callbacks = LISTEN(or_end(self.listen)), OPEN(or_end(self.open)), SEND(or_end(self.send)), OPEN(or_end(self.flush))
        self.loops.fan_run(part, *callbacks)
        self.ksock.close()

    # A listener

    def listen(self, _: int, hearing: int) -> None:
        ksock = kbus.Ksock(0)
        ksock.bind(NAME)
        ksock.set_max_messages(ROOM)
        hear = functools.partial(self.loops.fan_hear, ctypes.c_void_p(hearing))
        self.loops.fan_ready(ctypes.c_void_p(hearing))
        is_done = False
        while not is_done:
            if self.lends:
                with ksock.read_in_place(self.patience) as message:
                    if message is not None:
                        is_done = hear(bytes(message.data))
            elif self.batches:
                for message in ksock.receive_many(MOST, self.patience):
                    is_done = hear(message.data) or is_done
            else:
                message = ksock.receive(self.patience)
                if message is not None:
                    is_done = hear(message.data)
        ksock.close()

    # A sender

    def open(self, _: int) -> None:
        self.ksock = kbus.Ksock(0)
        self.room = select.poll()
        self.room.register(self.ksock.fileno(), select.POLLOUT)

    def send(self, _: int, payload: int) -> None:
        size = self.part.bytes
        if self.batches:
            self.kept.append(kbus.Announcement(NAME, ctypes.string_at(payload, size), flags=kbus.Message.ALL_OR_WAIT))
            if len(self.kept) == MOST:
                self.flush()
            return
        try:
            if self.lends:
                with self.ksock.loan(kbus.Announcement(NAME, flags=kbus.Message.ALL_OR_WAIT), size) as loan:
                    ctypes.memmove((ctypes.c_char * size).from_buffer(loan.data), payload, size)
                    loan.send()
            else:
                self.ksock.send_msg(kbus.Announcement(NAME, ctypes.string_at(payload, size), flags=kbus.Message.ALL_OR_WAIT))
        except BlockingIOError:
            self.room.poll()

    def flush(self, _: int = 0) -> None:
        kept, self.kept = self.kept, []
        while kept:
            try:
                self.ksock.send_many(kept)
                kept = []
            except BlockingIOError as error:
                # The one behind those is sent when there is room.
                kept = kept[len(error.sent) + 1 :]
                self.room.poll()
