"""asyncio, by a callback. `async for message in ksock` does as much, and waits in the same way."""

import asyncio
import os

from kbus import Ksock


async def main() -> None:
    with Ksock(0) as ksock:
        ksock.bind("$.Weather.*")
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def readable() -> None:
            # Until there are none: then the descriptor is unreadable.
            for message in ksock:
                print(message.name, (message.data or b"").decode(), flush=True)
                if message.name == "$.Weather.End":
                    ended.set()

        # The Ksock is a descriptor too.
        descriptor = ksock.fileno() if "FULL_DESCRIPTOR" in os.environ else ksock.fast_fileno()
        loop.add_reader(descriptor, readable)
        print("listening", flush=True)
        await ended.wait()
        loop.remove_reader(descriptor)


asyncio.run(main())
