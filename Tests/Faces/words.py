"""The words of the case tables, as calls on a Ksock of either face."""

import re
import struct

from frame import ALL_OR_FAIL, M, SYNTHETIC, WANT_A_REPLY

NO_ID = (0, 0)

GONE_AWAY = "$.KBUS.Replier.GoneAway"
IGNORED = "$.KBUS.Replier.Ignored"
UNBOUND = "$.KBUS.Replier.Unbound"
DISAPPEARED = "$.KBUS.Replier.Disappeared"
ERROR_SENDING = "$.KBUS.ErrorSending"
BIND_EVENT = "$.KBUS.ReplierBindEvent"
EVENTS_LOST = "$.KBUS.UnbindEventsLost"


def ksocks(bus, count):
    """So many new Ksocks, in the order of their ids."""
    return [bus.open() for _ in range(count)]


def announce(k, name, data=b"", flags=0):
    """Sends an announcement; its id."""
    return k.send(M.announce(name, data, flags=flags))


def ask(k, name, data=b"", to=0, flags=0):
    """Sends a Request, stateful if it is for one Ksock; its id."""
    return k.send(M.request(name, data, to=to, flags=flags))


def answer(k, request, data=b"", flags=0):
    """Sends the Reply to a request that was read; its id."""
    return k.send(M.reply_to(request, data, flags=flags))


def read(k):
    """The next message, which must be there."""
    message = k.read_next()
    assert message is not None, "nothing to read"
    return message


def is_request(message):
    return message.flags & WANT_A_REPLY != 0


def is_reply(message):
    return message.in_reply_to != NO_ID


def ids(messages):
    return [message.id for message in messages]


def names(messages):
    return [message.name for message in messages]


def datas(messages):
    return [message.data for message in messages]


def make_full(k):
    """Fills the queue: a maximum of one message, and one message in it."""
    k.bind("$.Filler")
    k.max_messages(1)
    announce(k, "$.Filler")


def is_readable(k):
    return "r" in k.poll(read=True)


def is_writable(k):
    return "w" in k.poll(read=False, write=True)


def readiness(k):
    return k.poll(read=True, write=True)


def read_status(k, name, from_, answering):
    """Reads the next message, which must be this status, with all its fields as the bus has to set them."""
    status = read(k)
    assert (status.name, status.from_, status.in_reply_to) == (name, from_, answering)
    assert status.to == k.id
    assert status.flags == SYNTHETIC
    assert status.data == b""
    assert status.orig_from == NO_ID and status.final_to == NO_ID
    assert status.id[0] == 0 and status.id[1] != 0
    return status


def read_event(k, is_bind, binder, name):
    """Reads the next message, which must report this bind or unbind, with all its fields as the bus has to set them."""
    event = read(k)
    assert event.name == BIND_EVENT
    assert event.data == bind_event_data(is_bind, binder, name)
    assert event.flags == SYNTHETIC | ALL_OR_FAIL
    assert event.from_ == 0 and event.to == 0 and event.in_reply_to == NO_ID
    assert event.orig_from == NO_ID and event.final_to == NO_ID
    assert event.id[0] == 0 and event.id[1] != 0
    return event


def bind_event_data(is_bind, binder, name):
    """The data of a bind event: three words in host byte order, then the name, terminated and padded to whole words."""
    text = name.encode() + b"\0"
    return struct.pack("=3I", is_bind, binder, len(name)) + text + b"\0" * (-len(text) % 4)


def bindings(bus):
    """The lines of the listing that are not headers, as (bus, Ksock id, pid, kind, name) in text."""
    return [tuple(line.split()) for line in bus.bindings().splitlines() if not line.startswith("#")]


def open_ids(bus):
    """The ids of the open Ksocks of bus 0, in the order of the statistics."""
    return [int(number) for number in re.findall(r"^    ksock (\d+) ", of_bus_0(bus), re.MULTILINE)]


def set_aside(bus):
    """How many bind events are set aside on bus 0."""
    return int(re.search(r"unsent unbindings (\d+)", of_bus_0(bus))[1])


def reserved(bus, k):
    """How many places the Ksock has reserved for replies: the Requests outstanding."""
    lines = re.search(rf"^    ksock {k.id} .*\n.*\n.*outstanding requests (\d+)", of_bus_0(bus), re.MULTILINE)
    return int(lines[1])


def of_bus_0(bus):
    """The statistics of bus 0."""
    return re.search(r"^dev  0:.*?(?=^dev|\Z)", bus.statistics(), re.MULTILINE | re.DOTALL)[0]
