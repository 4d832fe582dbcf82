"""The Message class: what all kinds of messages have in common."""

from __future__ import annotations

import struct
from typing import Any, Dict, Optional, Sequence, Tuple, Type, TypeVar

from kbus._structures import (
    END_GUARD,
    MSG_HEADER_LEN,
    START_GUARD,
    EntireStruct,
    MessageId,
    MessageStruct,
    OrigFrom,
    calc_entire_message_len,
    hexdata,
    message_from_parts,
)

AnyMessage = TypeVar("AnyMessage", bound="Message")

#: The classes of Announcement, Request, Reply and Status, by name; kbus.messages fills it in.
kinds: Dict[str, Type[Message]] = {}

_BIND_EVENT = "$.KBUS.ReplierBindEvent"
_BIND_EVENT_LAYOUT = struct.Struct("=III")
_MNEMONICS = ((0x1, "REQ"), (0x2, "YOU"), (0x4, "SYN"), (0x8, "URG"), (0x200, "aFL"), (0x100, "aWT"))


class Message:
    """A message of any kind.

    `data` may be bytes, something that bytes() understands, or a str, which is encoded. `flags` are the class's
    constants, or-ed together.
    """

    START_GUARD = START_GUARD
    END_GUARD = END_GUARD

    WANT_A_REPLY = 0x1
    WANT_YOU_TO_REPLY = 0x2
    SYNTHETIC = 0x4
    URGENT = 0x8
    ALL_OR_WAIT = 0x100
    ALL_OR_FAIL = 0x200

    msg: MessageStruct
    #: What repr never shows, because the constructor does not take it.
    _unshown: Tuple[str, ...] = ()
    #: Whose from_sequence an error talks about.
    _sequence_owner = "Message"

    def __init__(
        self,
        name: str,
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        orig_from: Optional[OrigFrom] = None,
        final_to: Optional[OrigFrom] = None,
        in_reply_to: Optional[MessageId] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> None:
        if not name.startswith("$."):
            raise ValueError('Message name "%s" does not start "$."' % name)
        self.msg = message_from_parts(
            _pair(id, MessageId, "id"),
            _pair(in_reply_to, MessageId, "in_reply_to"),
            to,
            from_,
            _pair(orig_from, OrigFrom, "orig_from"),
            _pair(final_to, OrigFrom, "final_to"),
            flags,
            name,
            data,
            encoding,
            errors,
        )
        if self.msg.name_len < 3:
            raise ValueError("Message name is %d long, minimum is 3 (e.g., '$.*')" % self.msg.name_len)

    # Made from something else

    @classmethod
    def from_message(
        cls: Type[AnyMessage],
        msg: Message,
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        orig_from: Optional[OrigFrom] = None,
        final_to: Optional[OrigFrom] = None,
        in_reply_to: Optional[MessageId] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> AnyMessage:
        """A copy of a message, with every argument that is not None in place of what it had."""
        return cls.from_sequence(
            msg.extract(), data, to, from_, orig_from, final_to, in_reply_to, flags, id, encoding, errors
        )

    @classmethod
    def from_sequence(
        cls: Type[AnyMessage],
        seq: Sequence[Any],
        data: Any = None,
        to: Optional[int] = None,
        from_: Optional[int] = None,
        orig_from: Optional[OrigFrom] = None,
        final_to: Optional[OrigFrom] = None,
        in_reply_to: Optional[MessageId] = None,
        flags: Optional[int] = None,
        id: Optional[MessageId] = None,
        encoding: str = "utf-8",
        errors: str = "strict",
    ) -> AnyMessage:
        """A message from what `extract` returns, with every argument that is not None in place of what is there."""
        if len(seq) != 9:
            raise ValueError(
                "Sequence arg to %s.from_sequence() must have 9 values, not %d" % (cls._sequence_owner, len(seq))
            )
        was_id, was_in_reply_to, was_to, was_from, was_orig_from, was_final_to, was_flags, name, was_data = seq
        made = cls.__new__(cls)
        Message.__init__(
            made,
            name,
            was_data if data is None else data,
            was_to if to is None else to,
            was_from if from_ is None else from_,
            was_orig_from if orig_from is None else orig_from,
            was_final_to if final_to is None else final_to,
            was_in_reply_to if in_reply_to is None else in_reply_to,
            was_flags if flags is None else flags,
            was_id if id is None else id,
            encoding,
            errors,
        )
        made._settle()
        return made

    @classmethod
    def from_bytes(cls: Type[AnyMessage], arg: bytes) -> AnyMessage:
        """A message from the bytes of an entire message."""
        arg = bytes(arg)
        if len(arg) < MSG_HEADER_LEN:
            raise ValueError('Cannot form entire message from string "%s" of length %d' % (hexdata(arg), len(arg)))
        made = cls._of(EntireStruct.from_anywhere(arg))
        if made.msg.start_guard != START_GUARD:
            ends = hexdata(arg[:8]), hexdata(arg[-8:])
            raise ValueError(
                'Cannot form entire message from string "%s..%s" which does not start with message start guard' % ends
            )
        made._settle()
        return made

    @classmethod
    def _of(cls: Type[AnyMessage], structure: MessageStruct) -> AnyMessage:
        made = cls.__new__(cls)
        made.msg = structure
        return made

    def _settle(self) -> None:
        """Makes a message that was made from another of the right kind, or refuses to."""

    def __reduce__(self) -> Any:
        return type(self).from_bytes, (self.to_bytes(),)

    # What it holds

    @property
    def id(self) -> Optional[MessageId]:
        """The id that the bus gave it; None before it is sent."""
        number = self.msg.id
        return MessageId(*number._values()) if any(number._values()) else None

    @property
    def in_reply_to(self) -> Optional[MessageId]:
        """The id of the Request that this answers."""
        number = self.msg.in_reply_to
        return MessageId(*number._values()) if any(number._values()) else None

    @property
    def to(self) -> int:
        return self.msg.to

    @property
    def from_(self) -> int:
        return self.msg.from_

    @property
    def orig_from(self) -> Optional[OrigFrom]:
        ksock = self.msg.orig_from
        return OrigFrom(*ksock._values()) if any(ksock._values()) else None

    @property
    def final_to(self) -> Optional[OrigFrom]:
        ksock = self.msg.final_to
        return OrigFrom(*ksock._values()) if any(ksock._values()) else None

    @property
    def flags(self) -> int:
        return self.msg.flags

    @property
    def name(self) -> str:
        return (self.msg.name or b"").decode("utf-8", "surrogateescape")

    @property
    def data(self) -> Optional[bytes]:
        """The data as bytes; None if there are none."""
        return self.msg.content()

    def extract(self) -> Tuple[Any, ...]:
        """(id, in_reply_to, to, from_, orig_from, final_to, flags, name, data)"""
        origins = self.orig_from, self.final_to
        numbers = self.id, self.in_reply_to, self.to, self.from_
        return numbers + origins + (self.flags, self.name, self.msg.content())

    def to_bytes(self) -> bytes:
        """The entire message."""
        return self.msg.to_bytes()

    def total_length(self) -> int:
        """The length of the entire message."""
        return calc_entire_message_len(self.msg.name_len, self.msg.data_len)

    def equivalent(self, other: Message) -> bool:
        """Whether both say the same to the same Ksock, whoever sent them and when."""
        return (self.to, self.msg.name, self.msg.content()) == (other.to, other.msg.name, other.msg.content())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.msg.key() == other.msg.key()

    __hash__ = None  # type: ignore[assignment]

    # What it is

    def is_reply(self) -> bool:
        return any(self.msg.in_reply_to._values())

    def is_request(self) -> bool:
        return bool(self.msg.flags & Message.WANT_A_REPLY)

    def is_stateful_request(self) -> bool:
        return self.is_request() and self.msg.to != 0

    def wants_us_to_reply(self) -> bool:
        """Whether this copy went to the Replier, who owes a Reply."""
        return bool(self.msg.flags & Message.WANT_YOU_TO_REPLY)

    def is_synthetic(self) -> bool:
        """Whether the bus made it."""
        return bool(self.msg.flags & Message.SYNTHETIC)

    def is_urgent(self) -> bool:
        return bool(self.msg.flags & Message.URGENT)

    def set_want_reply(self, value: bool = True) -> None:
        self._set_flag(Message.WANT_A_REPLY, value)

    def set_urgent(self, value: bool = True) -> None:
        self._set_flag(Message.URGENT, value)

    def _set_flag(self, flag: int, value: bool) -> None:
        self.msg.flags = self.msg.flags | flag if value else self.msg.flags & ~flag

    def cast(self) -> Message:
        """The same message as an object of its kind: Announcement, Request, Reply or Status."""
        return of_its_kind(EntireStruct.from_anywhere(self.to_bytes()))

    # How it looks

    def __repr__(self) -> str:
        items = [repr(self.name)]
        for field in ("data", "to", "from_", "orig_from", "final_to", "in_reply_to", "flags", "id"):
            value: Any = self.msg.content() if field == "data" else getattr(self, field)
            if value and field not in self._unshown:
                items.append("%s=%s" % (field, "0x%08x" % value if field == "flags" else repr(value)))
        return "%s(%s)" % (type(self).__name__, ", ".join(items))

    def __str__(self) -> str:
        kind = _kind(self.msg)
        name = self.name
        data = self.msg.content()
        items = []
        if name == _BIND_EVENT:
            kind = "ReplierBindEvent"
        else:
            items.append("'%s'" % name)
        for label, value in (
            ("id", self.id),
            ("to", self.to),
            ("from", self.from_),
            ("orig_from", self.orig_from),
            ("final_to", self.final_to),
            ("in_reply_to", self.in_reply_to),
            ("flags", self.flags and _flags_as_text(self.flags)),
        ):
            if value:
                items.append("%s=%s" % (label, value))
        if data is not None:
            items.append((name == _BIND_EVENT and _bind_event_as_text(data)) or "data=%r" % data)
        return "<%s %s>" % (kind, ", ".join(items))


def of_its_kind(structure: MessageStruct) -> Message:
    """A message as an Announcement, Request, Reply or Status."""
    return kinds[_kind(structure)]._of(structure)


def _kind(structure: MessageStruct) -> str:
    if any(structure.in_reply_to._values()):
        return "Status" if (structure.name or b"").startswith(b"$.KBUS.") else "Reply"
    return "Request" if structure.flags & Message.WANT_A_REPLY else "Announcement"


def split_replier_bind_event_data(data: bytes) -> Tuple[int, int, str]:
    """(is_bind, binder, name) from the data of a $.KBUS.ReplierBindEvent."""
    is_bind, binder, name_len = _BIND_EVENT_LAYOUT.unpack_from(data)
    name = bytes(data[_BIND_EVENT_LAYOUT.size : _BIND_EVENT_LAYOUT.size + name_len])
    return is_bind, binder, name.decode("utf-8", "surrogateescape")


def _pair(value: Any, kind: Type[Any], argument: str) -> Optional[Tuple[int, int]]:
    if value is None:
        return None
    if not isinstance(value, kind):
        raise TypeError("%s must be a %s or None, not %r" % (argument, kind.__name__, value))
    return value._values()  # type: ignore[no-any-return]


def _flags_as_text(flags: int) -> str:
    names = ",".join(name for bit, name in _MNEMONICS if flags & bit)
    return "0x%x (%s)" % (flags, names) if names else "0x%x" % flags


def _bind_event_as_text(data: bytes) -> str:
    """What a bind event says; "" if anybody has sent other data with that name."""
    if len(data) < _BIND_EVENT_LAYOUT.size:
        return ""
    is_bind, binder, name = split_replier_bind_event_data(data)
    return "[%s '%s' for %u]" % ("Bind" if is_bind else "Unbind", name, binder)
