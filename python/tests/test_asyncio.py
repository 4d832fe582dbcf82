"""asyncio: messages in `async for`, requests that are awaited, and what is cancelled."""

import asyncio
import errno
import os
import threading

import pytest

from kbus import Announcement, Ksock, Message, MessageId, Reply, Request, Status, reply_to

DEADLINE_S = 60


def run(main):
    return asyncio.run(asyncio.wait_for(main, DEADLINE_S))


async def take(messages, count):
    taken = []
    async for message in messages:
        taken.append(message.data)
        if len(taken) == count:
            return taken


async def turns(count=5):
    """Lets all other tasks go as far as they can."""
    for _ in range(count):
        await asyncio.sleep(0)


class TestIterating:
    def test_what_is_there_and_what_comes(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.F")
            rosencrantz.send_msg(Message("$.F", "1"))
            taking = asyncio.create_task(take(guildenstern, 3))
            await turns()
            rosencrantz.send_msg(Message("$.F", "2"))
            rosencrantz.send_msg(Message("$.F", "3"))
            return await taking

        assert run(main()) == [b"1", b"2", b"3"]

    def test_messages_tell_their_kind(self, rosencrantz):
        async def main():
            rosencrantz.bind("$.F", True)
            rosencrantz.send_msg(Request("$.F"))
            async for message in rosencrantz:
                return message

        assert type(run(main())) is Request

    def test_another_thread_sends(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.F")
            taking = asyncio.create_task(take(guildenstern, 100))
            await turns()

            def send():
                for _ in range(100):
                    rosencrantz.send_within(Message("$.F", "x", flags=Message.ALL_OR_WAIT))

            thread = threading.Thread(target=send)
            thread.start()
            taken = await taking
            thread.join()
            return taken

        assert run(main()) == [b"x"] * 100

    def test_several_tasks_share_the_messages(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.F")
            tasks = [asyncio.create_task(take(guildenstern, 2)) for _ in range(3)]
            await turns()
            for number in range(6):
                rosencrantz.send_msg(Message("$.F", b"%d" % number))
            return sum(await asyncio.gather(*tasks), [])

        assert sorted(run(main())) == [b"0", b"1", b"2", b"3", b"4", b"5"]

    def test_other_tasks_run_on_a_busy_bus(self, rosencrantz):
        async def main():
            rosencrantz.bind("$.F")
            rosencrantz.send_msg(Message("$.F"))
            stopped = []

            async def chase():
                async for message in rosencrantz:
                    rosencrantz.send_msg(Message("$.F"))
                    if stopped:
                        return True

            chasing = asyncio.create_task(chase())
            await turns()
            stopped.append(True)
            return await chasing

        assert run(main()) is True

    def test_closing_ends_it(self, rosencrantz):
        async def main():
            taking = [asyncio.create_task(take(rosencrantz, 1)) for _ in range(2)]
            await turns()
            descriptor = rosencrantz.fileno()
            rosencrantz.close()
            await asyncio.gather(*taking)
            return asyncio.get_running_loop().remove_reader(descriptor)

        assert run(main()) is False
        rosencrantz.fd = None

    def test_closing_in_another_thread_ends_it(self, rosencrantz):
        async def main():
            taking = asyncio.create_task(take(rosencrantz, 1))
            await turns()
            thread = threading.Thread(target=rosencrantz.close)
            thread.start()
            await taking
            thread.join()

        run(main())

    def test_cancelling_loses_nothing_and_leaves_nothing(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.F")
            messages = guildenstern.__aiter__()
            for _ in range(3):
                waiting = asyncio.create_task(messages.__anext__())
                await turns()
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            assert asyncio.get_running_loop().remove_reader(guildenstern.fileno()) is False
            # Cancelled in the same turn in which the message comes.
            waiting = asyncio.create_task(messages.__anext__())
            await turns()
            rosencrantz.send_msg(Message("$.F", "kept"))
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return await messages.__anext__()

        assert run(main()).data == b"kept"

    def test_one_loop_after_another(self, rosencrantz):
        rosencrantz.bind("$.F")
        for number in range(3):

            async def main():
                taking = asyncio.create_task(take(rosencrantz, 1))
                await turns()
                rosencrantz.send_msg(Message("$.F", b"%d" % number))
                return await taking

            assert run(main()) == [b"%d" % number]


class TestRequest:
    async def serve(self, ksock):
        async for request in ksock:
            if request.wants_us_to_reply():
                ksock.send_msg(reply_to(request, request.data))

    def test_answers(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Echo", True)
            serving = asyncio.create_task(self.serve(guildenstern))
            asked = [rosencrantz.request(Request("$.Echo", b"%d" % number), 30) for number in range(10)]
            answers = await asyncio.gather(*asked)
            serving.cancel()
            return answers

        answers = run(main())
        assert {type(answer) for answer in answers} == {Reply}
        assert [answer.data for answer in answers] == [b"%d" % number for number in range(10)]

    def test_while_the_same_ksock_is_read(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Echo", True)
            rosencrantz.bind("$.News")
            serving = asyncio.create_task(self.serve(guildenstern))
            news = asyncio.create_task(take(rosencrantz, 3))
            for number in range(3):
                guildenstern.send_msg(Announcement("$.News", b"%d" % number))
                answer = await rosencrantz.request(Request("$.Echo", "x"))
                assert answer.data == b"x"
            serving.cancel()
            return await news

        assert run(main()) == [b"0", b"1", b"2"]

    def test_messages_come_although_the_answer_does_not(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Ask", True)
            rosencrantz.bind("$.News")
            asking = asyncio.create_task(rosencrantz.request(Request("$.Ask")))
            async for request in guildenstern:
                break
            news = asyncio.create_task(take(rosencrantz, 3))
            for number in range(3):
                guildenstern.send_msg(Announcement("$.News", b"%d" % number))
                await turns()
            heard = await asyncio.wait_for(news, 30)
            assert not asking.done()
            guildenstern.send_msg(reply_to(request, "late"))
            assert (await asking).data == b"late"
            return heard

        assert run(main()) == [b"0", b"1", b"2"]

    def test_the_bus_answers(self, rosencrantz):
        async def main():
            guildenstern = Ksock(0)
            guildenstern.bind("$.Ask", True)
            asking = asyncio.create_task(rosencrantz.request(Request("$.Ask")))
            async for _ in guildenstern:
                guildenstern.close()
            return await asking

        answer = run(main())
        assert (type(answer), answer.name) == (Status, "$.KBUS.Replier.Ignored")

    def test_any_number_of_them_takes_one_thread(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Ask", True)
            rosencrantz.set_max_messages(200)
            threads = threading.active_count()
            asked = [asyncio.create_task(rosencrantz.request(Request("$.Ask", b"%d" % number))) for number in range(50)]
            requests = [await guildenstern.__aiter__().__anext__() for _ in range(50)]
            assert threading.active_count() <= threads + 1
            for request in reversed(requests):
                guildenstern.send_msg(reply_to(request, request.data))
            return [answer.data for answer in await asyncio.gather(*asked)]

        assert run(main()) == [b"%d" % number for number in range(50)]

    def test_from_several_loops(self, rosencrantz, guildenstern):
        guildenstern.bind("$.Echo", True)
        heard = {}

        def ask(word):
            async def main():
                for _ in range(100):
                    heard[word] = (await rosencrantz.request(Request("$.Echo", word), DEADLINE_S)).data

            run(main())

        def serve():
            for _ in range(300):
                request = guildenstern.wait_for_msg(DEADLINE_S)
                guildenstern.send_msg(reply_to(request, request.data))

        threads = [threading.Thread(target=ask, args=(word,)) for word in (b"one", b"two", b"three")]
        threads.append(threading.Thread(target=serve))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE_S)
        assert heard == {word: word for word in (b"one", b"two", b"three")}

    def test_closing_ends_them(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Ask", True)
            asking = [asyncio.create_task(rosencrantz.request(Request("$.Ask"), timeout)) for timeout in (None, DEADLINE_S)]
            await turns()
            rosencrantz.close()
            for error in await asyncio.gather(*asking, return_exceptions=True):
                assert error.errno == errno.EBADF

        run(main())

    def test_a_forked_child_closes_its_copy(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Ask", True)
            asking = asyncio.create_task(rosencrantz.request(Request("$.Ask")))
            await turns()
            child = os.fork()
            if child == 0:
                rosencrantz.close()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            guildenstern.send_msg(reply_to(guildenstern.read_next_msg(), "still there"))
            return (await asking).data

        assert run(main()) == b"still there"

    def test_a_late_answer_is_refused(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Ask", True)
            with pytest.raises(TimeoutError) as error:
                await rosencrantz.request(Request("$.Ask"), 0.01)
            assert (error.value.errno, error.value.remedy) == (errno.ETIMEDOUT, "Try again, or allow more time.")
            with pytest.raises(ConnectionRefusedError):
                guildenstern.send_msg(reply_to(guildenstern.read_next_msg()))

        run(main())

    def test_errors(self, rosencrantz, guildenstern):
        async def main():
            with pytest.raises(OSError, match="Cannot assign requested address"):
                await rosencrantz.request(Request("$.Nobody"))

        run(main())

    @pytest.mark.parametrize("failure", [OSError(errno.EIO, "Input/output error"), MemoryError()])
    def test_an_answer_that_cannot_be_taken_ends_all(self, rosencrantz, guildenstern, monkeypatch, failure):
        def fail(memory):
            raise failure

        async def main():
            guildenstern.bind("$.Ask", True)
            asking = [asyncio.create_task(rosencrantz.request(Request("$.Ask"))) for _ in range(3)]
            await turns()
            requests = [guildenstern.read_next_msg() for _ in asking]
            with monkeypatch.context() as patched:
                patched.setattr("kbus._requests.taken", fail)
                guildenstern.send_msg(reply_to(requests[0]))
                assert await asyncio.gather(*asking, return_exceptions=True) == [failure] * 3
            assert rosencrantz.counters().outstanding == 0
            for request in requests[1:]:
                with pytest.raises(ConnectionRefusedError):
                    guildenstern.send_msg(reply_to(request, "late"))
            serving = asyncio.create_task(self.serve(guildenstern))
            answer = await rosencrantz.request(Request("$.Ask", "again"))
            serving.cancel()
            return answer.data

        assert run(main()) == b"again"

    def test_no_thread_to_be_had(self, rosencrantz, guildenstern, monkeypatch):
        def fail(function, done):
            raise RuntimeError("can't start new thread")

        async def main():
            guildenstern.bind("$.Echo", True)
            with monkeypatch.context() as patched:
                patched.setattr("kbus._requests.start", fail)
                with pytest.raises(RuntimeError, match="new thread"):
                    await rosencrantz.request(Request("$.Echo", "x"))
            assert rosencrantz.counters().outstanding == 0
            with pytest.raises(ConnectionRefusedError):
                guildenstern.send_msg(reply_to(guildenstern.read_next_msg(), "late"))
            serving = asyncio.create_task(self.serve(guildenstern))
            answer = await rosencrantz.request(Request("$.Echo", "again"))
            serving.cancel()
            return answer.data

        assert run(main()) == b"again"

    def test_a_time_limit_that_is_none(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Ask", True)
            with pytest.raises(TypeError):
                await rosencrantz.request(Request("$.Ask"), "soon")
            assert rosencrantz.counters().outstanding == 0

        run(main())

    def test_of_other_networks(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Ask", True)
            ids = [MessageId(network, 7) for network in (3, 4, 5)]
            asking = [asyncio.create_task(rosencrantz.request(Request("$.Ask", id=id))) for id in ids]
            await turns()
            requests = [guildenstern.read_next_msg() for _ in ids]
            assert [request.id for request in requests] == ids
            guildenstern.send_msg(reply_to(requests[1], "4"))
            assert (await asking[1]).data == b"4"
            asking[0].cancel()
            await turns()
            with pytest.raises(ConnectionRefusedError):
                guildenstern.send_msg(reply_to(requests[0], "late"))
            assert rosencrantz.counters().outstanding == 1
            rosencrantz.close()
            with pytest.raises(OSError, match="Bad file descriptor"):
                await asking[2]

        run(main())

    def test_cancelling_leaves_other_messages_alone(self, rosencrantz, guildenstern):
        async def main():
            guildenstern.bind("$.Ask", True)
            rosencrantz.bind("$.News")
            asking = asyncio.create_task(rosencrantz.request(Request("$.Ask", "first")))
            first = await guildenstern.__aiter__().__anext__()
            guildenstern.send_msg(Announcement("$.News", "kept"))
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            with pytest.raises(ConnectionRefusedError):
                guildenstern.send_msg(reply_to(first, "late"))
            assert rosencrantz.counters().outstanding == 0
            assert await take(rosencrantz, 1) == [b"kept"]
            serving = asyncio.create_task(self.serve(guildenstern))
            answer = await rosencrantz.request(Request("$.Ask", "second"))
            serving.cancel()
            return answer.data

        assert run(main()) == b"second"
