"""Several messages at a time: under one lock, and with one wake-up for each recipient."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Any, Iterable, Iterator, List, Optional

from kbus._in_place import ReceivedMessage
from kbus._library import check, lib
from kbus._message import Message, of_its_kind
from kbus._structures import MessageId
from kbus._taking import taken
from kbus._waiting import Deadline, wait_readable

#: The most that the library sends together.
MOST = 64


class KsockBatches:
    """The part of Ksock that sends and takes several messages at a time."""

    @property
    def _number(self) -> int:
        raise NotImplementedError

    @property
    def _readable_number(self) -> int:
        raise NotImplementedError

    def send_many(self, messages: Iterable[Message]) -> List[MessageId]:
        """Sends messages in order, up to 64 at a time with nobody else's in between, and returns their ids.

        The first that can't be sent ends it: the OSError is about that one, and its attribute `sent` has the ids of those
        before it, which are sent. Those behind it are not.
        """
        number = self._number
        sent: List[MessageId] = []
        structures = [message.msg.pointy() for message in messages]
        while len(sent) < len(structures):
            some = structures[len(sent) : len(sent) + MOST]
            pointers = (ctypes.c_void_p * len(some))(*(ctypes.addressof(structure) for structure in some))
            ids = (MessageId * len(some))()
            try:
                count = check(lib.kbus_send_many(number, pointers, len(some), ids))
            except OSError as error:
                error.sent = sent  # type: ignore[attr-defined]
                raise
            sent += [MessageId(ids[place].network_id, ids[place].serial_num) for place in range(count)]
        return sent

    def receive_many(self, limit: int = MOST, timeout: Optional[float] = None) -> List[Message]:
        """Takes all messages that are queued, `limit` at most, and waits for the first; empty if `timeout` seconds pass first."""
        return [of_its_kind(taken(ctypes.c_void_p(memory))) for memory in self._take_many(lib.kbus_receive_many, limit, timeout)]

    @contextlib.contextmanager
    def read_many_in_place(self, limit: int = MOST, timeout: Optional[float] = None) -> Iterator[List[ReceivedMessage]]:
        """The same without copying their data; of the 64 messages that a Ksock can hold so, as many as it holds no others.

        They are released at the end of `with`, or each when the last view of its data is gone, if that is later.
        """
        places = self._take_many(lib.kbus_receive_many_in_place, limit, timeout)
        messages = [ReceivedMessage.from_library(place) for place in places]
        try:
            yield messages
        finally:
            for message in messages:
                message.release()

    def _take_many(self, take: Any, limit: int, timeout: Optional[float]) -> List[int]:
        """What this call of the library takes, once there is something."""
        deadline = Deadline(timeout)
        places = (ctypes.c_void_p * max(0, limit))()
        while limit > 0:
            count = check(take(self._number, 0, places, limit))
            if count > 0:
                return [places[place] or 0 for place in range(count)]
            if not wait_readable(self._readable_number, deadline):
                break
        return []
