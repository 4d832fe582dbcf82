"""Settings, listings, readiness of a Ksock (KBUS specification, Python API, section 7; R-01 to R-11, U-13, U-14)."""

import errno
import select

import pytest
from errnos import fails

import kbus
from kbus import Ksock, Message, Request, read_bindings, reply_to


class TestSettings:
    def test_the_queue(self, rosencrantz):
        assert (rosencrantz.max_messages(), rosencrantz.set_max_messages(7)) == (100, 7)
        assert (rosencrantz.set_max_messages(0), rosencrantz.max_messages()) == (7, 7)
        rosencrantz.bind("$.Fred")
        rosencrantz.send_msg(Message("$.Fred"))
        assert rosencrantz.num_messages() == 1

    @pytest.mark.parametrize("setting", ["want_messages_once", "kernel_module_verbose", "report_replier_binds"])
    def test_flags_tell_what_they_were_before(self, rosencrantz, setting):
        flag = getattr(rosencrantz, setting)
        told = [flag(just_ask=True), flag(True), flag(True, just_ask=True), flag(False), flag(just_ask=True)]
        assert told == [0, 0, 1, 1, 0]

    def test_what_flags_are_by_default(self, rosencrantz):
        rosencrantz.want_messages_once(True)
        assert rosencrantz.want_messages_once() == 1 and rosencrantz.want_messages_once(just_ask=True) == 0
        rosencrantz.report_replier_binds()
        assert rosencrantz.report_replier_binds(just_ask=True) == 1

    def test_bind_events(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred", True)
        rosencrantz.report_replier_binds()
        event = rosencrantz.read_next_msg()
        assert kbus.split_replier_bind_event_data(event.data) == (1, guildenstern.ksock_id(), "$.Fred")

    def test_the_message_size(self, rosencrantz):
        assert (rosencrantz.max_message_size(), rosencrantz.set_max_message_size(1)) == (409600, 409600)
        assert (rosencrantz.set_max_message_size(100), rosencrantz.set_max_message_size(0)) == (100, 100)
        rosencrantz.write_msg(Message("$.Fred"))
        rosencrantz.discard()
        fails(errno.EMSGSIZE, rosencrantz.write_msg, Message("$.Fred", "x"))
        fails(errno.EINVAL, rosencrantz.set_max_message_size, 99)

    def test_repliers(self, rosencrantz, guildenstern):
        assert rosencrantz.find_replier("$.Fred") is None
        guildenstern.bind("$.Fred", True)
        assert rosencrantz.find_replier("$.Fred") == rosencrantz.find_replier(b"$.Fred") == guildenstern.ksock_id()
        fails(errno.ENAMETOOLONG, rosencrantz.find_replier, "")

    def test_requests(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Fred", True)
        rosencrantz.send_msg(Request("$.Fred"))
        assert guildenstern.num_unreplied_to() == 0
        request = guildenstern.read_next_msg()
        assert guildenstern.num_unreplied_to() == 1
        guildenstern.send_msg(reply_to(request, "yes"))
        assert guildenstern.num_unreplied_to() == 0
        answer = rosencrantz.read_next_msg()
        assert (type(answer), answer.is_reply(), answer.data) == (Message, True, b"yes")

    def test_buses(self, rosencrantz):
        assert rosencrantz.new_device() == 1
        with Ksock(1) as ksock:
            assert (ksock.ksock_id(), ksock.name, ksock.new_device()) == (1, "/dev/kbus1", 2)
        kbus.create_bus(7, "--max-message-size 65664")
        with Ksock(7) as ksock:
            assert ksock.max_message_size() == 65664
        assert type(fails(errno.EEXIST, kbus.create_bus, 7)) is FileExistsError
        fails(errno.EINVAL, kbus.create_bus, 8, "--nonsense")
        kbus.remove_bus(7)
        fails(errno.ENOENT, Ksock, 7)
        fails(errno.ENOENT, kbus.remove_bus, 7)

    def test_listings(self, rosencrantz, guildenstern):
        rosencrantz.bind("$.Listened")
        guildenstern.bind("$.Replied", True)
        rosencrantz.new_device()
        with Ksock(1) as other:
            other.bind("$.Other")
            assert read_bindings({1: "rosencrantz"}) == [
                (2, True, "$.Replied"),
                ("rosencrantz", False, "$.Listened"),
                ("rosencrantz", False, "$.Other"),
            ]
        lines = kbus.read_statistics(0).splitlines()
        assert lines[0] == "dev  0: next ksock 3 next msg 0 unsent unbindings 0"
        assert kbus.read_statistics().startswith(lines[0])

    def test_counters(self, rosencrantz):
        rosencrantz.bind("$.Fred")
        rosencrantz.set_max_messages(1)
        for _ in range(3):
            rosencrantz.send_msg(Message("$.Fred"))
        counters = rosencrantz.counters()
        assert (counters.queued, counters.max_messages, counters.missed) == (1, 1, 2)
        assert counters.newly_missed == rosencrantz.counters().newly_missed == 2
        assert repr(counters).startswith("Counters(queued=1, max_messages=1, set_aside=0, ")

    def test_counters_of_used_up_memory(self, rosencrantz):
        rosencrantz.bind("$.Fred")
        rosencrantz.set_max_messages(100000)
        assert rosencrantz.counters().bus_pool_exhaustions == 0
        with pytest.raises(OSError) as error:
            while True:
                rosencrantz.send_msg(Message("$.Fred"))
        assert error.value.errno == errno.ENOMEM
        assert rosencrantz.counters().bus_pool_exhaustions == 1

    def test_newly_missed_tells_of_a_gap_once(self, rosencrantz):
        rosencrantz.bind("$.Fred")
        rosencrantz.set_max_messages(1)
        assert rosencrantz.newly_missed() == 0
        for _ in range(3):
            rosencrantz.send_msg(Message("$.Fred"))
        rosencrantz.counters()
        assert [rosencrantz.newly_missed() for _ in range(2)] == [2, 0]
        rosencrantz.send_msg(Message("$.Fred"))
        assert (rosencrantz.newly_missed(), rosencrantz.counters().newly_missed) == (1, 0)

    def test_the_version(self):
        assert kbus.library_version().count(".") == 2


class TestReadiness:
    def test_select_poll_and_epoll_agree(self, rosencrantz, guildenstern):
        def ready():
            answers = []
            answers.append(bool(select.select([guildenstern], [], [], 0)[0]))
            poller = select.poll()
            poller.register(guildenstern, select.POLLIN)
            answers.append(bool(poller.poll(0)))
            with select.epoll() as epoll:
                epoll.register(guildenstern, select.EPOLLIN)
                answers.append(bool(epoll.poll(0)))
            return set(answers)

        guildenstern.bind("$.Fred")
        assert ready() == {False}
        rosencrantz.send_msg(Message("$.Fred"))
        assert ready() == {True}
        guildenstern.next_msg()
        assert ready() == {False}
        assert select.select([], [rosencrantz], [rosencrantz], 0) == ([], [rosencrantz], [])
