/* What the headers promise about memory: sizes, offsets, numbers, and what the macros make of them. */
#include "check.h"

#include <kbus/kbus_shm.h>

#define IS_AT(structure, field, offset) CHECK_EQUAL(offsetof(struct structure, field), offset)

#if UINTPTR_MAX == UINT64_MAX

TEST("V-01: the header of a message has the original's layout") {
    IS_AT(kbus_message_header, start_guard, 0);
    IS_AT(kbus_message_header, id, 4);
    IS_AT(kbus_message_header, in_reply_to, 12);
    IS_AT(kbus_message_header, to, 20);
    IS_AT(kbus_message_header, from, 24);
    IS_AT(kbus_message_header, orig_from, 28);
    IS_AT(kbus_message_header, final_to, 36);
    IS_AT(kbus_message_header, extra, 44);
    IS_AT(kbus_message_header, flags, 48);
    IS_AT(kbus_message_header, name_len, 52);
    IS_AT(kbus_message_header, data_len, 56);
    IS_AT(kbus_message_header, name, 64);
    IS_AT(kbus_message_header, data, 72);
    IS_AT(kbus_message_header, end_guard, 80);
    CHECK_EQUAL(sizeof(kbus_message_t), 88);
}

TEST("V-01: an entire message is a header and then the rest") {
    IS_AT(kbus_entire_message, header, 0);
    IS_AT(kbus_entire_message, rest, 88);
    CHECK_EQUAL(sizeof(kbus_entire_message_t), 88);
}

TEST("V-01: the structures of a binding have the original's layout") {
    IS_AT(kbus_bind_request, is_replier, 0);
    IS_AT(kbus_bind_request, name_len, 4);
    IS_AT(kbus_bind_request, name, 8);
    CHECK_EQUAL(sizeof(kbus_bind_request_t), 16);
    IS_AT(kbus_bind_query, return_id, 0);
    IS_AT(kbus_bind_query, name_len, 4);
    IS_AT(kbus_bind_query, name, 8);
    CHECK_EQUAL(sizeof(kbus_bind_query_t), 16);
}

TEST("the request numbers of the original's device are those of a 64-bit system") {
    CHECK_EQUAL(KBUS_IOC_MAGIC, 0x6B);
    CHECK_EQUAL(KBUS_IOC_MAXNR, 18);
    CHECK_EQUAL(KBUS_IOC_RESET, 0x00006B01);
    CHECK_EQUAL(KBUS_IOC_BIND, 0x40086B02);
    CHECK_EQUAL(KBUS_IOC_UNBIND, 0x40086B03);
    CHECK_EQUAL(KBUS_IOC_KSOCKID, 0x80086B04);
    CHECK_EQUAL(KBUS_IOC_REPLIER, 0xC0086B05);
    CHECK_EQUAL(KBUS_IOC_NEXTMSG, 0x80086B06);
    CHECK_EQUAL(KBUS_IOC_LENLEFT, 0x80086B07);
    CHECK_EQUAL(KBUS_IOC_SEND, 0x80086B08);
    CHECK_EQUAL(KBUS_IOC_DISCARD, 0x00006B09);
    CHECK_EQUAL(KBUS_IOC_LASTSENT, 0x80086B0A);
    CHECK_EQUAL(KBUS_IOC_MAXMSGS, 0xC0086B0B);
    CHECK_EQUAL(KBUS_IOC_NUMMSGS, 0x80086B0C);
    CHECK_EQUAL(KBUS_IOC_UNREPLIEDTO, 0x80086B0D);
    CHECK_EQUAL(KBUS_IOC_MSGONLYONCE, 0xC0086B0E);
    CHECK_EQUAL(KBUS_IOC_VERBOSE, 0xC0086B0F);
    CHECK_EQUAL(KBUS_IOC_NEWDEVICE, 0x80086B10);
    CHECK_EQUAL(KBUS_IOC_REPORTREPLIERBINDS, 0xC0086B11);
    CHECK_EQUAL(KBUS_IOC_MAXMSGSIZE, 0xC0086B12);
}

TEST("the entire length has the specification's check values") {
    CHECK_EQUAL(KBUS_ENTIRE_MSG_LEN(3, 3), 100);
    CHECK_EQUAL(KBUS_ENTIRE_MSG_LEN(6, 0), 100);
    CHECK_EQUAL(KBUS_ENTIRE_MSG_LEN(4, 4), 104);
    CHECK_EQUAL(KBUS_ENTIRE_MSG_LEN(6, 6), 108);
    CHECK_EQUAL(KBUS_ENTIRE_MSG_LEN(8, 8), 112);
    CHECK_EQUAL(KBUS_ENTIRE_MSG_LEN(9, 9), 116);
    CHECK_EQUAL(sizeof(KBUS_ENTIRE_MSG_LEN(9, 9)), sizeof(size_t));
}

#endif

TEST("V-01: ids, origins and the data of a bind event have the original's layout") {
    IS_AT(kbus_msg_id, network_id, 0);
    IS_AT(kbus_msg_id, serial_num, 4);
    CHECK_EQUAL(sizeof(kbus_msg_id_t), 8);
    IS_AT(kbus_orig_from, network_id, 0);
    IS_AT(kbus_orig_from, local_id, 4);
    CHECK_EQUAL(sizeof(kbus_orig_from_t), 8);
    IS_AT(kbus_replier_bind_event_data, is_bind, 0);
    IS_AT(kbus_replier_bind_event_data, binder, 4);
    IS_AT(kbus_replier_bind_event_data, name_len, 8);
    IS_AT(kbus_replier_bind_event_data, rest, 12);
    CHECK_EQUAL(sizeof(kbus_replier_bind_event_data_t), 12);
}

TEST("constants have the original's values") {
    CHECK_EQUAL(KBUS_MSG_START_GUARD, 0x7375624B);
    CHECK_EQUAL(KBUS_MSG_END_GUARD, 0x4B627573);
    CHECK_EQUAL(KBUS_MAX_NAME_LEN, 1000);
    CHECK_EQUAL(KBUS_BIT_WANT_A_REPLY, 1);
    CHECK_EQUAL(KBUS_BIT_WANT_YOU_TO_REPLY, 2);
    CHECK_EQUAL(KBUS_BIT_SYNTHETIC, 4);
    CHECK_EQUAL(KBUS_BIT_URGENT, 8);
    CHECK_EQUAL(KBUS_BIT_ALL_OR_WAIT, 0x100);
    CHECK_EQUAL(KBUS_BIT_ALL_OR_FAIL, 0x200);
    CHECK_EQUAL(BIT(31), 0x80000000);
    CHECK_EQUAL(KBUS_KSOCK_READABLE, 1);
    CHECK_EQUAL(KBUS_KSOCK_WRITABLE, 2);
    CHECK_EQUAL(KBUS_MSG_PRINT_FLAGS_ABBREVIATE, 1);
    CHECK_TEXT(KBUS_MSG_NAME_REPLIER_GONEAWAY, "$.KBUS.Replier.GoneAway");
    CHECK_TEXT(KBUS_MSG_NAME_REPLIER_IGNORED, "$.KBUS.Replier.Ignored");
    CHECK_TEXT(KBUS_MSG_NAME_REPLIER_UNBOUND, "$.KBUS.Replier.Unbound");
    CHECK_TEXT(KBUS_MSG_NAME_REPLIER_DISAPPEARED, "$.KBUS.Replier.Disappeared");
    CHECK_TEXT(KBUS_MSG_NAME_ERROR_SENDING, "$.KBUS.ErrorSending");
    CHECK_TEXT(KBUS_MSG_NAME_UNBIND_EVENTS_LOST, "$.KBUS.UnbindEventsLost");
    CHECK_TEXT(KBUS_MSG_NAME_REPLIER_BIND_EVENT, "$.KBUS.ReplierBindEvent");
}

TEST("names are padded past their terminator, data is padded if need be") {
    for (unsigned length = 0; length < 20; length++) {
        CHECK_EQUAL(KBUS_PADDED_NAME_LEN(length), 4 * ((length + 4) / 4));
        CHECK_EQUAL(KBUS_PADDED_DATA_LEN(length), 4 * ((length + 3) / 4));
        CHECK_EQUAL(KBUS_ENTIRE_MSG_DATA_INDEX(length), (length + 4) / 4);
        CHECK_EQUAL(KBUS_ENTIRE_MSG_END_GUARD_INDEX(length, 5), (length + 4) / 4 + 2);
    }
    CHECK_EQUAL(KBUS_ENTIRE_MSG_LEN(6, 7), sizeof(kbus_message_t) + 8 + 8 + 4);
    /* An argument may be an expression. */
    CHECK_EQUAL(KBUS_ENTIRE_MSG_LEN(4 + 2, 1 << 2), sizeof(kbus_message_t) + 8 + 4 + 4);
}

TEST("headers are guarded as the original's are") {
#if !defined(_kbus_defns) || !defined(_LKBUS_H_INCLUDED_)
    CHECK(!"a guard of the original is missing");
#endif
    CHECK(strcmp(kbus_version(), "") != 0);
}

int program_of_old(void);

TEST("V-15: a program that includes kbus.h alone has what programs rely on") { CHECK_EQUAL(program_of_old(), 0); }
