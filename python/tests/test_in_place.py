"""Data read and filled in shared memory."""

import errno
import gc
import pickle

import pytest

import kbus
from kbus import Announcement, Message, MessageId, Request, reply_to

LARGE = 100_000


@pytest.fixture
def pair(rosencrantz, guildenstern):
    guildenstern.bind("$.Frame")
    return rosencrantz, guildenstern


def overwrite(sender, receiver):
    """Uses every slot that is free, so that what is not held is overwritten."""
    for _ in range(200):
        sender.send_msg(Message("$.Frame", b"\xff" * LARGE))
        receiver.read_next_msg()


class TestReading:
    def test_a_message(self, pair):
        rosencrantz, guildenstern = pair
        sent = Announcement("$.Frame", b"a\0b" * 1000, flags=0x80000000)
        rosencrantz.send_msg(sent)
        with guildenstern.read_in_place(0) as message:
            assert (message.name, message.id, message.from_, message.flags) == (
                "$.Frame",
                MessageId(0, 1),
                1,
                0x80000000,
            )
            assert isinstance(message.data, memoryview) and message.data.readonly
            assert (message.data.format, message.data.nbytes, message.data[1]) == ("B", 3000, 0)
            assert message.data == sent.data
            with pytest.raises(TypeError):
                message.data[0] = 1
            assert message == Message.from_message(sent, from_=1, id=MessageId(0, 1))
            assert Message.from_bytes(message.to_bytes()) == message
            for copied in (Message.from_message(message), message.cast(), pickle.loads(pickle.dumps(message))):
                assert copied == message and copied.data == sent.data
            assert repr(message).startswith("ReceivedMessage('$.Frame', data=b'a\\x00ba")
        with pytest.raises(ValueError):
            message.data[0]
        assert str(message) == "<Announcement '$.Frame', id=[0:1], from=1, flags=0x80000000>"

    def test_nothing_and_no_data(self, pair):
        rosencrantz, guildenstern = pair
        with guildenstern.read_in_place(0) as message:
            assert message is None
        with guildenstern.read_in_place(0.01) as message:
            assert message is None
        rosencrantz.send_msg(Message("$.Frame"))
        with guildenstern.read_in_place() as message:
            assert message.data == b"" and len(message.data) == 0
            assert message == Message("$.Frame", from_=1, id=MessageId(0, 1))

    def test_a_request_is_answered(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Ask", True)
        rosencrantz.send_msg(Request("$.Ask", "?"))
        with guildenstern.read_in_place(0) as request:
            guildenstern.send_msg(reply_to(request, bytes(request.data) * 2))
        assert rosencrantz.read_next_msg().data == b"??"

    def test_a_message_is_passed_on(self, pair):
        rosencrantz, guildenstern = pair
        for data in (b"x" * LARGE, None):
            rosencrantz.send_msg(Message("$.Frame", data, id=MessageId(3, 4)))
            with guildenstern.read_in_place(0) as message:
                guildenstern.send_msg(message)
            assert guildenstern.read_next_msg().data == data

    def test_the_bytes_stay_while_they_are_held(self, pair):
        rosencrantz, guildenstern = pair
        rosencrantz.send_msg(Message("$.Frame", b"x" * LARGE))
        with guildenstern.read_in_place(0) as message:
            overwrite(rosencrantz, guildenstern)
            assert message.data == b"x" * LARGE

    def test_a_slice_keeps_the_bytes(self, pair):
        rosencrantz, guildenstern = pair
        rosencrantz.send_msg(Message("$.Frame", b"x" * LARGE))
        with guildenstern.read_in_place(0) as message:
            part = message.data[10:20]
        overwrite(rosencrantz, guildenstern)
        assert part == b"x" * 10

    def test_so_does_whatever_shows_the_view(self, pair):
        rosencrantz, guildenstern = pair
        rosencrantz.send_msg(Message("$.Frame", b"x" * LARGE))
        with guildenstern.read_in_place(0) as message:
            shown = memoryview(message.data).cast("H")
        overwrite(rosencrantz, guildenstern)
        assert shown[0] == 0x7878
        guildenstern.close()
        assert shown[-1] == 0x7878

    def test_what_is_released_is_free_again(self, pair):
        rosencrantz, guildenstern = pair
        kept = []
        for round in range(3):
            for _ in range(64):
                rosencrantz.send_msg(Message("$.Frame", b"x"))
                with guildenstern.read_in_place(0) as message:
                    kept.append(message.data[:])
            rosencrantz.send_msg(Message("$.Frame", b"x"))
            with pytest.raises(OSError) as error:
                guildenstern.read_in_place(0).__enter__()
            assert error.value.errno == errno.ENOMEM
            kept.clear()
            with guildenstern.read_in_place(0) as message:
                assert message.data == b"x"

    def test_a_body_that_raises_releases_without_the_collectors_help(self, pair):
        rosencrantz, guildenstern = pair
        gc.disable()
        try:
            for _ in range(70):
                rosencrantz.send_msg(Message("$.Frame", b"x"))
                with pytest.raises(KeyError):
                    with guildenstern.read_in_place(0):
                        raise KeyError
        finally:
            gc.enable()


class TestFilling:
    @pytest.mark.parametrize("size", [1, 3, 200, LARGE])
    def test_a_message(self, pair, size):
        rosencrantz, guildenstern = pair
        with rosencrantz.loan(Announcement("$.Frame", flags=0x80000000), size) as loan:
            assert (len(loan.data), loan.data.format, loan.data.readonly) == (size, "B", False)
            loan.data[:] = b"z" * size
            assert loan.send() == MessageId(0, 1)
        assert guildenstern.read_next_msg() == Message(
            "$.Frame", b"z" * size, from_=1, flags=0x80000000, id=MessageId(0, 1)
        )

    def test_the_messages_own_data_is_not_looked_at(self, pair):
        rosencrantz, guildenstern = pair
        for message in (Message("$.Frame", "own"), Message.from_bytes(Message("$.Frame", "own").to_bytes())):
            with rosencrantz.loan(message, 2) as loan:
                loan.data[:] = b"no"
                loan.send()
            assert guildenstern.read_next_msg().data == b"no"
            assert message.data == b"own"

    def test_a_reply(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Ask", True)
        rosencrantz.send_msg(Request("$.Ask"))
        with guildenstern.loan(reply_to(guildenstern.read_next_msg()), 3) as loan:
            loan.data[:] = b"yes"
            loan.send()
        assert rosencrantz.read_next_msg().data == b"yes"

    def test_what_is_not_sent_is_dropped(self, pair):
        rosencrantz, guildenstern = pair
        for _ in range(300):
            with rosencrantz.loan(Announcement("$.Frame"), LARGE) as loan:
                pass
        with pytest.raises(ValueError):
            loan.data[0]
        with pytest.raises(ValueError):
            loan.send()
        assert guildenstern.read_next_msg() is None

    def test_it_is_sent_once(self, pair):
        rosencrantz, guildenstern = pair
        with rosencrantz.loan(Announcement("$.Frame"), 1) as loan:
            loan.send()
            with pytest.raises(ValueError):
                loan.send()
        assert guildenstern.num_messages() == 1

    def test_it_is_not_sent_while_it_could_be_changed(self, pair):
        rosencrantz, guildenstern = pair
        with rosencrantz.loan(Announcement("$.Frame"), 4) as loan:
            part = loan.data[:2]
            with pytest.raises(BufferError):
                loan.send()
            part[:] = b"ab"
            del part
            loan.data[2:] = b"cd"
            shown = memoryview(loan.data)
            with pytest.raises(BufferError):
                loan.send()
            shown.release()
            loan.send()
        assert guildenstern.read_next_msg().data == b"abcd"

    def test_errors(self, pair):
        rosencrantz, _ = pair
        for message, size, number in [
            (Announcement("$.Frame"), 500_000, errno.EMSGSIZE),
            (Announcement("$.*"), 10, errno.EBADMSG),
            (Request("$.Nobody"), 10, errno.EADDRNOTAVAIL),
        ]:
            with pytest.raises(OSError) as error:
                with rosencrantz.loan(message, size) as loan:
                    loan.send()
            assert error.value.errno == number
        with kbus.Ksock(0, "r") as reader:
            with pytest.raises(OSError) as error:
                reader.loan(Announcement("$.Frame"), 1).__enter__()
            assert error.value.errno == errno.EBADF

    def test_from_hand_to_hand(self, pair):
        rosencrantz, guildenstern = pair
        with rosencrantz.loan(Announcement("$.Frame"), LARGE) as loan:
            loan.data[0], loan.data[-1] = 1, 2
            loan.send()
        with guildenstern.read_in_place(0) as message:
            assert (message.data[0], message.data[-1], len(message.data)) == (1, 2, LARGE)
