"""The fast descriptor, and waiting for several Ksocks."""

import asyncio
import os
import select
from pathlib import Path

import pytest

from kbus import Announcement, Ksock, create_bus, wait_any


SLEEPER = """
from kbus import *
ksocks = [Ksock(0), Ksock(7)]
for ksock in ksocks:
    ksock.bind('$.F')
    getattr(ksock, sys.argv[1])()
print('waiting')
for ksock in wait_any(ksocks, 60):
    print('%s: %s' % (ksock.name, ksock.receive(0).data.decode()))
"""


def is_readable(number):
    return bool(select.select([number], [], [], 0)[0])


class TestFastDescriptor:
    def test_is_readable_until_no_message_is_found(self, rosencrantz, guildenstern):
        rosencrantz.bind("$.F")
        number = rosencrantz.fast_fileno()
        assert rosencrantz.fast_fileno() == number != rosencrantz.fileno()
        for _ in range(3):
            assert not is_readable(number)
            guildenstern.send_msg(Announcement("$.F"))
            assert is_readable(number)
            assert rosencrantz.read_next_msg().name == "$.F"
            assert rosencrantz.read_next_msg() is None
        assert not is_readable(number)

    def test_the_calls_of_the_ksock_wait_for_it(self, rosencrantz, guildenstern):
        rosencrantz.bind("$.F")
        rosencrantz.fast_fileno()
        for wait in (rosencrantz.receive, rosencrantz.wait_for_msg):
            assert wait(0.01) is None
            guildenstern.send_msg(Announcement("$.F"))
            assert wait(60).name == "$.F"

    def test_a_task_that_waits_goes_on_with_it(self, rosencrantz, guildenstern):
        rosencrantz.bind("$.F")

        async def play():
            async def first():
                async for message in rosencrantz:
                    return message.name

            task = asyncio.ensure_future(first())
            await asyncio.sleep(0)
            rosencrantz.fast_fileno()
            await asyncio.sleep(0)
            guildenstern.send_msg(Announcement("$.F"))
            return await asyncio.wait_for(task, 60)

        assert asyncio.run(play()) == "$.F"

    def test_closes_with_the_ksock(self, rosencrantz):
        number = rosencrantz.fast_fileno()
        os.fstat(number)
        rosencrantz.close()
        with pytest.raises(OSError):
            os.fstat(number)


class TestWaitAny:
    def test_those_that_are_ready(self, rosencrantz, guildenstern):
        rosencrantz.bind("$.F")
        guildenstern.bind("$.*")
        assert wait_any([rosencrantz, guildenstern], 0) == []
        assert wait_any([rosencrantz, guildenstern], 0.01) == []
        rosencrantz.send_msg(Announcement("$.G"))
        assert wait_any([rosencrantz, guildenstern], 60) == [guildenstern]
        rosencrantz.send_msg(Announcement("$.F"))
        assert wait_any([guildenstern, rosencrantz]) == [guildenstern, rosencrantz]

    def test_on_several_buses(self, rosencrantz):
        create_bus(7)
        with Ksock(7) as other:
            other.bind("$.F")
            other.send_msg(Announcement("$.F"))
            assert wait_any([rosencrantz, other], 60) == [other]

    @pytest.mark.parametrize("prepare", ["fileno", "fast_fileno"])
    @pytest.mark.parametrize("which", [0, 7])
    def test_a_sleeper_is_woken_by_each_bus(self, child, which, prepare):
        create_bus(7)
        waiting = child(SLEEPER, prepare)
        assert waiting.line() == "waiting"
        waiting.until_asleep()
        with Ksock(which) as sender:
            sender.send_msg(Announcement("$.F", "wake up"))
        assert waiting.rest() == ["/dev/kbus%d: wake up" % which]

    def test_a_descriptor_that_is_readable_by_mistake(self, bus, rosencrantz, guildenstern):
        rosencrantz.bind("$.F")
        number = rosencrantz.fast_fileno()
        (fifo,) = Path(bus).glob("kbus0.fifo-*")
        fifo.write_bytes(b"!")
        assert is_readable(number)
        assert wait_any([rosencrantz, guildenstern], 0.01) == []
        assert not is_readable(number)
        guildenstern.send_msg(Announcement("$.F"))
        assert wait_any([rosencrantz, guildenstern], 60) == [rosencrantz]

    def test_what_is_closed_or_nothing(self, rosencrantz):
        with pytest.raises(OSError):
            wait_any([], 0)
        closed = Ksock(0)
        closed.close()
        with pytest.raises(OSError):
            wait_any([rosencrantz, closed], 0)
