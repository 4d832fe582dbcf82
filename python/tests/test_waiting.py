"""Waiting: with a limit, in threads, and interrupted (cases R-09 to R-12)."""

import errno
import threading
import time

import pytest
from processes import until_undisturbed

from kbus import Announcement, Ksock, Message, MessageId, Reply, Request, Status, reply_to

DEADLINE_S = 60


class Started:
    """A function in another thread, and what becomes of it."""

    def __init__(self, function, *arguments):
        self.result = self.error = None
        self._thread = threading.Thread(target=self._run, args=(function, arguments), daemon=True)
        self._thread.start()

    def _run(self, function, arguments):
        try:
            self.result = function(*arguments)
        except OSError as error:
            self.error = error

    def end(self):
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()
        return self


def until(condition):
    """Waits until something that another thread brings about is so."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


class TestLimits:
    @pytest.mark.parametrize("wait", [Ksock.wait_for_msg, Ksock.receive])
    def test_nothing_comes(self, rosencrantz, wait):
        assert wait(rosencrantz, 0) is None
        before = time.monotonic()
        assert wait(rosencrantz, 0.02) is None
        assert time.monotonic() - before >= 0.02

    @pytest.mark.parametrize("wait", [Ksock.wait_for_msg, Ksock.receive])
    def test_something_is_there(self, rosencrantz, wait):
        rosencrantz.bind("$.F")
        for timeout in (None, 0, 10, 1e9):
            rosencrantz.send_msg(Message("$.F"))
            assert wait(rosencrantz, timeout).name == "$.F"

    def test_wait_for_msg_leaves_what_is_being_read_alone(self, rosencrantz):
        rosencrantz.bind("$.F")
        rosencrantz.send_msg(Message("$.F"))
        rosencrantz.next_msg()
        rosencrantz.read_data(50)
        assert rosencrantz.wait_for_msg(0) is None
        assert rosencrantz.len_left() == Message("$.F").total_length() - 50

    def test_receive_tells_the_kind(self, rosencrantz, guildenstern):
        guildenstern.bind("$.F", True)
        guildenstern.bind("$.G")
        rosencrantz.send_msg(Request("$.F"))
        rosencrantz.send_msg(Message("$.G"))
        rosencrantz.send_msg(Request("$.F"))
        request = guildenstern.receive(0)
        guildenstern.send_msg(reply_to(request))
        assert [type(one) for one in (request, guildenstern.receive(0))] == [Request, Announcement]
        guildenstern.close()
        assert [type(rosencrantz.receive(0)), type(rosencrantz.receive(0))] == [Reply, Status]

    def test_a_subclass_may_read_in_its_own_way(self):
        class Shouting(Ksock):
            def read_next_msg(self):
                message = super().read_next_msg()
                return message and Message.from_message(message, data=message.data.upper())

        with Shouting(0) as ksock:
            ksock.bind("$.F")
            ksock.send_msg(Message("$.F", "ahem"))
            assert ksock.wait_for_msg(0).data == b"AHEM"


class TestThreads:
    @pytest.mark.parametrize("wait", [Ksock.wait_for_msg, Ksock.receive])
    def test_others_run_while_one_waits(self, rosencrantz, guildenstern, wait):
        guildenstern.bind("$.F")
        waiting = Started(wait, guildenstern)
        rosencrantz.send_msg(Message("$.F", "x"))
        assert waiting.end().result.data == b"x"

    def test_each_message_goes_to_one_thread(self, rosencrantz, guildenstern):
        guildenstern.bind("$.F")
        threads = [Started(guildenstern.wait_for_msg) for _ in range(4)]
        for number in range(4):
            rosencrantz.send_msg(Message("$.F", b"%d" % number))
        assert sorted(thread.end().result.data for thread in threads) == [b"0", b"1", b"2", b"3"]

    @pytest.mark.parametrize("form", ["pointy", "entire"])
    def test_threads_send_from_one_ksock(self, rosencrantz, guildenstern, form):
        guildenstern.bind("$.F")
        guildenstern.set_max_messages(2000)

        def send(sender):
            for number in range(1000):
                message = Message("$.F", b"%d %d" % (sender, number))
                rosencrantz.send_msg(message if form == "pointy" else Message.from_bytes(message.to_bytes()))

        threads = [Started(send, sender) for sender in range(2)]
        assert [thread.end().error for thread in threads] == [None, None]
        heard = [tuple(map(int, message.data.split())) for message in guildenstern]
        for sender in range(2):
            assert [number for who, number in heard if who == sender] == list(range(1000))


class TestCall:
    def serve(self, ksock, words="yes"):
        return Started(lambda: ksock.send_msg(reply_to(ksock.wait_for_msg(), words)))

    def test_an_answer(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Ask", True)
        serving = self.serve(guildenstern)
        answer = rosencrantz.call(Request("$.Ask", "?"))
        assert (type(answer), answer.data, answer.to) == (Reply, b"yes", rosencrantz.ksock_id())
        assert serving.end().error is None

    def test_with_spinning(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Ask", True)
        rosencrantz.set_spin_budget(0.001)
        self.serve(guildenstern)
        assert rosencrantz.call(Request("$.Ask", "?")).data == b"yes"

    def test_other_messages_stay_queued(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Ask", True)
        rosencrantz.bind("$.News")
        for number in range(3):
            guildenstern.send_msg(Message("$.News", b"%d" % number))
        self.serve(guildenstern)
        assert rosencrantz.call(Request("$.Ask"), 30).data == b"yes"
        assert [message.data for message in rosencrantz] == [b"0", b"1", b"2"]

    def test_a_message_from_bytes(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Ask", True)
        serving = Started(guildenstern.wait_for_msg)
        asking = Started(rosencrantz.call, Message.from_bytes(Request("$.Ask", "?").to_bytes()))
        guildenstern.send_msg(reply_to(serving.end().result))
        assert (serving.result.data, asking.end().result.data) == (b"?", None)

    def test_the_bus_answers_for_a_replier_that_closes(self, rosencrantz):
        guildenstern = Ksock(0)
        guildenstern.bind("$.Ask", True)
        asking = Started(rosencrantz.call, Request("$.Ask"))
        until(lambda: guildenstern.num_messages() == 1)
        guildenstern.close()
        answer = asking.end().result
        assert (type(answer), answer.name) == (Status, "$.KBUS.Replier.GoneAway")

    def test_errors_and_time_limits(self, rosencrantz, guildenstern):
        with pytest.raises(OSError) as error:
            rosencrantz.call(Request("$.Ask"), 30)
        assert error.value.errno == errno.EADDRNOTAVAIL
        guildenstern.bind("$.Ask", True)
        with pytest.raises(TimeoutError) as late:
            rosencrantz.call(Request("$.Ask"), 0.01)
        assert late.value.errno == errno.ETIMEDOUT
        with pytest.raises(ConnectionRefusedError):
            guildenstern.send_msg(reply_to(guildenstern.read_next_msg()))
        assert rosencrantz.read_next_msg() is None


class TestSendWithin:
    def full(self, ksock):
        ksock.bind("$.F")
        ksock.set_max_messages(1)
        ksock.send_msg(Message("$.F", "first"))

    def test_room_appears(self, rosencrantz, guildenstern):
        self.full(guildenstern)
        sending = Started(rosencrantz.send_within, Message("$.F", "second", flags=Message.ALL_OR_WAIT))
        until(lambda: rosencrantz.last_msg_id() != MessageId())
        assert guildenstern.wait_for_msg().data == b"first"
        second = guildenstern.wait_for_msg(DEADLINE_S)
        assert (second.data, sending.end().result) == (b"second", second.id)

    def test_no_room_appears(self, rosencrantz, guildenstern):
        self.full(guildenstern)
        with pytest.raises(TimeoutError):
            rosencrantz.send_within(Message("$.F", "second", flags=Message.ALL_OR_WAIT), 0.01)
        assert [message.data for message in guildenstern] == [b"first"]
        assert rosencrantz.send_within(Message("$.F", "third", flags=Message.ALL_OR_WAIT), 0) == MessageId(0, 3)

    def test_other_errors_are_errors(self, rosencrantz, guildenstern):
        self.full(guildenstern)
        with pytest.raises(OSError) as error:
            rosencrantz.send_within(Message("$.F", flags=Message.ALL_OR_FAIL), 30)
        assert error.value.errno == errno.EBUSY


class TestWaitForReplier:
    def test_it_is_there(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Ask.*", True)
        assert rosencrantz.wait_for_replier("$.Ask.Me", 0) == guildenstern.ksock_id()

    def test_it_comes(self, rosencrantz, guildenstern):
        waiting = Started(rosencrantz.wait_for_replier, "$.Ask")
        guildenstern.bind("$.Ask", True)
        assert waiting.end().result == guildenstern.ksock_id()

    def test_it_does_not_come(self, rosencrantz):
        with pytest.raises(TimeoutError):
            rosencrantz.wait_for_replier("$.Ask", 0.12)
        with pytest.raises(OSError) as error:
            rosencrantz.wait_for_replier("$.a..b")
        assert error.value.errno == errno.EBADMSG


INTERRUPTED = """
from kbus import *
ksock = Ksock(0)
ksock.bind('$.Ask', True)
ksock.bind('$.Full')
ksock.set_max_messages(2)
ksock.send_msg(Message('$.Full'))
ksock.send_msg(Message('$.Full'))
other = Ksock(0)
try:
    print('waiting')
    %s
except KeyboardInterrupt:
    print('KeyboardInterrupt')
"""


WAITS = [
    "other.wait_for_msg()",
    "other.receive()",
    "other.wait_for_replier('$.Nobody')",
    "other.send_within(Message('$.Full', flags=Message.ALL_OR_WAIT))",
    "other.read_in_place().__enter__()",
    "wait_any([other, Ksock(0)])",
    "other.fast_fileno(); wait_any([other, Ksock(0)])",
]
CALL = "ksock.set_max_messages(100); other.call(Request('$.Ask'))"


@pytest.mark.parametrize("wait", [*WAITS, CALL])
def test_control_c(child, wait):
    waiting = child(INTERRUPTED % wait)
    assert waiting.line() == "waiting"
    waiting.until_asleep()
    waiting.interrupt()
    assert waiting.rest() == ["KeyboardInterrupt"]
    assert waiting.wait() == 0


# But CALL: while somebody waits for an answer, the library looks now and then whether the Replier's descriptor is still open.
@pytest.mark.parametrize("wait", WAITS)
def test_a_wait_sleeps(child, wait):
    waiting = child(INTERRUPTED % wait)
    assert waiting.line() == "waiting"
    waiting.until_asleep()
    until_undisturbed(waiting.process.pid)
