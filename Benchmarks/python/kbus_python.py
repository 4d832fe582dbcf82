"""The bus as a Python program meets it: the transport kbus.python.

It plays its part as programs in C do (Sources/CBench/include/cbench_part.h, cbench_loop.h), with the same work for each message: a
request is filled or copied in, and stamped; the server checks its stamps and stamps its reply; the client checks those.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import contextlib
import ctypes
import mmap
import os
import select
import signal
import struct
import sys
import time
from typing import Awaitable, Callable, Iterator, NoReturn

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "python", "src"))
os.environ.setdefault("KBUS_LIBRARY", os.path.join(ROOT, "libkbus.so"))

import kbus  # noqa: E402

NAME = "$.Bench.RoundTrip"
REPLY_BYTES = 64
UNAVAILABLE = 77
END = 2**64 - 1
BATCH = 50
LONGEST_BATCH_NS = 5_000_000
PR_SET_PDEATHSIG = 1

STAMP = struct.Struct("=Q")


def give_up(sentence: str, status: int = 1) -> NoReturn:
    print(sentence, file=sys.stderr, flush=True)
    os._exit(status)


def die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def stamp(payload, size: int, number: int) -> None:
    STAMP.pack_into(payload, 0, number)
    STAMP.pack_into(payload, size - 8, number)


def stamped(payload, size: int) -> int:
    """The number, if both stamps agree and the payload has this length."""
    if len(payload) != size:
        give_up("a payload has %d bytes instead of %d" % (len(payload), size))
    number = STAMP.unpack_from(payload, 0)[0]
    if STAMP.unpack_from(payload, size - 8)[0] != number:
        give_up("a payload is not what was sent")
    return number


class End:
    """One side: a Ksock, and a way to wait."""

    def __init__(self, part: argparse.Namespace) -> None:
        self.part = part
        self.ksock = kbus.Ksock(0)
        self.lends = part.api == "loan"
        # The package sleeps; or else a program asks, and then asks again, or waits in poll for a descriptor, the full one or the fast one.
        self.asks = part.mode != "sleep"
        self.poll = select.poll() if part.mode in ("fd", "fast") else None
        if self.poll:
            self.poll.register(self.ksock.fileno() if part.mode == "fd" else self.ksock.fast_fileno(), select.POLLIN)
        self.payload = bytearray(part.bytes)

    @contextlib.contextmanager
    def taken(self) -> Iterator[kbus.Message]:
        """The next message: in place, or as a copy."""
        while True:
            if self.lends:
                with self.ksock.read_in_place(0 if self.asks else None) as message:
                    if message is not None:
                        yield message
                        return
            else:
                message = self.ksock.receive(0 if self.asks else None)
                if message is not None:
                    yield message
                    return
            if self.poll:
                self.poll.poll()

    def send(self, message: kbus.Message, size: int, number: int) -> kbus.MessageId:
        with self.ksock.loan(message, size) as loan:
            stamp(loan.data, size, number)
            return loan.send()

    # The server

    async def serve(self) -> None:
        while self.answer() != END:
            pass

    def answer(self) -> int:
        with self.taken() as request:
            number = stamped(request.data, self.part.bytes)
            if self.lends:
                self.send(kbus.reply_to(request), REPLY_BYTES, number)
            else:
                payload = bytearray(REPLY_BYTES)
                stamp(payload, REPLY_BYTES, number)
                self.ksock.send_msg(kbus.reply_to(request, bytes(payload)))
            return number

    # The client

    async def trip(self, number: int) -> None:
        self.round_trip(number)

    def round_trip(self, number: int) -> None:
        if self.lends:
            sent = self.send(kbus.Request(NAME), self.part.bytes, number)
        else:
            stamp(self.payload, self.part.bytes, number)
            sent = self.ksock.send_msg(kbus.Request(NAME, bytes(self.payload)))
        with self.taken() as reply:
            if reply.in_reply_to != sent or stamped(reply.data, REPLY_BYTES) != number:
                give_up("a reply is not to the request")


class TaskEnd(End):
    """One side whose task waits in asyncio."""

    async def serve(self) -> None:
        async for request in self.ksock:
            number = stamped(request.data, self.part.bytes)
            payload = bytearray(REPLY_BYTES)
            stamp(payload, REPLY_BYTES, number)
            self.ksock.send_msg(kbus.reply_to(request, bytes(payload)))
            if number == END:
                return

    async def trip(self, number: int) -> None:
        stamp(self.payload, self.part.bytes, number)
        reply = await self.ksock.request(kbus.Request(NAME, bytes(self.payload)))
        if stamped(reply.data, REPLY_BYTES) != number:
            give_up("a reply is not to the request")


async def time_round_trips(part: argparse.Namespace, trip: Callable[[int], Awaitable[None]]) -> None:
    now = time.monotonic_ns
    number = 1

    # Caches and the other side's spinning have to settle first.
    warm = max(100, part.samples // 10)
    warmed = 0
    began = now()
    while True:
        await trip(number)
        number += 1
        warmed += 1
        if warmed >= warm or (warmed >= 10 and now() >= began + part.time_limit // 2):
            break
    each = (now() - began) // warmed

    singles = array.array("Q")
    limit = now() + part.time_limit
    while len(singles) < part.samples:
        start = now()
        await trip(number)
        end = now()
        number += 1
        singles.append(end - start)
        if end >= limit:
            break

    length = BATCH if each * BATCH <= LONGEST_BATCH_NS else 1 + LONGEST_BATCH_NS // each
    batches = array.array("Q", [length])
    limit = now() + part.time_limit
    for _ in range(part.samples // length + 1):
        start = now()
        for _ in range(length):
            await trip(number)
            number += 1
        end = now()
        batches.append(end - start)
        if end >= limit:
            break

    await trip(END)
    with open(part.output, "wb") as figures:
        for numbers in (singles, batches):
            array.array("Q", [len(numbers)]).tofile(figures)
            numbers.tofile(figures)


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("scenario")
    for option in ("transport", "mode", "api", "directory", "output"):
        parser.add_argument("--" + option)
    for option in ("bytes", "samples", "time-limit", "client", "server", "parent"):
        parser.add_argument("--" + option, type=int)
    part, _ = parser.parse_known_args()
    die_with(part.parent)
    os.environ["KBUS_DIR"] = part.directory
    if part.scenario == "footprint":
        idle = kbus.Ksock(0)
        idle.bind("$.Bench.Idle")
        open(part.output, "wb").close()
        idle.wait_for_msg()
    if part.scenario in ("oneway", "throughput"):
        import kbus_python_fan

        kbus_python_fan.Fan(part).play()
        return
    if part.scenario != "rtt":
        give_up("kbus.python has no part in this", UNAVAILABLE)

    kind = TaskEnd if part.mode == "async" else End
    ready = mmap.mmap(-1, mmap.PAGESIZE)
    own = os.getpid()
    server = os.fork()
    os.sched_setaffinity(0, {part.server if server == 0 else part.client})
    if server == 0:
        die_with(own)
        end = kind(part)
        end.ksock.bind(NAME, True)
        ready[0] = 1
        asyncio.run(end.serve())
        end.ksock.close()
        os._exit(0)

    deadline = time.monotonic() + 30
    while ready[0] == 0:
        if os.waitpid(server, os.WNOHANG)[0] != 0:
            os._exit(1)
        if time.monotonic() > deadline:
            give_up("the server did not get ready in time")
        time.sleep(0.0002)
    end = kind(part)
    asyncio.run(time_round_trips(part, end.trip))
    end.ksock.close()
    if os.waitpid(server, 0)[1] != 0:
        os._exit(1)


main()
