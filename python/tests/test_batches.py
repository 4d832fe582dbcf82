"""Several messages at a time."""

import errno

import pytest

from kbus import Announcement, Message, Request


def numbered(count, **arguments):
    return [Message("$.F", b"%d" % number, **arguments) for number in range(count)]


class TestBatches:
    def test_more_than_the_library_sends_together(self, rosencrantz, guildenstern):
        guildenstern.bind("$.F")
        guildenstern.set_max_messages(1000)
        ids = rosencrantz.send_many(iter(numbered(150)))
        assert [number.serial_num for number in ids] == list(range(1, 151))
        first, rest = guildenstern.receive_many(100), guildenstern.receive_many(100, timeout=10)
        assert (len(first), len(rest)) == (100, 50)
        assert [message.data for message in first + rest] == [b"%d" % number for number in range(150)]
        assert [message.id for message in first + rest] == ids
        assert type(first[0]) is Announcement

    def test_nothing_to_send_and_nothing_queued(self, rosencrantz):
        rosencrantz.bind("$.F")
        assert rosencrantz.send_many([]) == []
        assert rosencrantz.receive_many(timeout=0) == []
        assert rosencrantz.receive_many(timeout=0.01) == []
        rosencrantz.send_many(numbered(1))
        assert rosencrantz.receive_many(0) == []
        assert len(rosencrantz.receive_many()) == 1

    def test_in_place(self, rosencrantz, guildenstern):
        guildenstern.bind("$.F")
        with guildenstern.read_many_in_place(timeout=0.01) as messages:
            assert messages == []
        rosencrantz.send_many(numbered(70))
        with guildenstern.read_many_in_place(3) as messages:
            assert [bytes(message.data) for message in messages] == [b"0", b"1", b"2"]
            assert messages[0].data.readonly
            # A Ksock holds 64 at most.
            with guildenstern.read_many_in_place(100) as others:
                assert [bytes(message.data) for message in others] == [b"%d" % number for number in range(3, 64)]
                with pytest.raises(OSError) as full, guildenstern.read_many_in_place():
                    pass
                assert full.value.errno == errno.ENOMEM
            kept = memoryview(messages[2].data)
        with pytest.raises(ValueError):
            messages[0].data[0]
        assert bytes(kept) == b"2"
        with guildenstern.read_many_in_place() as rest:
            assert len(rest) == 6

    def test_kinds_are_told_apart(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Q", True)
        guildenstern.bind("$.F")
        rosencrantz.send_many([Message("$.F"), Request("$.Q", "?")])
        assert [type(message) for message in guildenstern.receive_many()] == [Announcement, Request]

    @pytest.mark.parametrize("place", [0, 3, 70])
    def test_the_error_tells_what_was_sent_before(self, rosencrantz, guildenstern, place):
        guildenstern.bind("$.F")
        messages = numbered(80)
        messages[place] = Message("$.F.*")
        with pytest.raises(OSError) as refused:
            rosencrantz.send_many(messages)
        assert refused.value.errno == errno.EBADMSG
        assert [number.serial_num for number in refused.value.sent] == list(range(1, place + 1))
        assert guildenstern.num_messages() == place
