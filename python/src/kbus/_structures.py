"""What a message is made of: the structures of the C header, and sums over them.

A message has two forms. A *pointy* one is a header whose name and data pointers lead elsewhere; an *entire* one is a
header with null pointers, followed by padded name, padded data and a second end guard. Both appear here as a header
that can be written to, plus what its name and data are as bytes.
"""

from __future__ import annotations

import ctypes
import string
from typing import Any, Optional, Tuple, Type, TypeVar, Union

START_GUARD = 0x7375624B
END_GUARD = 0x4B627573

_AnyStructure = TypeVar("_AnyStructure", bound=ctypes.Structure)
_PlainText = frozenset((string.ascii_letters + string.digits + string.punctuation).encode())


class _Pair(ctypes.Structure):
    """Two numbers that compare as a tuple does, and only with their own kind."""

    def _values(self) -> Tuple[int, int]:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __lt__(self, other: object) -> bool:
        return self._values() < other._values() if type(other) is type(self) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self._values() <= other._values() if type(other) is type(self) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self._values() > other._values() if type(other) is type(self) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self._values() >= other._values() if type(other) is type(self) else NotImplemented

    def __repr__(self) -> str:
        return "%s(%u, %u)" % ((type(self).__name__,) + self._values())


class MessageId(_Pair):
    """A message's id: a network, 0 for this bus, and a serial number."""

    _fields_ = [("network_id", ctypes.c_uint32), ("serial_num", ctypes.c_uint32)]
    network_id: int
    serial_num: int

    def __init__(self, network_id: int = 0, serial_num: int = 0) -> None:
        super().__init__(network_id, serial_num)

    def _values(self) -> Tuple[int, int]:
        return self.network_id, self.serial_num

    def __add__(self, other: int) -> MessageId:
        return MessageId(self.network_id, self.serial_num + other) if isinstance(other, int) else NotImplemented

    def __str__(self) -> str:
        return "[%u:%u]" % self._values()


class OrigFrom(_Pair):
    """A Ksock on another bus, as limpets know it: a network and a Ksock id there."""

    _fields_ = [("network_id", ctypes.c_uint32), ("local_id", ctypes.c_uint32)]
    network_id: int
    local_id: int

    def __init__(self, network_id: int = 0, local_id: int = 0) -> None:
        super().__init__(network_id, local_id)

    def _values(self) -> Tuple[int, int]:
        return self.network_id, self.local_id

    def __str__(self) -> str:
        return "(%u,%u)" % self._values()


class _HeaderLayout(ctypes.Structure):
    _fields_ = [
        ("start_guard", ctypes.c_uint32),
        ("id", MessageId),
        ("in_reply_to", MessageId),
        ("to", ctypes.c_uint32),
        ("from_", ctypes.c_uint32),
        ("orig_from", OrigFrom),
        ("final_to", OrigFrom),
        ("extra", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("name_len", ctypes.c_uint32),
        ("data_len", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_char_p),
        ("end_guard", ctypes.c_uint32),
    ]


MSG_HEADER_LEN = ctypes.sizeof(_HeaderLayout)
_ID_TO_FINAL_TO = slice(_HeaderLayout.id.offset, _HeaderLayout.extra.offset)
_BytePointer = ctypes.POINTER(ctypes.c_uint8)


class _MessageHeaderStruct(_HeaderLayout):
    """A message's header. Compares by content: by what the pointers lead to, not by their values."""

    start_guard: int
    id: MessageId
    in_reply_to: MessageId
    to: int
    from_: int
    orig_from: OrigFrom
    final_to: OrigFrom
    extra: int
    flags: int
    name_len: int
    data_len: int
    end_guard: int
    # What the pointers lead to is kept alive by these.
    _name_owner: Any = None
    _data_owner: Any = None

    @property
    def name(self) -> Optional[bytes]:
        if type(self._name_owner) is bytes:
            return self._name_owner
        address = self._pointer(_HeaderLayout.name)
        return ctypes.string_at(address, self.name_len) if address else None

    @name.setter
    def name(self, value: Any) -> None:
        self._name_owner = value
        _HeaderLayout.name.__set__(self, _pointable(value))

    @property
    def data(self) -> Any:
        """A pointer to bytes, null if there are none."""
        return ctypes.cast(self.data_address() or 0, _BytePointer)

    @data.setter
    def data(self, value: Any) -> None:
        self._data_owner = value
        _HeaderLayout.data.__set__(self, _pointable(value))

    def data_address(self) -> Optional[int]:
        return self._pointer(_HeaderLayout.data)

    def _pointer(self, field: Any) -> Optional[int]:
        # What the field itself returns ends at the first zero byte.
        return ctypes.c_void_p.from_buffer(self, field.offset).value

    def content(self) -> Optional[bytes]:
        """The data as bytes, None if there are none."""
        if type(self._data_owner) is bytes:
            return self._data_owner
        address = self.data_address()
        return ctypes.string_at(address, self.data_len) if address and self.data_len else None

    def key(self) -> Tuple[Any, ...]:
        """What makes two messages the same."""
        return bytes(self)[_ID_TO_FINAL_TO], self.flags, self.name, self.content()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _MessageHeaderStruct):
            return NotImplemented
        return self.key() == other.key() and all(
            getattr(self, field) == getattr(other, field)
            for field in ("start_guard", "end_guard", "extra", "name_len", "data_len")
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        def quoted(text: Optional[bytes]) -> str:
            return "None" if text is None else "'%s'" % hexdata(text)

        pairs = self.id._values() + self.in_reply_to._values() + (self.to, self.from_)
        origins = self.orig_from._values() + self.final_to._values()
        lengths = self.flags, self.name_len, self.data_len
        texts = quoted(self.name), quoted(self.content())
        return (
            "<%08x] " % self.start_guard
            + "%u:%u %u:%u %u %u " % pairs
            + "%u,%u %u,%u " % origins
            + "%08x %u %u " % lengths
            + "%s %s " % texts
            + "[%08x>" % self.end_guard
        )


class PointyStruct(_MessageHeaderStruct):
    """A message in pointy form, with its name and data as Python bytes."""

    is_pointy = True

    def pointy(self) -> PointyStruct:
        return self

    def to_bytes(self) -> bytes:
        """The equivalent entire message."""
        header = PointyStruct.from_buffer_copy(self)
        header.name = header.data = None
        name, data = self.name or b"", self.content() or b""
        return b"".join(
            (
                bytes(header),
                name.ljust(calc_padded_name_len(len(name)), b"\0"),
                data.ljust(calc_padded_data_len(len(data)), b"\0"),
                bytes(ctypes.c_uint32(END_GUARD)),
            )
        )


class EntireStruct(_MessageHeaderStruct):
    """A message in entire form: its header, and all its bytes as they were."""

    is_pointy = False
    whole: bytes

    @classmethod
    def from_library(cls, whole: bytes) -> EntireStruct:
        """From the bytes of an entire message that the library has made."""
        struct = cls.from_buffer_copy(whole)
        struct.whole = whole
        return struct

    @classmethod
    def from_anywhere(cls, whole: bytes) -> EntireStruct:
        """The same, if somebody else may have made them: pointers in such bytes lead nowhere."""
        struct = cls.from_library(whole)
        _HeaderLayout.name.__set__(struct, None)
        _HeaderLayout.data.__set__(struct, None)
        return struct

    @property  # type: ignore[misc]
    def name(self) -> bytes:
        return self.whole[MSG_HEADER_LEN : MSG_HEADER_LEN + self.name_len]

    @property  # type: ignore[misc]
    def data(self) -> Any:
        return ctypes.cast(ctypes.c_char_p(self.content()), _BytePointer)

    def content(self) -> Optional[bytes]:
        start = MSG_HEADER_LEN + calc_padded_name_len(self.name_len)
        return self.whole[start : start + self.data_len] or None

    def to_bytes(self) -> bytes:
        return bytes(self) + self.whole[MSG_HEADER_LEN:]

    def pointy(self) -> PointyStruct:
        """The same message in pointy form."""
        struct = PointyStruct.from_buffer_copy(self)
        struct.name, struct.data = self.name, self.content()
        return struct


MessageStruct = Union[PointyStruct, EntireStruct]


def _pointable(value: Any) -> Union[bytes, int, None]:
    """What a pointer of a structure can be set to: bytes, an address, or null."""
    if value is None or isinstance(value, (bytes, int)):
        return value
    if isinstance(value, ctypes.Array):
        # ctypes.cast would make the array refer to itself, and so outlive its last user.
        return ctypes.addressof(value)
    return ctypes.cast(value, ctypes.c_void_p).value


def _struct_to_bytes(struct: ctypes.Structure) -> bytes:
    """The bytes of a structure, pointers as they are."""
    return bytes(struct)


def _struct_from_bytes(struct_class: Type[_AnyStructure], data: bytes) -> _AnyStructure:
    """A structure from its bytes."""
    return struct_class.from_buffer_copy(data)


def _pointy_message_from_bytes(data: bytes) -> PointyStruct:
    """A pointy message from the bytes of its header, whose pointers must still lead somewhere."""
    return _struct_from_bytes(PointyStruct, data)


def message_from_parts(
    id: Optional[Tuple[int, int]],
    in_reply_to: Optional[Tuple[int, int]],
    to: Optional[int],
    from_: Optional[int],
    orig_from: Optional[Tuple[int, int]],
    final_to: Optional[Tuple[int, int]],
    flags: Optional[int],
    name: str,
    data: Any,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> PointyStruct:
    """The structure behind a new Message; it checks nothing but types."""
    struct = PointyStruct(start_guard=START_GUARD, end_guard=END_GUARD, to=to or 0, from_=from_ or 0, flags=flags or 0)
    for field, pair in (("id", id), ("in_reply_to", in_reply_to), ("orig_from", orig_from), ("final_to", final_to)):
        if pair is not None:
            setattr(struct, field, pair)
    struct.name = name_as_bytes(name)
    struct.name_len = len(struct._name_owner)
    struct.data = data_as_bytes(data, encoding, errors)
    struct.data_len = len(struct._data_owner or b"")
    return struct


def name_as_bytes(name: str) -> bytes:
    """A name as the bus sees it; one that was read and is not UTF-8 becomes the same bytes again."""
    if not isinstance(name, str):
        raise TypeError("a message name is a str, not %s" % type(name).__name__)
    return name.encode("utf-8", "surrogateescape")


def data_as_bytes(data: Any, encoding: str, errors: str) -> Optional[bytes]:
    """Data in any of the kinds that a Message accepts, as bytes; None if it is empty."""
    if isinstance(data, str):
        return data.encode(encoding, errors) or None
    if isinstance(data, int):
        raise TypeError("message data is bytes or str, not int")
    return bytes(data) or None if data is not None else None


def calc_padded_name_len(name_len: int) -> int:
    """The length of a name in an entire message, with its terminator and padding."""
    return 4 * ((name_len + 1 + 3) // 4)


def calc_padded_data_len(data_len: int) -> int:
    """The length of data in an entire message, with its padding."""
    return 4 * ((data_len + 3) // 4)


def calc_entire_message_len(name_len: int, data_len: int) -> int:
    """The length of an entire message whose name and data have these lengths."""
    return MSG_HEADER_LEN + calc_padded_name_len(name_len) + calc_padded_data_len(data_len) + 4


def c_data_as_bytes(data: Any, data_len: int) -> bytes:
    """The first `data_len` items of a C array, or of what a pointer leads to."""
    return ctypes.string_at(data, data_len) if isinstance(data, _BytePointer) else bytes(data[:data_len])


def hexdata(data: Union[bytes, str]) -> str:
    """Data as text: letters, digits and punctuation as they are, everything else as \\xHH."""
    if isinstance(data, str):
        data = data.encode()
    return "".join(chr(byte) if byte in _PlainText else "\\x%02x" % byte for byte in data)


def hexify(data: Union[bytes, str]) -> str:
    """Data as two-digit hexadecimal values, parted by spaces."""
    if isinstance(data, str):
        data = data.encode()
    return " ".join("%02x" % byte for byte in data)
