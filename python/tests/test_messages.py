"""Making, rebuilding and comparing messages (KBUS specification, Python API, sections 3 to 5; cases U-03 to U-11)."""

import copy
import pickle

import pytest
from sample_messages import FULL, bind_event, full, status

from kbus import (
    Announcement,
    Message,
    MessageId,
    OrigFrom,
    Reply,
    Request,
    c_data_as_bytes,
)


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
