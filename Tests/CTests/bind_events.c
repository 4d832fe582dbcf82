/* Taking a bind event apart. Its data may come from anybody. */
#define _GNU_SOURCE
#include "messages.h"

static uint32_t word(const uint8_t *bytes, size_t at) {
    uint32_t value;
    memcpy(&value, bytes + at, sizeof value);
    return value;
}

TEST("V-13: a bind event is taken apart, with a copy of its name") {
    const uint32_t fixed[] = { 1, 77, 6 };
    uint8_t data[20] = { 0 };
    kbus_message_t *message;
    uint32_t is_bind = 9, binder = 9;
    char *name = NULL;
    memcpy(data, fixed, sizeof fixed);
    memcpy(data + 12, "$.Fred", 6);
    CHECK_EQUAL(kbus_msg_create_entire(&message, "$.Whatever", 10, data, sizeof data, 0), 0);
    CHECK_EQUAL(kbus_msg_split_bind_event(message, &is_bind, &binder, &name), 0);
    kbus_msg_delete(&message);
    CHECK_EQUAL(is_bind, 1);
    CHECK_EQUAL(binder, 77);
    CHECK_TEXT(name, "$.Fred");
    free(name);
}

TEST("V-13: a message without data is no bind event, in either form") {
    uint32_t is_bind = 9, binder = 9;
    char *name = NULL;
    kbus_message_t message = pointy(KBUS_MSG_NAME_REPLIER_BIND_EVENT, NULL), *entire;
    CHECK_FAILS(kbus_msg_split_bind_event(&message, &is_bind, &binder, &name), EBADMSG);
    message.data_len = 20;
    CHECK_FAILS(kbus_msg_split_bind_event(&message, &is_bind, &binder, &name), EBADMSG);
    CHECK_EQUAL(kbus_msg_create_entire(&entire, "$.F", 3, NULL, 0, 0), 0);
    CHECK_FAILS(kbus_msg_split_bind_event(entire, &is_bind, &binder, &name), EBADMSG);
    kbus_msg_delete(&entire);
    CHECK(is_bind == 9 && binder == 9 && name == NULL);
}

TEST("null arguments of split_bind_event are EFAULT") {
    uint32_t is_bind, binder;
    char *name;
    uint8_t data[12] = { 0 };
    kbus_message_t message = pointy("$.F", NULL);
    message.data = data;
    message.data_len = sizeof data;
    CHECK_FAILS(kbus_msg_split_bind_event(NULL, &is_bind, &binder, &name), EFAULT);
    CHECK_FAILS(kbus_msg_split_bind_event(&message, NULL, &binder, &name), EFAULT);
    CHECK_FAILS(kbus_msg_split_bind_event(&message, &is_bind, NULL, &name), EFAULT);
    CHECK_FAILS(kbus_msg_split_bind_event(&message, &is_bind, &binder, NULL), EFAULT);
    CHECK_EQUAL(kbus_msg_split_bind_event(&message, &is_bind, &binder, &name), 0);
    CHECK_TEXT(name, "");
    free(name);
}

/* The same numbers in every run. */
static uint32_t random_number(void) {
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33);
}

TEST("split_bind_event believes nothing: random data gives EBADMSG or exactly what is there") {
    enum { ROOM = 64 };
    const uint32_t claims[] = { 0, 1, 7, 8, 9, 52, 53, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF3, 0xFFFFFFF4, 0xFFFFFFFF };
    static const uint8_t zeros[ROOM];
    uint8_t *room = at_the_edge(zeros, ROOM);
    int good = 0;
    for (int round = 0; round < 20000; round++) {
        uint32_t count = random_number() % (ROOM + 1), is_bind = 9, binder = 9;
        uint8_t *data = room + ROOM - count;
        char *name = NULL;
        for (uint32_t at = 0; at < count; at++) data[at] = (uint8_t)random_number();
        uint32_t claim = round % 2 ? claims[random_number() % 12] : random_number() % ROOM;
        if (count >= 12) memcpy(data + 8, &claim, sizeof claim);
        kbus_message_t message = pointy(KBUS_MSG_NAME_REPLIER_BIND_EVENT, NULL);
        message.data = data;
        message.data_len = count;
        int result = kbus_msg_split_bind_event(&message, &is_bind, &binder, &name);
        if (count < 12 || claim > count - 12) {
            CHECK_EQUAL(result, -EBADMSG);
            CHECK(name == NULL && is_bind == 9 && binder == 9);
            continue;
        }
        CHECK_EQUAL(result, 0);
        CHECK_EQUAL(is_bind, word(data, 0));
        CHECK_EQUAL(binder, word(data, 4));
        CHECK(memcmp(name, data + 12, claim) == 0 && name[claim] == 0);
        free(name);
        good++;
    }
    CHECK(good > 1000);
}
