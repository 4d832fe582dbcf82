"""What messages are, how they print, and functions on them.

KBUS specification, Python API, sections 5 to 8; cases U-02, U-07, U-08, U-10 and U-12.
"""

import pytest
from sample_messages import bind_event, full, status

from kbus import (
    MSG_HEADER_LEN,
    Announcement,
    Message,
    MessageId,
    OrigFrom,
    Reply,
    Request,
    Status,
    c_data_as_bytes,
    calc_entire_message_len,
    calc_padded_data_len,
    calc_padded_name_len,
    hexdata,
    hexify,
    message_from_parts,
    reply_to,
    split_replier_bind_event_data,
    stateful_request,
)


class TestKinds:
    def test_what_a_message_is(self):
        for is_it, yes, no in [
            (Message.is_reply, Message("$.F", in_reply_to=MessageId(0, 1)), Message("$.F")),
            (Message.is_request, Message("$.F", flags=1), Message("$.F", flags=2)),
            (Message.is_stateful_request, Message("$.F", flags=1, to=3), Message("$.F", flags=1)),
            (Message.wants_us_to_reply, Message("$.F", flags=2), Message("$.F", flags=1)),
            (Message.is_synthetic, Message("$.F", flags=4), Message("$.F", flags=8)),
            (Message.is_urgent, Message("$.F", flags=8), Message("$.F", flags=4)),
        ]:
            assert is_it(yes) is True and is_it(no) is False

    def test_flags_are_set_and_cleared_in_place(self):
        message = Message("$.F", flags=0x80000000)
        message.set_want_reply()
        message.set_urgent()
        assert message.flags == 0x80000009
        message.set_want_reply(False)
        message.set_urgent(False)
        assert message.flags == 0x80000000

    @pytest.mark.parametrize(
        "message, kind",
        [
            (Message("$.F"), Announcement),
            (Message("$.F", flags=1), Request),
            (Message("$.F", in_reply_to=MessageId(0, 1)), Reply),
            (status(), Status),
            (Message("$.KBUS.UnbindEventsLost", flags=4), Announcement),
        ],
    )
    def test_cast(self, message, kind):
        cast = message.cast()
        assert type(cast) is kind and cast == message and cast is not message

    def test_an_announcement_answers_nothing(self):
        with pytest.raises(TypeError):
            Announcement("$.F", in_reply_to=MessageId(0, 1))
        for made in (
            Announcement.from_message(full()),
            Announcement.from_sequence(full().extract()),
            Announcement.from_bytes(full().to_bytes()),
        ):
            assert (made.in_reply_to, made.orig_from, made.final_to) == (None, None, None)
            assert (made.data, made.id, made.flags) == (b"data", MessageId(0, 6), 0x80000105)
        with pytest.raises(TypeError, match="Announcements are not Requests"):
            Announcement("$.F").set_want_reply()
        with pytest.raises(TypeError):
            Announcement.from_message(full(), in_reply_to=MessageId(0, 1))

    def test_a_request_always_wants_a_reply(self):
        assert Request("$.F", flags=8).flags == 9
        plain = Message("$.F", b"d", orig_from=OrigFrom(1, 2), in_reply_to=MessageId(0, 3))
        for made in (
            Request.from_message(plain),
            Request.from_sequence(plain.extract()),
            Request.from_bytes(plain.to_bytes()),
        ):
            assert made.flags == 1
            assert (made.orig_from, made.in_reply_to) == (OrigFrom(1, 2), MessageId(0, 3))
        assert Request.from_message(plain, flags=0).flags == 1
        with pytest.raises(TypeError, match='Request always has "want a reply" set'):
            Request("$.F").set_want_reply()
        with pytest.raises(TypeError):
            Request("$.F").set_want_reply(True)
        with pytest.raises(TypeError):
            Request("$.F", in_reply_to=MessageId(0, 1))

    def test_a_reply_answers_something(self):
        plain = Message("$.F")
        for make in (
            lambda: Reply("$.F"),
            lambda: Reply.from_message(plain),
            lambda: Reply.from_sequence(plain.extract()),
            lambda: Reply.from_bytes(plain.to_bytes()),
        ):
            with pytest.raises(ValueError, match="^A Reply must specify in_reply_to$"):
                make()
        assert Reply.from_message(plain, in_reply_to=MessageId(0, 1)).is_reply()

    def test_a_status_is_made_from_bytes_only(self):
        assert type(Status.from_bytes(status().to_bytes())) is Status
        assert type(Status.from_bytes(Message("$.F").to_bytes())) is Status
        for make, text in [
            (lambda: Status("$.F"), "Use the Status.from_bytes() method to construct a Status"),
            (lambda: Status.from_message(status()), "Status does not support the from_message() static method"),
            (lambda: Status.from_sequence(()), "Status does not support the from_sequence() static method"),
        ]:
            with pytest.raises(NotImplementedError) as error:
                make()
            assert str(error.value) == text


class TestText:
    @pytest.mark.parametrize(
        "message, text",
        [
            (Message("$.Fred"), "Message('$.Fred')"),
            (
                Message("$.Fred", data=b"1234", to=9, in_reply_to=MessageId(0, 3)),
                "Message('$.Fred', data=b'1234', to=9, in_reply_to=MessageId(0, 3))",
            ),
            (
                full(),
                "Message('$.Fred', data=b'data', to=1, from_=2, orig_from=OrigFrom(1, 2), final_to=OrigFrom(3, 4), "
                "in_reply_to=MessageId(0, 5), flags=0x80000105, id=MessageId(0, 6))",
            ),
            (Request("$.Fred"), "Request('$.Fred', flags=0x00000001)"),
            (
                Request("$.Fred", final_to=OrigFrom(1, 2)),
                "Request('$.Fred', final_to=OrigFrom(1, 2), flags=0x00000001)",
            ),
            (
                Reply("$.Fred", b"d", to=3, orig_from=OrigFrom(1, 2), in_reply_to=MessageId(0, 4)),
                "Reply('$.Fred', data=b'd', to=3, orig_from=OrigFrom(1, 2), in_reply_to=MessageId(0, 4))",
            ),
            (
                Status.from_bytes(status().to_bytes()),
                "Status('$.KBUS.Replier.GoneAway', to=9, from_=10, in_reply_to=MessageId(0, 20), flags=0x00000004, "
                "id=MessageId(0, 22))",
            ),
            (Announcement("$.Fred", b"x", id=MessageId(0, 1)), "Announcement('$.Fred', data=b'x', id=MessageId(0, 1))"),
        ],
    )
    def test_repr(self, message, text):
        assert repr(message) == text

    def test_repr_leaves_out_what_the_class_does_not_take(self):
        hidden = {
            Announcement: ("orig_from", "final_to", "in_reply_to"),
            Request: ("in_reply_to",),
            Reply: ("final_to",),
            Status: ("orig_from", "final_to"),
        }
        for kind, fields in hidden.items():
            text = repr(kind._of(full().msg))
            for field in ("orig_from", "final_to", "in_reply_to"):
                assert (field in text) is (field not in fields)

    @pytest.mark.parametrize(
        "message, text",
        [
            (
                Message("$.Actor.Speak", "Ahem", from_=1, id=MessageId(0, 2)),
                "<Announcement '$.Actor.Speak', id=[0:2], from=1, data=b'Ahem'>",
            ),
            (
                Message("$.Fred", from_=1, id=MessageId(0, 6), flags=3),
                "<Request '$.Fred', id=[0:6], from=1, flags=0x3 (REQ,YOU)>",
            ),
            (
                full(),
                "<Reply '$.Fred', id=[0:6], to=1, from=2, orig_from=(1,2), final_to=(3,4), in_reply_to=[0:5], "
                "flags=0x80000105 (REQ,SYN,aWT), data=b'data'>",
            ),
            (
                status(),
                "<Status '$.KBUS.Replier.GoneAway', id=[0:22], to=9, from=10, in_reply_to=[0:20], flags=0x4 (SYN)>",
            ),
            (Message("$.F", flags=0x10000), "<Announcement '$.F', flags=0x10000>"),
            (Message("$.F", flags=0x30F), "<Request '$.F', flags=0x30f (REQ,YOU,SYN,URG,aFL,aWT)>"),
            (bind_event(), "<ReplierBindEvent id=[0:1], flags=0x204 (SYN,aFL), [Bind '$.Fred' for 4]>"),
            (bind_event(0), "<ReplierBindEvent id=[0:1], flags=0x204 (SYN,aFL), [Unbind '$.Fred' for 4]>"),
            (Message("$.KBUS.ReplierBindEvent", b"no"), "<ReplierBindEvent data=b'no'>"),
        ],
    )
    def test_str(self, message, text):
        assert str(message) == text
        assert str(Message.from_bytes(message.to_bytes())) == text


class TestFunctions:
    def test_reply_to(self):
        request = Request("$.F", b"?", to=8, from_=7, flags=0x80000002, id=MessageId(0, 5))
        reply = reply_to(request, "é", flags=8, encoding="latin-1")
        assert type(reply) is Reply
        assert reply == Reply("$.F", b"\xe9", to=7, in_reply_to=MessageId(0, 5), flags=8)
        for flags in (0, 1, 2):
            with pytest.raises(ValueError) as error:
                reply_to(Message("$.F", flags=flags))
            text = str(error.value)
            assert text.startswith(
                "Cannot form a reply to a message that does not have WANT_A_REPLY and WANT_YOU_TO_REPLY set:"
            )
            assert text.endswith(str(Message("$.F", flags=flags)))

    def test_stateful_request(self):
        reply = Reply("$.F", from_=7, orig_from=OrigFrom(1, 2), in_reply_to=MessageId(0, 5))
        first = stateful_request(reply, "$.G", "data", flags=8)
        assert first == Request("$.G", b"data", to=7, final_to=OrigFrom(1, 2), flags=8)
        assert stateful_request(first, "$.H") == Request("$.H", to=7, final_to=OrigFrom(1, 2))
        for other in (Request("$.F"), Announcement("$.F", to=3)):
            with pytest.raises(ValueError, match="must be a Reply or a previous Stateful Request"):
                stateful_request(other, "$.G")

    def test_split_replier_bind_event_data(self):
        assert split_replier_bind_event_data(bind_event().data) == (1, 4, "$.Fred")
        assert split_replier_bind_event_data(bind_event(0).data) == (0, 4, "$.Fred")

    def test_lengths(self):
        assert MSG_HEADER_LEN == 88
        lengths = [(3, 3, 100), (6, 0, 100), (4, 4, 104), (6, 6, 108), (8, 8, 112), (9, 9, 116)]
        assert [calc_entire_message_len(name, data) for name, data, _ in lengths] == [whole for _, _, whole in lengths]
        assert [calc_padded_name_len(n) for n in (3, 4, 7, 8)] == [4, 8, 8, 12]
        assert [calc_padded_data_len(n) for n in (0, 1, 4, 5)] == [0, 4, 4, 8]

    def test_hexadecimal(self):
        assert hexdata(b"Ab1$. \x00\xff") == hexdata("Ab1$. \x00")[:-4] + "\\x00\\xff" == "Ab1$.\\x20\\x00\\xff"
        assert hexify(b"\x01ab") == hexify("\x01ab") == "01 61 62"

    def test_c_data_as_bytes(self):
        assert c_data_as_bytes([1, 2, 3], 2) == c_data_as_bytes(b"\1\2\3", 2) == b"\1\2"

    def test_message_from_parts(self):
        parts = message_from_parts(
            (0, 6), (0, 5), 1, 2, (1, 2), (3, 4), 0x80000105, "$.Fred", "data", "utf-8", "strict"
        )
        assert Message._of(parts) == full()


class TestPrivateNames:
    def header(self):
        from kbus.messages import _MessageHeaderStruct

        return _MessageHeaderStruct(
            Message.START_GUARD,
            (0, 6),
            (0, 5),
            1,
            2,
            (1, 2),
            (3, 4),
            0,
            0x80000105,
            6,
            4,
            b"$.Fred",
            b"data",
            Message.END_GUARD,
        )

    def test_the_header(self):
        from kbus.messages import _MessageHeaderStruct

        assert repr(self.header()) == "<7375624b] 0:6 0:5 1 2 1,2 3,4 80000105 6 4 '$.Fred' 'data' [4b627573>"
        assert self.header() == self.header()
        changed = self.header()
        changed.to = 5
        assert changed != self.header()
        assert _MessageHeaderStruct() == _MessageHeaderStruct() and _MessageHeaderStruct().data_len == 0
        names = (
            "start_guard id in_reply_to to from_ orig_from final_to extra flags name_len data_len name data end_guard"
        )
        assert [field[0] for field in _MessageHeaderStruct._fields_] == names.split()

    def test_header_to_bytes_and_back(self):
        from kbus.messages import (
            _MessageHeaderStruct,
            _pointy_message_from_bytes,
            _struct_from_bytes,
            _struct_to_bytes,
        )

        header = self.header()
        data = _struct_to_bytes(header)
        assert len(data) == MSG_HEADER_LEN
        assert _struct_from_bytes(_MessageHeaderStruct, data) == header
        assert _pointy_message_from_bytes(data).name == b"$.Fred"
