"""Message objects (KBUS specification, Python API, sections 3 to 6 and 8; cases U-02 to U-13). No bus is needed."""

import copy
import pickle

import pytest

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


class TestIds:
    def test_a_message_id_prints_compares_and_adds(self):
        one = MessageId(1, 2)
        assert (repr(one), str(one)) == ("MessageId(1, 2)", "[1:2]")
        assert one == MessageId(1, 2) and one != MessageId(1, 3)
        assert one != 3 and not one == (1, 2) and one != OrigFrom(1, 2)
        assert MessageId(1, 2) < MessageId(1, 3) < MessageId(2, 0)
        assert MessageId(2, 0) > MessageId(1, 3) and MessageId(1, 2) <= MessageId(1, 2) >= MessageId(1, 2)
        assert MessageId(0, 5) + 100 == MessageId(0, 105)
        assert one + 3 == MessageId(1, 5) and one == MessageId(1, 2)
        assert MessageId() == MessageId(0, 0) and bool(MessageId())
        with pytest.raises(TypeError):
            one + "3"
        with pytest.raises(TypeError):
            one < 3

    def test_a_message_id_is_32_bits_wide_and_can_be_written(self):
        one = MessageId(0, 0xFFFFFFFF)
        assert (one + 1).serial_num == 0
        one.serial_num = -1
        assert one.serial_num == 0xFFFFFFFF

    def test_a_message_id_can_be_a_key(self):
        assert {MessageId(0, 1): "one"}[MessageId(0, 1)] == "one"

    def test_orig_from_prints_and_compares(self):
        one = OrigFrom(1, 2)
        assert (repr(one), str(one)) == ("OrigFrom(1, 2)", "(1,2)")
        assert one == OrigFrom(1, 2) and one < OrigFrom(1, 3) and OrigFrom(2, 0) > one and one != 3
        with pytest.raises(TypeError):
            one + 1


class TestConstruction:
    @pytest.mark.parametrize(
        "name, text",
        [
            ("Fred", 'Message name "Fred" does not start "$."'),
            ("", 'Message name "" does not start "$."'),
            ("$.", "Message name is 2 long, minimum is 3 (e.g., '$.*')"),
        ],
    )
    def test_bad_names_are_refused(self, name, text):
        with pytest.raises(ValueError) as error:
            Message(name)
        assert str(error.value) == text

    @pytest.mark.parametrize("name", [None, 3, b"$.Fred"])
    def test_a_name_is_a_str(self, name):
        with pytest.raises((TypeError, AttributeError)):
            Message(name)

    @pytest.mark.parametrize("name", ["$.*", "$.a_b", "$.é", "$..", "$." + "x" * 2000])
    def test_the_grammar_is_not_checked_here(self, name):
        assert Message(name).name == name

    @pytest.mark.parametrize("nothing", [None, b"", "", [], bytearray()])
    def test_no_data_is_none(self, nothing):
        message = Message("$.F", nothing)
        assert message.data is None and message.msg.data_len == 0

    @pytest.mark.parametrize("data", [b"a\0b", "a\0b", bytearray(b"a\0b"), [97, 0, 98], memoryview(b"a\0b")])
    def test_data_may_be_anything_like_bytes(self, data):
        assert Message("$.F", data).data == b"a\0b"

    def test_a_str_is_encoded(self):
        assert Message("$.F", "é").data == b"\xc3\xa9"
        assert Message("$.F", "é", encoding="latin-1").data == b"\xe9"
        assert Message("$.F", "é", encoding="ascii", errors="replace").data == b"?"
        with pytest.raises(UnicodeEncodeError):
            Message("$.F", "é", encoding="ascii")

    def test_a_number_is_no_data(self):
        with pytest.raises(TypeError):
            Message("$.F", 3)

    def test_ids_are_of_their_class(self):
        with pytest.raises(TypeError):
            Message("$.F", id=(0, 1))
        with pytest.raises(TypeError):
            Message("$.F", orig_from=MessageId(1, 1))

    def test_properties(self):
        message = full()
        for field, value in FULL.items():
            assert getattr(message, field) == value
            with pytest.raises(AttributeError):
                setattr(message, field, value)
        bare = Message("$.F")
        assert (bare.id, bare.in_reply_to, bare.orig_from, bare.final_to, bare.data) == (None,) * 5
        assert (bare.to, bare.from_, bare.flags) == (0, 0, 0)

    def test_the_structure_behind_a_message_can_be_written_to(self):
        message = full()
        assert message.msg.is_pointy and not Message.from_bytes(message.to_bytes()).msg.is_pointy
        for one in (message, Message.from_bytes(message.to_bytes())):
            one.msg.to = 7
            one.msg.flags = 8
            one.msg.id.serial_num = 9
            assert (one.to, one.flags, one.id, one.is_urgent()) == (7, 8, MessageId(0, 9), True)
            assert (one.msg.start_guard, one.msg.end_guard) == (Message.START_GUARD, Message.END_GUARD)
            assert (one.msg.name, one.msg.name_len, one.msg.data_len, one.msg.extra) == (b"$.Fred", 6, 4, 0)
            assert c_data_as_bytes(one.msg.data, one.msg.data_len) == b"data"
            assert Message.from_bytes(one.to_bytes()) == one

    def test_constants(self):
        assert (Message.START_GUARD, Message.END_GUARD) == (0x7375624B, 0x4B627573)
        bits = Message.WANT_A_REPLY, Message.WANT_YOU_TO_REPLY, Message.SYNTHETIC, Message.URGENT
        assert bits + (Message.ALL_OR_WAIT, Message.ALL_OR_FAIL) == (1, 2, 4, 8, 0x100, 0x200)


class TestRebuilding:
    @pytest.mark.parametrize("make", [full, status, bind_event, lambda: Message("$.Fred")])
    def test_every_way_of_rebuilding_gives_an_equal_message(self, make):
        message = make()
        assert Message.from_message(message) == message
        assert Message.from_sequence(message.extract()) == message
        assert Message.from_sequence(list(message.extract())) == message
        assert Message.from_bytes(message.to_bytes()) == message
        assert len(message.to_bytes()) == message.total_length()
        assert pickle.loads(pickle.dumps(message)) == copy.deepcopy(message) == message

    def test_the_order_of_extract(self):
        order = "id", "in_reply_to", "to", "from_", "orig_from", "final_to", "flags"
        assert full().extract() == tuple(FULL[field] for field in order) + ("$.Fred", b"data")

    def test_integers_can_be_cleared_and_ids_cannot(self):
        changed = Message.from_message(full(), data="more", to=0, in_reply_to=None, id=MessageId(0, 7))
        assert (changed.data, changed.to, changed.in_reply_to, changed.id) == (
            b"more",
            0,
            MessageId(0, 5),
            MessageId(0, 7),
        )
        assert changed.from_ == 2
        assert Message.from_sequence(full().extract(), flags=0).flags == 0

    def test_each_class_makes_its_own(self):
        for kind in (Message, Announcement, Request, Reply):
            for made in (
                kind.from_message(full()),
                kind.from_sequence(full().extract()),
                kind.from_bytes(full().to_bytes()),
            ):
                assert type(made) is kind

    def test_a_subclass_with_its_own_constructor(self):
        class Speech(Announcement):
            def __init__(self, words):
                super().__init__("$.Actor.Speak", words)

        assert type(Speech.from_bytes(Speech("Ahem").to_bytes())) is Speech
        assert Speech.from_message(Speech("Ahem")) == Speech("Ahem")

    @pytest.mark.parametrize("kind, owner", [(Message, "Message"), (Announcement, "Announcement"), (Reply, "Message")])
    def test_a_sequence_has_nine_values(self, kind, owner):
        with pytest.raises(ValueError) as error:
            kind.from_sequence((1, 2, 3))
        assert str(error.value) == "Sequence arg to %s.from_sequence() must have 9 values, not 3" % owner

    def test_bytes_that_are_no_message(self):
        with pytest.raises(ValueError) as error:
            Message.from_bytes(b"abc")
        assert str(error.value) == 'Cannot form entire message from string "abc" of length 3'
        whole = Message("$.Fred", "1234").to_bytes()
        with pytest.raises(ValueError) as error:
            Message.from_bytes(b"1234" + whole)
        assert str(error.value) == (
            'Cannot form entire message from string "1234Kbus..1234subK" which does not start with message start guard'
        )

    def test_pointers_in_bytes_are_not_followed(self):
        whole = bytearray(full().to_bytes())
        whole[64:80] = b"\xff" * 16
        assert Message.from_bytes(whole) == full()
        assert Message.from_bytes(whole).to_bytes() == full().to_bytes()


class TestEquality:
    def test_the_class_does_not_matter_and_everything_else_does(self):
        assert Request("$.F") == Message("$.F", flags=1) and not Request("$.F") != Message("$.F", flags=1)
        for field in FULL:
            changed = Message("$.Fred", **{key: value for key, value in FULL.items() if key != field})
            assert changed != full(), field
        assert Message("$.Fred") != Message("$.Fre")

    @pytest.mark.parametrize("other", [3, None, "x", b"", (1,)])
    def test_what_is_no_message_is_unequal(self, other):
        message = Message("$.F")
        assert not message == other and message != other
        assert not other == message and other != message

    def test_equivalence_ignores_the_envelope(self):
        assert full().equivalent(Message("$.Fred", b"data", to=1))
        assert not full().equivalent(Message("$.Fred", b"data", to=2))
        assert not full().equivalent(Message("$.Fred", b"date", to=1))


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
