"""The C face: processes of c_peer.c, which make the calls, and Ksocks that are numbers in them."""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import threading

import library
import wire
from face import KsockFace, Peer
from frame import M, fails

MODES = {"r": os.O_RDONLY, "w": os.O_WRONLY, "rw": os.O_RDWR}
ANSWER_WITHIN = 90  # seconds; longer than any case waits on purpose


C = (os.environ.get("CC", "cc"), "-std=gnu17")
CXX = (os.environ.get("CXX", "c++"), "-xc++", "-std=gnu++17")


def compile_peer(directory: str, compiler: tuple[str, ...] = C) -> str:
    """The program of c_peer.c, compiled into this directory, as C or as C++."""
    program = os.path.join(directory, "c_peer" if compiler == C else "cxx_peer")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "c_peer.c")
    subprocess.run(
        [*compiler, "-Wall", "-Wextra", "-Werror", "-g", source, "-o", program,
         "-I", str(library.INCLUDE), "-L", str(library.DIRECTORY), "-lkbus", f"-Wl,-rpath,{library.DIRECTORY}"],
        check=True)
    return program


class CFace:
    name = "c"

    def __init__(self, program: str) -> None:
        self.program = program
        self.peers: list[CPeer] = []
        self._main = None

    @property
    def main(self) -> CPeer:
        """The process of the Ksocks that the case opens without saying where."""
        if self._main is None:
            self._main = self.peer()
        return self._main

    def open(self, mode: str, which: int) -> CKsock:
        return self.main.open(mode, which)

    def peer(self, descriptors: int | None = None) -> CPeer:
        peer = CPeer(self.program, descriptors)
        self.peers.append(peer)
        return peer

    def close(self) -> None:
        for peer in self.peers:
            peer.kill()

    def create_bus(self, number: int, options: str) -> None:
        self.main.call("bus_create", number, options)

    def bindings(self) -> str: return self.main.call("list_bindings")[1].decode()
    def statistics(self) -> str: return self.main.call("list_statistics")[1].decode()

    def announce(self, name, data, flags):
        return self.main.build(("create", name, data, flags))

    def request(self, name, data, to, flags):
        message = self.main.build(("create_request", name, data, flags))
        return message.but(to=to, native=message.native) if to else message

    def reply_to(self, message, data, flags):
        return self.main.build(("create_reply_to", message, data, flags))

    def stateful(self, earlier, name, data, flags):
        return self.main.build(("create_stateful_request", earlier, name, data, flags))

    @staticmethod
    def expect_refusal(call, *arguments, **keywords) -> None:
        fails("EBADMSG", call, *arguments, **keywords)


class CPeer(Peer):
    def __init__(self, program: str, descriptors: int | None) -> None:
        super().__init__()
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.pid = self._process.pid
        self.orders = self._process.stdin
        self._answers = b""
        self._lock = threading.Lock()
        self._built: dict[int, tuple[M, int]] = {}
        if descriptors:
            self.call("descriptors", descriptors)

    def open(self, mode: str = "rw", which: int = 0) -> CKsock:
        number, = self.call("open", which & 0xFFFFFFFF, MODES[mode])
        return CKsock(self, number)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._calls.shutdown()
        self._process.stdin.close()
        self._process.stdout.close()

    def call(self, command: str, *words) -> list:
        """One command; what it answered, bytes and numbers. OSError if the call failed."""
        with self._lock:
            line = " ".join([command, *map(_word, words)]) + "\n"
            _write_all(self._process.stdin, line.encode())
            self.ordered.set()
            values = [_value(word) for word in self._answer().split()]
        if values[0] < 0:
            error = OSError(-values[0], os.strerror(-values[0]))
            error.values = values
            raise error
        return values

    def _answer(self) -> str:
        output = self._process.stdout
        parts = [self._answers]
        while b"\n" not in parts[-1]:
            if not select.select([output], [], [], ANSWER_WITHIN)[0]:
                raise TimeoutError("no answer from the C peer")
            part = os.read(output.fileno(), 1 << 20)
            if not part:
                raise EOFError(f"the C peer ended with {self._process.wait()}")
            parts.append(part)
        line, _, self._answers = b"".join(parts).partition(b"\n")
        return line.decode()

    def build(self, recipe: tuple) -> M:
        """Makes a message with the builder that the recipe names, and looks at what it made."""
        builder, *arguments = recipe
        words = [self.index_of(word) if isinstance(word, M) else word for word in arguments]
        # A length of 0 goes with a null pointer, as in a program.
        words[-2] = words[-2] or None
        _, index, header, name, data = self.call(builder, *words)
        message = M(name.decode("latin-1"), data, **wire.fields(header), native=recipe)
        self._built[id(message)] = (message, index)
        return message

    def index_of(self, message: M, entire: bool = False) -> int:
        """The message in the peer: as its builder makes it, or as it was read, then with the fields that it has."""
        if entire:
            return self._made(message, "create_entire")
        if id(message) in self._built:
            return self._built[id(message)][1]
        if message.raw is not None:
            _, index = self.call("take", message.raw)
        else:
            index = self._made(message, "create")
        self._built[id(message)] = (message, index)
        return index

    def _made(self, message: M, plain: str) -> int:
        if message.native is not None and plain == "create":
            made = self.build(message.native)
        else:
            made = self.build((plain, wire.name_bytes(message.name), message.data, message.flags))
        index = self._built[id(made)][1]
        if made != message:
            self.call("fields", index, *message.id, *message.in_reply_to, message.to, message.from_,
                      *message.orig_from, *message.final_to, message.extra, message.flags)
        return index


class CKsock(KsockFace):
    def __init__(self, peer: CPeer, number: int) -> None:
        self.peer = peer
        self.number = number
        self._where = ""

    def _call(self, command: str, *words) -> list:
        return self.peer.call(self._where + command, self.number, *words)

    @property
    def id(self) -> int:
        return self._call("id")[1]

    def fileno(self) -> int:
        """The descriptor, in the process of the peer."""
        return self.number

    def close(self): self._call("close")
    def bind(self, name, replier=False): self._call("bind", name, int(replier))
    def unbind(self, name, replier=False): self._call("unbind", name, int(replier))
    def find_replier(self, name): return self._call("find_replier", name)[1] or None

    def send(self, message):
        index = self.peer.index_of(message)
        return self._sent("send_msg", index)

    def send_written(self): return self._sent("send")
    def burst(self, name, count): self._call("burst", name, count)

    def _sent(self, command, *words):
        try:
            return tuple(self._call(command, *words)[1:])
        except OSError as error:
            # Filled in by EAGAIN too.
            error.msg_id = tuple(error.values[1:])
            raise

    def write(self, data): self._call("write_data", data)
    def write_pointy(self, message): self._call("write_msg", self.peer.index_of(message.but(native=message.native)))
    def write_entire(self, message): self._call("write_msg", self.peer.index_of(message, entire=True))
    def discard(self): self._call("discard")
    def last_id(self): return tuple(self._call("last_msg_id")[1:])

    def next_msg(self):
        found, length = self._call("next_msg")
        assert found == (1 if length else 0)
        return length

    def len_left(self): return self._call("len_left")[1]

    def read(self, count):
        """As read(2), by what C has: the length has to be one that is there, and nothing is no message."""
        left = self.len_left()
        try:
            return self._call("read_msg", min(count, left) if left else count)[1]
        except OSError as error:
            if left or error.errno != errno.EBADMSG:
                raise
            return b""

    def read_msg(self, length):
        try:
            return M.from_bytes(self._call("read_msg", length)[1])
        except OSError as error:
            if error.errno != errno.EBADMSG:
                raise
            return None

    def read_next(self): return _read(self._call("read_next_msg"))

    def wait_for_msg(self, timeout):
        return _read(self._call("receive_within", int(timeout * 1e9)))

    def count(self): return self._call("num_messages")[1]
    def unreplied(self): return self._call("num_unreplied_to")[1]
    def max_messages(self, count=0): return self._call("max_messages", count)[1]
    def max_size(self, size): return self._call("max_message_size", size)[1]
    def new_device(self): return self._call("new_device")[1]
    def only_once(self, request): return self._call("only_once", request)[0]
    def report_binds(self, request): return self._call("report_replier_binds", request)[0]
    def verbose(self, request): return self._call("verbose", request)[0]

    def poll(self, read=True, write=False, timeout=0, exceptional=False, how="poll"):
        ready = self._call(how, int(read), int(write), int(timeout * 1000))[1:]
        wanted = "rwx" if exceptional else "rw"
        return {what for what, is_ready in zip("rwx", ready) if is_ready and what in wanted}

    def in_child(self, method, *arguments):
        self._where = "in_child "
        try:
            getattr(self, method)(*arguments)
            return None
        except OSError as error:
            return errno.errorcode[error.errno]
        finally:
            self._where = ""


def _read(values: list) -> M | None:
    return M.from_bytes(values[1]) if len(values) > 1 else None


def _write_all(pipe, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[pipe.write(view):]


def _word(value) -> str:
    if value is None:
        return "-"
    if isinstance(value, (str, bytes)):
        return "x" + wire.name_bytes(value).hex()
    return str(value)


def _value(word: str):
    return bytes.fromhex(word[1:]) if word[0] == "x" else int(word)
