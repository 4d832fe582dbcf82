"""The bytes of a message, as a 64-bit program reads and writes them (KBUS specification, C API, section 2)."""

from __future__ import annotations

import struct

START_GUARD = 0x7375624B
END_GUARD = 0x4B627573

# start guard, id, in_reply_to, to, from, orig_from, final_to, extra, flags, name_len, data_len, (4), name, data,
# end guard, (4)
HEADER = struct.Struct("=I 2I 2I I I 2I 2I I I I I 4x Q Q I 4x")
GUARD = struct.Struct("=I")

# A pointer that is not null and must never be followed.
BAD_POINTER = 0x10


def padded_name_len(length: int) -> int:
    return 4 * ((length + 1 + 3) // 4)


def padded_data_len(length: int) -> int:
    return 4 * ((length + 3) // 4)


def entire_len(name_len: int, data_len: int) -> int:
    return HEADER.size + padded_name_len(name_len) + padded_data_len(data_len) + GUARD.size


def name_bytes(name: str | bytes) -> bytes:
    return name if isinstance(name, bytes) else name.encode()


def header(message, *, start_guard=START_GUARD, end_guard=END_GUARD, name_len=None, data_len=None, name_pointer=0,
           data_pointer=0) -> bytes:
    """The header of `message`, with anything in it that a case wants to be wrong."""
    return HEADER.pack(
        start_guard, *message.id, *message.in_reply_to, message.to, message.from_, *message.orig_from,
        *message.final_to, message.extra, message.flags,
        len(name_bytes(message.name)) if name_len is None else name_len,
        len(message.data) if data_len is None else data_len,
        name_pointer, data_pointer, end_guard)


def entire(message, *, final_guard=END_GUARD, padding=b"\0", **changes) -> bytes:
    """`message` in one piece: header, name, data, guard; `padding` is what fills up name and data."""
    name = name_bytes(message.name) + b"\0"
    name += padding * (padded_name_len(len(name) - 1) - len(name))
    data = message.data + padding * (padded_data_len(len(message.data)) - len(message.data))
    return header(message, **changes) + name + data + GUARD.pack(final_guard)


def fields(data: bytes) -> dict:
    """What the header at the front of `data` says, as the fields of a message; the rest is checked, not returned."""
    values = HEADER.unpack_from(data)
    return {
        "id": values[1:3], "in_reply_to": values[3:5], "to": values[5], "from_": values[6],
        "orig_from": values[7:9], "final_to": values[9:11], "extra": values[11], "flags": values[12],
    }


def lengths(data: bytes) -> tuple[int, int]:
    """name_len and data_len of the header at the front of `data`."""
    return HEADER.unpack_from(data)[13:15]


def name_and_data(data: bytes) -> tuple[bytes, bytes]:
    """Name and data of an entire message."""
    name_len, data_len = lengths(data)
    start = HEADER.size + padded_name_len(name_len)
    return data[HEADER.size:HEADER.size + name_len], data[start:start + data_len]
