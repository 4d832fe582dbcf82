"""Messages: what is sent over a bus and read from it.

A Message made by a constructor is held in pointy form, one made from bytes - so every message that was read - in
entire form. That shows in one place only: a bad name is reported by `send` for the first, and by `write_msg` for the
second.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence, Type

from kbus._message import AnyMessage as _AnyMessage
from kbus._message import Message as Message
from kbus._message import kinds as _kinds
from kbus._message import split_replier_bind_event_data as split_replier_bind_event_data
from kbus._structures import MSG_HEADER_LEN as MSG_HEADER_LEN
from kbus._structures import MessageId as MessageId
from kbus._structures import OrigFrom as OrigFrom
from kbus._structures import _MessageHeaderStruct as _MessageHeaderStruct
from kbus._structures import _pointy_message_from_bytes as _pointy_message_from_bytes
from kbus._structures import _struct_from_bytes as _struct_from_bytes
from kbus._structures import _struct_to_bytes as _struct_to_bytes
from kbus._structures import c_data_as_bytes as c_data_as_bytes
from kbus._structures import calc_entire_message_len as calc_entire_message_len
from kbus._structures import calc_padded_data_len as calc_padded_data_len
from kbus._structures import calc_padded_name_len as calc_padded_name_len
from kbus._structures import hexdata as hexdata
from kbus._structures import hexify as hexify
from kbus._structures import message_from_parts as message_from_parts


class Announcement(Message):
    """A message for whoever is bound to its name."""

    _unshown = ("orig_from", "final_to", "in_reply_to")
    _sequence_owner = "Announcement"

    def __init__(
        self,
        name: str,
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> None:
        super().__init__(name, data=data, to=to, from_=from_, flags=flags, id=id, encoding=encoding, errors=errors)

    @classmethod
    def from_message(  # type: ignore[override]
        cls: Type[_AnyMessage],
        msg: Message,
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> _AnyMessage:
        """A copy of a message that answers nothing and comes from no other bus."""
        return cls.from_sequence(msg.extract(), data, to, from_, flags=flags, id=id, encoding=encoding, errors=errors)

    @classmethod
    def from_sequence(  # type: ignore[override]
        cls: Type[_AnyMessage],
        seq: Sequence[Any],
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> _AnyMessage:
        """The same from what `extract` returns."""
        return super().from_sequence(seq, data, to, from_, flags=flags, id=id, encoding=encoding, errors=errors)

    def _settle(self) -> None:
        self.msg.in_reply_to = MessageId()
        self.msg.orig_from = self.msg.final_to = OrigFrom()

    def set_want_reply(self, value: bool = True) -> None:
        raise TypeError("Announcements are not Requests")


class Request(Message):
    """A message that the Replier of its name must answer."""

    _unshown = ("in_reply_to",)
    _sequence_owner = "Request"

    def __init__(
        self,
        name: str,
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        final_to: Optional[OrigFrom] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> None:
        super().__init__(name, data, to, from_, final_to=final_to, flags=flags, id=id, encoding=encoding, errors=errors)
        self._settle()

    @classmethod
    def from_message(  # type: ignore[override]
        cls: Type[_AnyMessage],
        msg: Message,
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        final_to: Optional[OrigFrom] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> _AnyMessage:
        """A copy of a message that wants a reply."""
        return cls.from_sequence(
            msg.extract(), data, to, from_, final_to=final_to, flags=flags, id=id, encoding=encoding, errors=errors
        )

    @classmethod
    def from_sequence(  # type: ignore[override]
        cls: Type[_AnyMessage],
        seq: Sequence[Any],
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        final_to: Optional[OrigFrom] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> _AnyMessage:
        """The same from what `extract` returns."""
        return super().from_sequence(
            seq, data, to, from_, final_to=final_to, flags=flags, id=id, encoding=encoding, errors=errors
        )

    def _settle(self) -> None:
        self.msg.flags |= Message.WANT_A_REPLY

    def set_want_reply(self) -> None:  # type: ignore[override]
        raise TypeError('Request always has "want a reply" set')


class Reply(Message):
    """The answer to a Request."""

    _unshown = ("final_to",)

    def __init__(
        self,
        name: str,
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        orig_from: Optional[OrigFrom] = None,
        in_reply_to: Optional[MessageId] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> None:
        super().__init__(
            name, data, to, from_, orig_from, None, in_reply_to, flags, id, encoding=encoding, errors=errors
        )
        self._settle()

    def _settle(self) -> None:
        if not self.is_reply():
            raise ValueError("A Reply must specify in_reply_to")


class Status(Message):
    """The bus's own answer to a Request, when the Replier can give none. Only `from_bytes` makes one."""

    _unshown = ("orig_from", "final_to")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("Use the Status.from_bytes() method to construct a Status")

    @classmethod
    def from_message(cls, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Status does not support the from_message() static method")

    @classmethod
    def from_sequence(cls, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Status does not support the from_sequence() static method")


def reply_to(
    original: Message, data: Any = None, flags: int = 0, encoding: str = "utf-8", errors: str = "strict"
) -> Reply:
    """The Reply to a Request that we are to answer."""
    if not (original.is_request() and original.wants_us_to_reply()):
        raise ValueError(
            "Cannot form a reply to a message that does not have WANT_A_REPLY and WANT_YOU_TO_REPLY set: %s" % original
        )
    return Reply(
        original.name,
        data,
        to=original.from_,
        in_reply_to=original.id,
        flags=flags,
        encoding=encoding,
        errors=errors,
    )


def stateful_request(
    earlier_msg: Message,
    name: str,
    data: Any = None,
    from_: Optional[int] = None,
    flags: Optional[int] = None,
    id: Optional[MessageId] = None,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> Request:
    """A Request that only the Replier behind an earlier Reply, or behind an earlier stateful Request, may answer."""
    if earlier_msg.is_reply():
        to, final_to = earlier_msg.from_, earlier_msg.orig_from
    elif earlier_msg.is_stateful_request():
        to, final_to = earlier_msg.to, earlier_msg.final_to
    else:
        raise ValueError("The first argument of stateful_request() must be a Reply or a previous Stateful Request")
    return Request(name, data, to, from_, final_to, flags, id, encoding, errors)


_kinds.update((kind.__name__, kind) for kind in (Announcement, Request, Reply, Status))
