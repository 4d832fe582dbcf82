"""Messages that several tests look at."""

from kbus import Message, MessageId, OrigFrom

FULL = dict(
    data=b"data",
    to=1,
    from_=2,
    orig_from=OrigFrom(1, 2),
    final_to=OrigFrom(3, 4),
    in_reply_to=MessageId(0, 5),
    flags=0x80000105,
    id=MessageId(0, 6),
)


def full():
    return Message("$.Fred", **FULL)


def status():
    return Message(
        "$.KBUS.Replier.GoneAway", to=9, from_=10, in_reply_to=MessageId(0, 20), flags=4, id=MessageId(0, 22)
    )


def bind_event(is_bind=1):
    data = is_bind.to_bytes(4, "little") + (4).to_bytes(4, "little") + (6).to_bytes(4, "little") + b"$.Fred\0\0"
    return Message("$.KBUS.ReplierBindEvent", data, flags=0x204, id=MessageId(0, 1))
