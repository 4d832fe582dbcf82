"""What the cases are written with: messages, the expected failures, and the marks of cases that not every run can have.

A case is a function `test_<letter>_<number>_<what>(bus)`, for example `test_C_04_three_bindings_three_copies`; the
fixture `bus` (conftest.py) runs it once for each face of the library. What a bus can do is in bus.py, what its Ksocks
can do in face.py.
"""

from __future__ import annotations

import dataclasses
import errno
import io

import pytest

import wire

WANT_A_REPLY = 0x1
WANT_YOU_TO_REPLY = 0x2
SYNTHETIC = 0x4
URGENT = 0x8
ALL_OR_WAIT = 0x100
ALL_OR_FAIL = 0x200

# As a setting: neither on nor off, what is it?
ASK = 0xFFFFFFFF


@dataclasses.dataclass(frozen=True)
class M:
    """A message, as a value. Ids are tuples (network, serial), (0, 0) is none; no data is b"".

    One that was read, or made from bytes, has `raw` and is written as these bytes, in one piece; any other is written
    in pointy form. `native` is what the face made it with; in Python that does not travel to another process.
    """

    name: str | bytes
    data: bytes = b""
    to: int = 0
    from_: int = 0
    orig_from: tuple[int, int] = (0, 0)
    final_to: tuple[int, int] = (0, 0)
    in_reply_to: tuple[int, int] = (0, 0)
    flags: int = 0
    id: tuple[int, int] = (0, 0)
    extra: int = 0
    raw: bytes | None = dataclasses.field(default=None, compare=False, repr=False)
    native: object = dataclasses.field(default=None, compare=False, repr=False)

    # Made by the face's own builder of such messages.

    @staticmethod
    def announce(name, data=b"", flags=0) -> M:
        return Current.face.announce(name, data, flags)

    @staticmethod
    def request(name, data=b"", to=0, flags=0) -> M:
        return Current.face.request(name, data, to, flags)

    @staticmethod
    def reply_to(message: M, data=b"", flags=0) -> M:
        return Current.face.reply_to(message, data, flags)

    @staticmethod
    def stateful(earlier: M, name, data=b"", flags=0) -> M:
        return Current.face.stateful(earlier, name, data, flags)

    @staticmethod
    def from_bytes(data: bytes, native: object = None) -> M:
        """The message that these bytes, a whole one, are."""
        name, content = wire.name_and_data(data)
        return M(name.decode("latin-1"), content, **wire.fields(data), raw=data, native=native)

    def but(self, **changes) -> M:
        """The same with other fields; to be written in pointy form."""
        return dataclasses.replace(self, **{"raw": None, "native": None, **changes})

    def entire_bytes(self) -> bytes:
        return wire.entire(self)

    def total_length(self) -> int:
        return wire.entire_len(len(wire.name_bytes(self.name)), len(self.data))

    def equivalent(self, other: M) -> bool:
        """The same `to`, name and data, as Message.equivalent of the Python API."""
        return ((self.to, wire.name_bytes(self.name), self.data)
                == (other.to, wire.name_bytes(other.name), other.data))

    @property
    def marked(self) -> bool:
        """Whether this is the copy of a Request whose reader has to answer."""
        return self.flags & WANT_YOU_TO_REPLY != 0

    def __getstate__(self):
        return {**self.__dict__, "native": None}

    def __setstate__(self, state):
        self.__dict__.update(state)


class Current:
    """The face that the case of the moment runs on; the fixture `bus` sets it."""

    face = None


class CannotSay(pytest.skip.Exception):
    """This face has no way to say what the case says: the case is left out for it, with this reason."""


def fails(name: str, call, *arguments, **keywords) -> OSError:
    """Asserts that the call fails with this errno; returns the error."""
    expected = getattr(errno, name)
    with pytest.raises(OSError) as caught:
        call(*arguments, **keywords)
    error = caught.value
    if isinstance(error, io.UnsupportedOperation):
        # Python's own word for writing to what is open for reading only.
        assert (name, str(error)) == ("EBADF", "File not open for writing")
    else:
        assert errno.errorcode.get(error.errno) == errno.errorcode[expected], f"{name} expected, got {error!r}"
    return error


def refused(call, *arguments, **keywords):
    """Asserts that the face's builder refuses: ValueError in Python, -EBADMSG in C."""
    Current.face.expect_refusal(call, *arguments, **keywords)


def c_only(reason: str):
    return pytest.mark.one_face("c", reason)


def python_only(reason: str):
    return pytest.mark.one_face("python", reason)
