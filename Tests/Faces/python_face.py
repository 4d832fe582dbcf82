"""The Python face: Ksocks of the package `kbus` in this process, and in others (python_peer.py)."""

from __future__ import annotations

import errno
import os
import pickle
import select
import signal
import subprocess
import sys
import threading

import kbus
import pytest
from kbus._listings import bindings_text

from face import Call, KsockFace, Peer
from frame import ASK, CannotSay, M


BURST_WITHIN = 60  # seconds for each message


class PythonFace:
    name = "python"

    def __init__(self) -> None:
        self.ksocks: list[PythonKsock] = []
        self.peers: list[PythonPeer] = []

    def open(self, mode: str, which: int) -> PythonKsock:
        ksock = PythonKsock(mode, which)
        self.ksocks.append(ksock)
        return ksock

    def peer(self, descriptors: int | None = None) -> PythonPeer:
        peer = PythonPeer(descriptors)
        self.peers.append(peer)
        return peer

    def close(self) -> None:
        for peer in self.peers:
            peer.kill()
        for ksock in self.ksocks:
            if ksock.ksock.fd is not None:
                ksock.close()

    def create_bus(self, number: int, options: str) -> None: kbus.create_bus(number, options)
    def bindings(self) -> str: return bindings_text()
    def statistics(self) -> str: return kbus.read_statistics()

    def announce(self, name, data, flags): return value_of(kbus.Announcement(_text(name), data, flags=flags))
    def request(self, name, data, to, flags): return value_of(kbus.Request(_text(name), data, to=to, flags=flags))
    def reply_to(self, message, data, flags): return value_of(kbus.reply_to(native_of(message), data, flags))

    def stateful(self, earlier, name, data, flags):
        return value_of(kbus.stateful_request(native_of(earlier), _text(name), data, flags=flags))

    @staticmethod
    def expect_refusal(call, *arguments, **keywords) -> None:
        with pytest.raises(ValueError):
            call(*arguments, **keywords)


class PythonKsock(KsockFace):
    def __init__(self, mode: str, which: int) -> None:
        if mode == "w":
            raise CannotSay("in Python a Ksock is open for reading, or for reading and writing")
        self.ksock = kbus.Ksock(which, mode)

    @property
    def id(self) -> int:
        return self.ksock.ksock_id()

    def fileno(self): return self.ksock.fileno()
    def close(self): self.ksock.close()
    def bind(self, name, replier=False): self.ksock.bind(name, replier)
    def unbind(self, name, replier=False): self.ksock.unbind(name, replier)
    def find_replier(self, name): return self.ksock.find_replier(name)

    def send(self, message): return _pair(self.ksock.send_msg(native_of(message)))
    def send_written(self): return _pair(self.ksock.send())

    def burst(self, name, count):
        for number in range(count):
            data = number.to_bytes(4, sys.byteorder)
            self.ksock.send_within(kbus.Announcement(name, data, flags=kbus.Message.ALL_OR_WAIT), BURST_WITHIN)

    def write(self, data):
        assert self.ksock.write_data(data) == len(data)

    def write_pointy(self, message): self.ksock.write_msg(native_of(message.but()))
    def write_entire(self, message): self.ksock.write_msg(kbus.Message.from_bytes(message.entire_bytes()))
    def discard(self): self.ksock.discard()
    def last_id(self): return _pair(self.ksock.last_msg_id())

    def next_msg(self): return self.ksock.next_msg()
    def len_left(self): return self.ksock.len_left()
    def read(self, count): return self.ksock.read_data(count)
    def read_next(self): return _value(self.ksock.read_next_msg())
    def read_msg(self, length): return _value(self.ksock.read_msg(length))
    def wait_for_msg(self, timeout): return _value(self.ksock.wait_for_msg(timeout))

    def count(self): return self.ksock.num_messages()
    def unreplied(self): return self.ksock.num_unreplied_to()
    def max_messages(self, count=0): return self.ksock.set_max_messages(count)
    def max_size(self, size): return self.ksock.set_max_message_size(size)
    def new_device(self): return self.ksock.new_device()
    def only_once(self, request): return _setting(self.ksock.want_messages_once, request)
    def report_binds(self, request): return _setting(self.ksock.report_replier_binds, request)
    def verbose(self, request): return _setting(self.ksock.kernel_module_verbose, request)

    def poll(self, read=True, write=False, timeout=0, exceptional=False, how="select"):
        ready = _READINESS[how](self.ksock, read, write, timeout)
        return ready if exceptional else ready - {"x"}

    def in_child(self, method, *arguments):
        output, result = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(result, _errno_name(getattr(self, method), arguments).encode())
                os._exit(0)
            finally:
                os._exit(1)
        os.close(result)
        with os.fdopen(output) as text:
            name = text.read()
        _, status = os.waitpid(child, 0)
        assert status == 0, f"the child ended with status {status:#x}"
        return name or None


def _errno_name(call, arguments) -> str:
    try:
        call(*arguments)
        return ""
    except OSError as error:
        return errno.errorcode[error.errno]


def _setting(call, request: int) -> int:
    if request == ASK:
        return call(just_ask=True)
    if request not in (0, 1):
        raise CannotSay("in Python a setting is a boolean")
    return call(bool(request))


# Readiness, in three ways.


def _select(ksock, read, write, timeout):
    sets = select.select([ksock] if read else [], [ksock] if write else [], [ksock], timeout)
    return {what for what, ready in zip("rwx", sets) if ready}


def _poll(ksock, read, write, timeout):
    poller = select.poll()
    poller.register(ksock, (select.POLLIN if read else 0) | (select.POLLOUT if write else 0))
    return _events(poller.poll(int(timeout * 1000)), select.POLLIN, select.POLLOUT)


def _epoll(ksock, read, write, timeout):
    with select.epoll() as poller:
        poller.register(ksock, (select.EPOLLIN if read else 0) | (select.EPOLLOUT if write else 0))
        return _events(poller.poll(timeout), select.EPOLLIN, select.EPOLLOUT)


def _events(ready, readable, writable):
    events = ready[0][1] if ready else 0
    flags = (events & readable, events & writable, events & ~(readable | writable))
    return {what for what, flag in zip("rwx", flags) if flag}


_READINESS = {"select": _select, "poll": _poll, "epoll": _epoll}


# Messages of the package and of the frame.


def value_of(message) -> M:
    """A message of the package as one of the frame."""
    id, in_reply_to, to, from_, orig_from, final_to, flags, name, data = message.extract()
    return M(name, data or b"", to, from_, _origin(orig_from), _origin(final_to), _pair(in_reply_to), flags, _pair(id),
             extra=message.msg.extra, native=message)


def _value(message) -> M | None:
    """A message that was read."""
    if message is None:
        return None
    assert type(message) is kbus.Message
    value = value_of(message)
    return value.but(raw=message.to_bytes(), native=message)


def native_of(message: M):
    """A message of the frame as one of the package: the one that it is, or one with its fields."""
    if message.native is not None:
        return message.native
    if message.raw is not None:
        return kbus.Message.from_bytes(message.raw)
    native = kbus.Message(
        _text(message.name), message.data, message.to, message.from_, kbus.OrigFrom(*message.orig_from),
        kbus.OrigFrom(*message.final_to), kbus.MessageId(*message.in_reply_to), message.flags,
        kbus.MessageId(*message.id))
    native.msg.extra = message.extra
    return native


def _text(name: str | bytes) -> str:
    return name.decode("latin-1") if isinstance(name, bytes) else name


def _pair(id) -> tuple[int, int]:
    return (id.network_id, id.serial_num) if id is not None else (0, 0)


def _origin(origin) -> tuple[int, int]:
    return (origin.network_id, origin.local_id) if origin is not None else (0, 0)


class PythonPeer(Peer):
    """A process of python_peer.py: a call goes there pickled, and its result or exception comes back."""

    def __init__(self, descriptors: int | None) -> None:
        super().__init__()
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "python_peer.py")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, program, str(descriptors or 0)], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self._process.pid
        self.orders = self._process.stdin
        self._lock = threading.Lock()

    def open(self, mode: str = "rw", which: int = 0) -> PeerKsock:
        return PeerKsock(self, self.call(None, "open", (mode, which), {}))

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._calls.shutdown()
        self._process.stdout.close()
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass

    def call(self, ksock: int | None, method: str, arguments: tuple, keywords: dict):
        with self._lock:
            pickle.dump((ksock, method, arguments, keywords), self._process.stdin)
            self._process.stdin.flush()
            self.ordered.set()
            result, error = pickle.load(self._process.stdout)
        if error is not None:
            raise error
        return result


class PeerKsock:
    """A Ksock in a peer, known by its index there; has all that PythonKsock has."""

    def __init__(self, peer: PythonPeer, index: int) -> None:
        self.peer = peer
        self.index = index

    @property
    def id(self) -> int:
        return self.peer.call(self.index, "id", (), {})

    def later(self, method: str, *arguments, **keywords) -> Call:
        return self.peer.start(getattr(self, method), *arguments, **keywords)

    def __getattr__(self, method: str):
        return lambda *arguments, **keywords: self.peer.call(self.index, method, arguments, keywords)
