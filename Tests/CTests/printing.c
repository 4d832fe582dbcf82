/* A message on one line. */
#define _GNU_SOURCE
#include "messages.h"

/* What a message prints as; freed when the test ends. */
static char *printed(const kbus_message_t *message, unsigned int flags) {
    static char *text;
    size_t size;
    free(text);
    FILE *stream = open_memstream(&text, &size);
    CHECK(stream != NULL);
    kbus_msg_print2(stream, message, flags);
    CHECK_EQUAL(fclose(stream), 0);
    CHECK_EQUAL(strlen(text), size);
    return text;
}

#define CHECK_PRINTS(message, text) CHECK_TEXT(printed(message, KBUS_MSG_PRINT_FLAGS_ABBREVIATE), text)
#define CHECK_PRINTS_ALL(message, text) CHECK_TEXT(printed(message, 0), text)

TEST("V-11: a Request prints as in the specification") {
    kbus_message_t message = pointy("$.Fred", "hello\x01");
    message.id.serial_num = 5;
    message.to = 9;
    message.from = 3;
    message.orig_from = (kbus_orig_from_t){ 1, 2 };
    message.flags = 0x30b;
    CHECK_PRINTS(&message, "<Request '$.Fred' id=[0:5] to=9 from=3 orig_from=(1,2) flags=0x30b REQ YOU URG aFL aWT "
                           "data=hello\\x01>");
}

TEST("V-11: an Announcement prints as in the specification") {
    kbus_message_t message = pointy("$.Fred", "123456789012345678901");
    CHECK_PRINTS(&message, "<Announcement '$.Fred' data=12345678901234567890...>");
}

static uint8_t event_data[64];

/* A bind event whose data is `count` bytes long and says that the name has `name_len`. */
static kbus_message_t bind_event(uint32_t is_bind, uint32_t binder, const char *name, uint32_t name_len,
                                 uint32_t count) {
    kbus_message_t message = pointy(KBUS_MSG_NAME_REPLIER_BIND_EVENT, NULL);
    const uint32_t fixed[] = { is_bind, binder, name_len };
    memset(event_data, 0, sizeof event_data);
    memcpy(event_data, fixed, sizeof fixed);
    memcpy(event_data + sizeof fixed, name, strlen(name));
    message.data = at_the_edge(event_data, count);
    message.data_len = count;
    return message;
}

TEST("V-11: a bind event prints as in the specification") {
    kbus_message_t message = bind_event(1, 4, "$.Fred", 6, 20);
    message.id.serial_num = 1;
    message.flags = 0x204;
    CHECK_PRINTS(&message, "<ReplierBindEvent id=[0:1] flags=0x204 SYN aFL data= [Bind '$.Fred' for 4]>");
    message = bind_event(0, 4000000000, "$.W.*", 5, 20);
    CHECK_PRINTS(&message, "<ReplierBindEvent data= [Unbind '$.W.*' for 4000000000]>");
}

TEST("V-11: a Status prints as in the specification") {
    kbus_message_t message = pointy("$.KBUS.X", NULL);
    message.in_reply_to.serial_num = 4;
    message.flags = KBUS_BIT_SYNTHETIC;
    CHECK_PRINTS(&message, "<Status '$.KBUS.X' in_reply_to=[0:4] flags=0x4 SYN>");
}

TEST("a Reply is a Status if its name is longer than $.KBUS. and begins so") {
    const char *const names[] = { "$.KBUS.", "$.KBUSX", "$.KBUs.X", "$.Fred" };
    char expected[64];
    for (size_t which = 0; which < sizeof names / sizeof *names; which++) {
        kbus_message_t message = pointy(names[which], NULL);
        message.in_reply_to.network_id = 3;
        snprintf(expected, sizeof expected, "<Reply '%s' in_reply_to=[3:0]>", names[which]);
        CHECK_PRINTS(&message, expected);
    }
}

TEST("being a Reply comes before being a Request, and both before being a bind event") {
    kbus_message_t message = bind_event(1, 4, "$.F", 3, 16);
    message.flags = KBUS_BIT_WANT_A_REPLY;
    CHECK_PRINTS_ALL(&message, "<Request '$.KBUS.ReplierBindEvent' flags=0x1 REQ "
                               "data=\\x01\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x03\\x00\\x00\\x00$.F\\x00>");
    message.data_len = 0;
    message.in_reply_to.serial_num = 1;
    CHECK_PRINTS(&message, "<Status '$.KBUS.ReplierBindEvent' in_reply_to=[0:1] flags=0x1 REQ>");
}

TEST("a name that only begins as a bind event's is an Announcement") {
    kbus_message_t message = pointy("$.KBUS.ReplierBindEventX", "x");
    CHECK_PRINTS(&message, "<Announcement '$.KBUS.ReplierBindEventX' data=x>");
}

TEST("a bind event whose data is not what it claims prints it as any other data") {
    kbus_message_t message = bind_event(1, 2, "$.F", 4, 15);
    CHECK_PRINTS(&message, "<ReplierBindEvent data=\\x01\\x00\\x00\\x00\\x02\\x00\\x00\\x00\\x04\\x00\\x00\\x00$.F>");
    message = bind_event(1, 2, "", 0, 3);
    CHECK_PRINTS(&message, "<ReplierBindEvent data=\\x01\\x00\\x00>");
    message.data_len = 0;
    CHECK_PRINTS(&message, "<ReplierBindEvent>");
}

TEST("fields print in their order, each only if it is set") {
    kbus_message_t message = pointy("$.F", NULL);
    CHECK_PRINTS(&message, "<Announcement '$.F'>");
    message.id = (kbus_msg_id_t){ 4294967295, 0 };
    message.final_to = (kbus_orig_from_t){ 0, 3 };
    message.in_reply_to = (kbus_msg_id_t){ 1, 2 };
    message.extra = 5;
    message.flags = 0xFFFF0000;
    CHECK_PRINTS(&message, "<Reply '$.F' id=[4294967295:0] final_to=(0,3) in_reply_to=[1:2] flags=0xffff0000>");
    message = pointy("$.F", NULL);
    message.flags = 0x0F;
    CHECK_PRINTS(&message, "<Request '$.F' flags=0xf REQ YOU SYN URG>");
}

TEST("data is abbreviated after 20 bytes, or not at all") {
    kbus_message_t message = pointy("$.F", "abcdefghijklmnopqrst");
    CHECK_PRINTS(&message, "<Announcement '$.F' data=abcdefghijklmnopqrst>");
    message = pointy("$.F", "abcdefghijklmnopqrstu");
    CHECK_PRINTS(&message, "<Announcement '$.F' data=abcdefghijklmnopqrst...>");
    CHECK_PRINTS_ALL(&message, "<Announcement '$.F' data=abcdefghijklmnopqrstu>");
    CHECK_TEXT(printed(&message, ~1u), "<Announcement '$.F' data=abcdefghijklmnopqrstu>");
    CHECK_TEXT(printed(&message, ~0u), "<Announcement '$.F' data=abcdefghijklmnopqrst...>");
}

TEST("D-17: bytes that are not printable ASCII print as two hexadecimal digits") {
    for (int byte = 0; byte < 256; byte++) {
        char data[1] = { (char)byte }, expected[64];
        kbus_message_t message = pointy("$.F", NULL);
        message.data = data;
        message.data_len = 1;
        int plain = byte >= ' ' && byte <= '~';
        const char *format = plain ? "<Announcement '$.F' data=%c>" : "<Announcement '$.F' data=\\x%02x>";
        snprintf(expected, sizeof expected, format, byte);
        CHECK_PRINTS(&message, expected);
    }
}

TEST("an entire message prints as a pointy one does, without touching what is behind it") {
    for (uint32_t data_len = 0; data_len < 9; data_len++) {
        char expected[64];
        kbus_message_t *message;
        CHECK_EQUAL(kbus_msg_create_entire(&message, "$.Fred", 6, "12345678", data_len, 0), 0);
        const char *label = data_len ? " data=" : "";
        snprintf(expected, sizeof expected, "<Announcement '$.Fred'%s%.*s>", label, (int)data_len, "12345678");
        CHECK_PRINTS_ALL(at_the_edge(message, (size_t)kbus_msg_sizeof(message)), expected);
        kbus_msg_delete(&message);
    }
}

TEST("a pointy message that claims data, but has none, prints without") {
    kbus_message_t message = pointy("$.F", NULL);
    message.data_len = 4;
    CHECK_PRINTS(&message, "<Announcement '$.F'>");
}

TEST("kbus_msg_print abbreviates; null prints nothing") {
    char text[64] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");
    kbus_message_t message = pointy("$.F", "abcdefghijklmnopqrstu");
    kbus_msg_print(stream, &message);
    kbus_msg_print(stream, NULL);
    kbus_msg_print2(NULL, &message, 0);
    fclose(stream);
    CHECK_TEXT(text, "<Announcement '$.F' data=abcdefghijklmnopqrst...>");
}
