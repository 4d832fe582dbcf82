"""Opening, errors, sending and reading (KBUS specification, Python API, sections 2 and 7; cases A-01 to A-15, U-15)."""

import errno
import io
import os
import select
import sys

import pytest
from errnos import fails

import kbus
from kbus import Announcement, Ksock, Message, MessageId, OrigFrom, Request


class TestOpening:
    def test_attributes_and_text(self):
        ksock = Ksock(0)
        assert (ksock.which, ksock.name, ksock.mode) == (0, "/dev/kbus0", "read/write")
        assert str(ksock) == "Ksock device 0, id 1, mode read/write"
        assert repr(ksock) == "<Ksock /dev/kbus0 open for read/write>"
        reader = Ksock(0, "r")
        assert reader.mode == "read"
        assert str(reader) == "Ksock device 0, id 2, mode read"
        ksock.close()
        reader.close()
        assert (ksock.fd, ksock.mode) == (None, None)
        assert str(ksock) == "Ksock device 0 (closed)"
        assert repr(ksock) == "<Ksock /dev/kbus0 closed>"

    @pytest.mark.parametrize("mode", ["fred", "w+", "x", "w", ""])
    def test_a_wrong_mode_uses_up_no_id(self, mode):
        with pytest.raises(ValueError) as error:
            Ksock(0, mode)
        assert str(error.value) == "Ksock mode should be 'r' or 'rw', not '%s'" % mode
        with Ksock(0) as ksock:
            assert ksock.ksock_id() == 1

    @pytest.mark.parametrize("which", [-1, 3, 255, 256, 2**32 - 1, 2**40])
    def test_an_unknown_bus(self, which):
        for mode in ("r", "rw"):
            error = fails(errno.ENOENT, Ksock, which, mode)
            assert type(error) is FileNotFoundError and error.filename == "/dev/kbus%d" % which
            assert error.explanation and error.remedy

    @pytest.mark.parametrize("which", ["0", None, 0.0])
    def test_a_bus_is_a_number(self, which):
        with pytest.raises(TypeError):
            Ksock(which)

    def test_a_subclass(self):
        class Named(Ksock):
            def __init__(self, which, name, mode="rw"):
                super().__init__(which, mode)
                self.called = name

        with Named(0, "Hamlet") as ksock:
            assert (ksock.called, ksock.ksock_id()) == ("Hamlet", 1)

    def test_the_descriptor_is_not_inherited(self, rosencrantz):
        assert rosencrantz.fileno() == rosencrantz.fd.fileno()
        assert os.get_inheritable(rosencrantz.fileno()) is False

    def test_a_body_that_raises_closes_it(self):
        with pytest.raises(KeyError):
            with Ksock(0) as ksock:
                raise KeyError("x")
        assert ksock.fd is None


CALLS_ON_CLOSED = [
    lambda k: k.close(),
    lambda k: k.bind("$.F"),
    lambda k: k.unbind("$.F"),
    lambda k: k.ksock_id(),
    lambda k: k.next_msg(),
    lambda k: k.len_left(),
    lambda k: k.read_data(1),
    lambda k: k.read_msg(100),
    lambda k: k.read_next_msg(),
    lambda k: k.wait_for_msg(0),
    lambda k: k.write_msg(Message("$.F")),
    lambda k: k.write_data(b"x"),
    lambda k: k.send(),
    lambda k: k.send_msg(Message("$.F")),
    lambda k: k.send_msg(Message.from_bytes(Message("$.F").to_bytes())),
    lambda k: k.discard(),
    lambda k: k.last_msg_id(),
    lambda k: k.find_replier("$.F"),
    lambda k: k.max_messages(),
    lambda k: k.num_messages(),
    lambda k: k.num_unreplied_to(),
    lambda k: k.want_messages_once(),
    lambda k: k.kernel_module_verbose(),
    lambda k: k.report_replier_binds(),
    lambda k: k.new_device(),
    lambda k: k.max_message_size(),
    lambda k: k.fileno(),
    lambda k: select.select([k], [], [], 0),
    lambda k: next(k),
    lambda k: k.receive(0),
    lambda k: k.send_within(Message("$.F"), 0),
    lambda k: k.call(Request("$.F"), 0),
    lambda k: k.wait_for_replier("$.F", 0),
    lambda k: k.read_in_place(0).__enter__(),
    lambda k: k.loan(Message("$.F"), 10).__enter__(),
    lambda k: k.send_many([Message("$.F")]),
    lambda k: k.receive_many(timeout=0),
    lambda k: k.read_many_in_place(timeout=0).__enter__(),
    lambda k: k.set_spin_budget(0),
    lambda k: k.counters(),
    lambda k: k.newly_missed(),
]


@pytest.mark.parametrize("call", CALLS_ON_CLOSED)
def test_a_closed_ksock_refuses_everything(call):
    ksock = Ksock(0)
    ksock.close()
    error = fails(errno.EBADF, call, ksock)
    assert error.explanation == "the Ksock is closed" and error.remedy


class TestReadOnly:
    def test_writing(self):
        with Ksock(0, "r") as ksock:
            entire = Message.from_bytes(Message("$.F").to_bytes())
            for write in (
                lambda: ksock.write_data(b"x"),
                lambda: ksock.fd.write(b"x"),
                lambda: ksock.write_msg(Message("$.F")),
                lambda: ksock.write_msg(entire),
                lambda: ksock.send_msg(Message("$.F")),
                lambda: ksock.send_msg(entire),
            ):
                with pytest.raises(io.UnsupportedOperation) as error:
                    write()
                assert str(error.value) == "File not open for writing"
                assert isinstance(error.value, OSError)
            fails(errno.ENOMSG, ksock.send)

    def test_everything_else(self, rosencrantz):
        with Ksock(0, "r") as ksock:
            ksock.bind("$.Fred")
            ksock.bind("$.Fred", True)
            assert (ksock.next_msg(), ksock.fd.read(1), ksock.read_data(1)) == (0, b"", b"")
            assert ksock.set_max_messages(5) == 5
            ksock.discard()
            assert ksock.max_message_size() == 409600
            assert select.select([], [ksock], [], 0) == ([], [], [])
            rosencrantz.send_msg(Request("$.Fred"))
            assert ksock.read_next_msg().wants_us_to_reply()
            assert ksock.num_unreplied_to() == 1


class TestErrors:
    def test_each_errno_has_its_class(self, rosencrantz, guildenstern):
        error = fails(errno.EADDRNOTAVAIL, rosencrantz.send_msg, Request("$.Fred"))
        assert type(error) is OSError
        guildenstern.bind("$.Fred", True)
        error = fails(errno.EPIPE, rosencrantz.send_msg, Request("$.Fred", to=77))
        assert type(error) is BrokenPipeError and str(error) == "[Errno 32] Broken pipe"
        made_up = kbus.Reply("$.Fred", to=guildenstern.ksock_id(), in_reply_to=MessageId(0, 77))
        assert type(fails(errno.ECONNREFUSED, rosencrantz.send_msg, made_up)) is ConnectionRefusedError
        guildenstern.bind("$.Full")
        guildenstern.set_max_messages(1)
        rosencrantz.send_msg(Announcement("$.Full"))
        waits = Announcement("$.Full", flags=Message.ALL_OR_WAIT)
        assert type(fails(errno.EAGAIN, rosencrantz.send_msg, waits)) is BlockingIOError
        assert type(fails(errno.EALREADY, rosencrantz.send_msg, waits)) is BlockingIOError

    def test_an_error_says_what_was_found_and_what_to_do(self, rosencrantz):
        error = fails(errno.EADDRNOTAVAIL, rosencrantz.send_msg, Request("$.Lamp"))
        assert error.strerror == os.strerror(errno.EADDRNOTAVAIL)
        assert "$.Lamp" in error.explanation and error.remedy
        if sys.version_info >= (3, 11):
            assert error.__notes__ == [error.explanation, error.remedy]

    @pytest.mark.parametrize("name, number", [("$.a\0b", errno.EBADMSG), ("", errno.EBADMSG), ("$.é", errno.EBADMSG)])
    def test_bad_names(self, rosencrantz, name, number):
        fails(number, rosencrantz.bind, name)
        fails(number, rosencrantz.unbind, name)

    def test_long_names(self, rosencrantz):
        fails(errno.ENAMETOOLONG, rosencrantz.bind, "$." + "a" * 999)
        fails(errno.ENAMETOOLONG, rosencrantz.bind, "\0" * 10000)

    @pytest.mark.parametrize("count", [-1, 2**32])
    def test_counts_are_32_bits(self, rosencrantz, count):
        for call in (rosencrantz.set_max_messages, rosencrantz.set_max_message_size, rosencrantz.read_data):
            with pytest.raises(OverflowError):
                call(count)

    def test_a_wildcard_is_refused_by_send_or_by_write(self, rosencrantz):
        pointy = Message("$.*")
        rosencrantz.write_msg(pointy)
        fails(errno.EBADMSG, rosencrantz.send)
        fails(errno.EBADMSG, rosencrantz.write_msg, Message.from_bytes(pointy.to_bytes()))


class TestSendingAndReading:
    def test_a_message_in_pieces(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred")
        whole = Message("$.Fred", "abc1234").to_bytes()
        assert [rosencrantz.write_data(whole[at : at + 7]) for at in range(0, len(whole), 7)] == [7] * 15 + [3]
        assert rosencrantz.send() == MessageId(0, 1) == rosencrantz.last_msg_id()
        assert guildenstern.next_msg() == len(whole) == guildenstern.len_left()
        read = guildenstern.read_data(100) + guildenstern.fd.read(1)
        assert guildenstern.len_left() == len(whole) - 101
        read += guildenstern.fd.read()
        assert guildenstern.read_data(1) == b"" == guildenstern.fd.read()
        assert Message.from_bytes(read) == Message("$.Fred", "abc1234", from_=1, id=MessageId(0, 1))

    def test_the_file(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred")
        whole = Message("$.Fred").to_bytes()
        assert rosencrantz.fd.write(bytearray(whole)) == len(whole)
        rosencrantz.fd.flush()
        rosencrantz.send()
        guildenstern.next_msg()
        buffer = bytearray(60)
        assert guildenstern.fd.readinto(buffer) == 60
        assert guildenstern.fd.readinto(buffer) == len(whole) - 60
        assert guildenstern.fd.readinto(buffer) == 0
        assert (guildenstern.fd.readable(), guildenstern.fd.writable(), guildenstern.fd.closed) == (True, True, False)

    def test_read_msg(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred")
        assert guildenstern.read_msg(100) is None
        rosencrantz.send_msg(Announcement("$.Fred", "x"))
        message = guildenstern.read_msg(guildenstern.next_msg())
        assert type(message) is Message and message.data == b"x"

    def test_what_was_read_can_be_sent_whatever_its_length(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred")
        for length in range(9):
            rosencrantz.send_msg(Message("$.Fred", b"x" * length))
            first = guildenstern.read_next_msg()
            rosencrantz.send_msg(Message.from_message(first, id=None))
            rosencrantz.write_msg(guildenstern.read_next_msg())
            rosencrantz.send()
            assert guildenstern.read_next_msg().equivalent(first)

    def test_all_fields_arrive(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred")
        sent = Message(
            "$.Fred",
            b"a\0b" * 1000,
            to=9,
            from_=77,
            orig_from=OrigFrom(1, 2),
            final_to=OrigFrom(3, 4),
            flags=0x80000008,
            id=MessageId(5, 6),
        )
        assert rosencrantz.send_msg(sent) == MessageId(5, 6)
        assert guildenstern.read_next_msg() == Message.from_message(sent, from_=rosencrantz.ksock_id())

    def test_iterating(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred")
        for words in ("one", "two"):
            rosencrantz.send_msg(Message("$.Fred", words))
        assert [message.data for message in guildenstern] == [b"one", b"two"]
        rosencrantz.send_msg(Message("$.Fred", "three"))
        assert iter(guildenstern) is guildenstern
        assert [message.data for message in guildenstern] == [b"three"]

    def test_a_written_message_keeps_its_data(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred")
        for _ in range(20):
            rosencrantz.write_msg(Message("$.Fred", b"x" * 50_000))
            others = [b"%d" % number * 10_000 for number in range(20)]
            rosencrantz.send()
            assert guildenstern.read_next_msg().data == b"x" * 50_000
            del others

    def test_a_pending_message_keeps_its_data(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred")
        guildenstern.set_max_messages(1)
        rosencrantz.send_msg(Message("$.Fred"))
        fails(errno.EAGAIN, rosencrantz.send_msg, Message("$.Fred", b"x" * 5000, flags=Message.ALL_OR_WAIT))
        fails(errno.EALREADY, rosencrantz.send_msg, Message("$.Fred", b"y" * 5000))
        guildenstern.read_next_msg()
        assert select.select([], [rosencrantz], [], 10) == ([], [rosencrantz], [])
        assert guildenstern.read_next_msg().data == b"x" * 5000

    def test_discard(self, rosencrantz):
        rosencrantz.write_msg(Message("$.Fred"))
        rosencrantz.discard()
        fails(errno.ENOMSG, rosencrantz.send)
