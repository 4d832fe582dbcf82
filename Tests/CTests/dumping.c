/* A message on many lines. No program is known to read them; a person must find everything in them. */
#define _GNU_SOURCE
#include "messages.h"

#include <sys/mman.h>

/* What a message dumps on stdout. */
static char *dumped(const kbus_message_t *message, int dump_data) {
    static char text[8192];
    int file = memfd_create("stdout", MFD_CLOEXEC);
    CHECK(file >= 0);
    fflush(stdout);
    CHECK(dup2(file, STDOUT_FILENO) == STDOUT_FILENO);
    kbus_msg_dump(message, dump_data);
    fflush(stdout);
    ssize_t count = pread(file, text, sizeof text - 1, 0);
    CHECK(count > 0);
    text[count] = 0;
    return text;
}

static kbus_message_t *message_with_everything(void) {
    kbus_message_t *message;
    CHECK_EQUAL(kbus_msg_create_entire(&message, "$.Fred", 6, "Z\xE9 0123456789abcdef", 19, 0xA0000001), 0);
    message->id = (kbus_msg_id_t){ 11, 12 };
    message->in_reply_to = (kbus_msg_id_t){ 13, 14 };
    message->to = 15;
    message->from = 16;
    message->orig_from = (kbus_orig_from_t){ 17, 18 };
    message->final_to = (kbus_orig_from_t){ 19, 20 };
    return message;
}

TEST("a dump shows every field, and name and data as text and in bytes") {
    kbus_message_t *message = message_with_everything();
    const char *const expected[] = {
        "Entire message at 0x", "start_guard: 0x7375624b\n", "id: {11,12}\n", "in_reply_to: {13,14}\n", "to: 15\n",
        "from: 16\n", "orig_from: {17,18}\n", "final_to: {19,20}\n", "extra: 0\n", "flags: 0xa0000001\n",
        "name_len: 6\n", "data_len: 19\n", "name: 0x0\n", "data: 0x0\n", "end_guard: 0x4b627573\n",
        "name text: $.Fred\n", "data text: Z? 0123456789abcdef\n",
        "\n    5a e9 20 30 31 32 33 34 35 36 37 38 39 61 62 63\n    64 65 66\n",
    };
    char *text = dumped(message, 1);
    for (size_t which = 0; which < sizeof expected / sizeof *expected; which++) {
        if (!strstr(text, expected[which])) CHECK_TEXT(text, expected[which]);
    }
    kbus_msg_delete(&message);
}

TEST("a dump ends with all bytes of an entire message, 26 to a line") {
    kbus_message_t *message = message_with_everything();
    uint8_t *bytes = (uint8_t *)message;
    char expected[1024] = "message bytes: ", *end = expected + strlen(expected);
    for (int at = 0; at < kbus_msg_sizeof(message); at++) {
        end += sprintf(end, at % 26 == 0 ? "\n    %02x" : " %02x", bytes[at]);
    }
    strcpy(end, "\n");
    char *text = strstr(dumped(at_the_edge(message, (size_t)kbus_msg_sizeof(message)), 1), "message bytes: ");
    CHECK_TEXT(text, expected);
    kbus_msg_delete(&message);
}

TEST("without dump_data a dump leaves the data out") {
    kbus_message_t *message = message_with_everything();
    char *text = dumped(message, 0);
    CHECK(strstr(text, "data_len: 19\n") && strstr(text, "name text: $.Fred\n"));
    CHECK(!strstr(text, "0123456789abcdef") && !strstr(text, "5a e9"));
    kbus_msg_delete(&message);
}

TEST("a pointy message dumps its pointers, and what they point to") {
    kbus_message_t message = pointy("$.Jim", "data");
    char expected[64], *text = dumped(&message, 1);
    CHECK(strstr(text, "Pointy message at 0x") != NULL);
    CHECK(strstr(text, "name text: $.Jim\n") && strstr(text, "data text: data\n"));
    snprintf(expected, sizeof expected, "name: %p\n", (void *)message.name);
    CHECK(strstr(text, expected) != NULL);
}

TEST("a dump of null says so") { CHECK_TEXT(dumped(NULL, 1), "Message: none\n"); }
