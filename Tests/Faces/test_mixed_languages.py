"""Swift, C, C++ and Python processes on one bus: each asks and answers each other, and all hear the same.

Swift is the command line tool `kbus`, and TestPeer where many messages are sent at once; both are in $KBUS_SWIFT or .build/debug.
C is c_peer.c, C++ the same compiled as C++, Python is python_peer.py.
"""

import itertools
import json
import os
import pathlib
import subprocess
import time

import kbus
import library
import pytest
from c_face import CXX, CFace, compile_peer
from frame import c_only
from python_face import PythonFace

SWIFT = pathlib.Path(os.environ.get("KBUS_SWIFT", library.ROOT / ".build/debug"))
NAMES = {"Swift": "$.From.Swift", "C": "$.From.C", "C++": "$.From.Cxx", "Python": "$.From.Python"}
LANGUAGES = tuple(NAMES)
WITHIN = 60  # seconds

pytestmark = c_only("Python takes part in it")


class SwiftProcesses:
    """Swift: a process for each thing done."""

    def __init__(self) -> None:
        self._running = []

    def start(self, program, *words, **keywords):
        path = SWIFT / program
        assert path.exists(), f"{path} is missing; `swift build --build-tests` builds it"
        process = subprocess.Popen([str(path), *words], stdout=subprocess.PIPE, text=True, **keywords)
        self._running.append(process)
        return process

    def close(self):
        for process in self._running:
            process.kill()
            process.communicate()

    def ask(self, name, question):
        asking = self.start("kbus", "request", name, question, "--raw")
        return lambda: ended(asking).encode()

    def answer(self, name, answer):
        answering = self.start("kbus", "reply", name, answer, "--count", "1", "--json")
        return lambda: json.loads(ended(answering))["data"].encode()

    def burst(self, name, count):
        peer = self.start("TestPeer", stdin=subprocess.PIPE)
        peer.stdin.write(f"open k\nburst k names={name} count={count} flags=0x100 within={WITHIN * 1000}\n")
        peer.stdin.close()
        peer.stdin = None

        def serials():
            opened, sent = ended(peer).splitlines()
            assert (opened[:3], sent[:3]) == ("ok ", "ok "), (opened, sent)
            assert len(sent[3:].split(",")) == count

        return serials

    def listen(self, names, count, room):
        listening = self.start("kbus", "listen", names, "--count", str(count), "--json", "--queue", str(room))

        def heard():
            messages = [json.loads(line) for line in ended(listening).splitlines()]
            return [(int(message["id"].removeprefix("0:")), message["name"]) for message in messages]

        return heard


class Calls:
    """A language in which the test makes each call itself, in other processes."""

    def __init__(self, face) -> None:
        self._face = face
        self._peers = []

    def _open(self):
        peer = self._face.peer()
        self._peers.append(peer)
        return peer.open()

    def close(self):
        self._face.close()

    def ask(self, name, question):
        ksock = self._open()
        ksock.send(self._face.request(name, question.encode(), 0, 0))
        return lambda: ksock.wait_for_msg(WITHIN).data

    def answer(self, name, answer):
        ksock = self._open()
        ksock.bind(name, replier=True)

        def answer_once():
            asked = ksock.wait_for_msg(WITHIN)
            ksock.send(self._face.reply_to(asked, answer.encode(), 0))
            return asked.data

        return answer_once

    def burst(self, name, count):
        ksock = self._open()
        call = ksock.later("burst", name, count)
        return lambda: call.result(WITHIN)

    def listen(self, names, count, room):
        ksock = self._open()
        ksock.max_messages(room)
        ksock.bind(names)

        def heard():
            messages = (ksock.wait_for_msg(WITHIN) for _ in range(count))
            return [(message.id[1], message.name) for message in messages]

        return heard


def ended(process):
    output, _ = process.communicate(timeout=WITHIN)
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="session")
def cxx_program(request):
    return compile_peer(str(request.config.sandbox.programs), CXX)


@pytest.fixture
def speakers(bus, c_program, cxx_program):
    all_of_them = {"Swift": SwiftProcesses(), "C": Calls(CFace(c_program)), "C++": Calls(CFace(cxx_program)),
                   "Python": Calls(PythonFace())}
    assert tuple(all_of_them) == LANGUAGES
    yield all_of_them
    for speaker in all_of_them.values():
        speaker.close()


def until(condition, what):
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.001)


@pytest.mark.parametrize(
    "asker, replier", [pytest.param(*pair, id="-asks-".join(pair)) for pair in itertools.permutations(LANGUAGES, 2)])
def test_everybody_asks_everybody(speakers, asker, replier):
    answered = speakers[replier].answer("$.In.Other", f"in {replier}")
    with kbus.Ksock(0) as looking:
        looking.wait_for_replier("$.In.Other", WITHIN)
    answer = speakers[asker].ask("$.In.Other", f"from {asker}?")
    assert answered() == f"from {asker}?".encode()
    assert answer() == f"in {replier}".encode()


def test_everybody_hears_one_order_of_what_all_send_at_once(speakers):
    each = 150
    total = len(LANGUAGES) * each
    # C has little room, so that nobody sends much before the others do.
    heard = {language: speakers[language].listen("$.From.*", total, 4 if language == "C" else total) for language in LANGUAGES}
    until(lambda: len(kbus.read_bindings({})) == len(LANGUAGES), "not all listen")
    sent = [speakers[language].burst(NAMES[language], each) for language in LANGUAGES]
    until(lambda: kbus.read_statistics().count("(finished), sending") == len(LANGUAGES), "not everybody waits for room in C")
    order = heard["C"]()
    for burst_is_over in sent:
        burst_is_over()
    assert [language for language in LANGUAGES if language != "C" and heard[language]() != order] == []

    senders = [name for _, name in order]
    # None was through before all had begun.
    assert max(map(senders.index, NAMES.values())) < each * len(NAMES) - max(map(senders[::-1].index, NAMES.values()))
    for name in NAMES.values():
        own = [serial for serial, sender in order if sender == name]
        assert len(own) == each
        assert own == sorted(own)
