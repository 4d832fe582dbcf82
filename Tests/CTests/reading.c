/* Reading a message, whole or in pieces: the states of the read side. */
#define _GNU_SOURCE
#include "bus.h"

#include <pthread.h>
#include <sched.h>

static uint32_t left(kbus_ksock_t ksock) {
    uint32_t count;
    CHECK_EQUAL(kbus_ksock_len_left(ksock, &count), 0);
    return count;
}

static uint32_t go_on(kbus_ksock_t ksock) {
    uint32_t length = 9;
    int result = kbus_ksock_next_msg(ksock, &length);
    CHECK_EQUAL(result, length > 0);
    return length;
}

/* Reads some bytes behind those in `to`. */
static void read_bytes(kbus_ksock_t ksock, uint8_t *to, size_t count) {
    kbus_message_t *bytes;
    CHECK_EQUAL(kbus_ksock_read_msg(ksock, &bytes, count), 0);
    memcpy(to, bytes, count);
    kbus_msg_delete(&bytes);
}

static void check_nothing_to_read(kbus_ksock_t ksock) {
    kbus_message_t *bytes;
    CHECK_FAILS(kbus_ksock_read_msg(ksock, &bytes, 1), EBADMSG);
    CHECK_EQUAL(left(ksock), 0);
}

TEST("G-01: of an empty queue there is nothing to read") {
    kbus_ksock_t listener = new_listener("$.Fred");
    CHECK_EQUAL(go_on(listener), 0);
    check_nothing_to_read(listener);
    CHECK_NOTHING(listener);
}

TEST("G-02, G-03, G-04: len_left counts what is still to be read, in all parts of a message") {
    kbus_ksock_t listener = new_listener("$.Fred");
    const uint32_t stops[] = { 1, 96, 97, 102, 116, 119, 120 };
    _Alignas(8) uint8_t bytes[120];
    uint32_t at = 0;
    announce(listener, "$.Fred", "12345678901234567890");
    CHECK_EQUAL(go_on(listener), KBUS_ENTIRE_MSG_LEN(6, 20));
    for (size_t which = 0; which < sizeof stops / sizeof *stops; which++) {
        read_bytes(listener, bytes + at, stops[which] - at);
        at = stops[which];
        CHECK_EQUAL(left(listener), 120 - at);
    }
    check_entire((kbus_message_t *)(void *)bytes, "$.Fred", "12345678901234567890", 20);
    check_nothing_to_read(listener);
}

TEST("G-05, G-12: bytes read one at a time make the message; then there are no more") {
    kbus_ksock_t listener = new_listener("$.Fred");
    for (uint32_t count = 0; count < 10; count++) {
        _Alignas(8) uint8_t bytes[128];
        char data[16] = "";
        memcpy(data, "123456789", count);
        announce(listener, "$.Fred", data);
        uint32_t length = go_on(listener);
        for (uint32_t at = 0; at < length; at++) read_bytes(listener, bytes + at, 1);
        check_entire((kbus_message_t *)(void *)bytes, "$.Fred", data, count);
        check_nothing_to_read(listener);
    }
}

TEST("G-06: reading never runs on into the next message") {
    kbus_ksock_t listener = new_listener("$.Fred");
    kbus_message_t *bytes;
    announce(listener, "$.Fred", NULL);
    announce(listener, "$.Fred", "next");
    CHECK_EQUAL(go_on(listener), KBUS_ENTIRE_MSG_LEN(6, 0));
    CHECK_FAILS(kbus_ksock_read_msg(listener, &bytes, 10000), EBADMSG);
    CHECK_NEXT(listener, "<Announcement '$.Fred' id=[0:2] from=1 data=next>");
}

TEST("G-07, G-09: what is left of a message is dropped when the next is asked for") {
    kbus_ksock_t listener = new_listener("$.Fred");
    uint8_t bytes[10];
    for (int count = 0; count < 6; count++) announce(listener, "$.Fred", NULL);
    go_on(listener);
    read_bytes(listener, bytes, 10);
    CHECK_NEXT(listener, "<Announcement '$.Fred' id=[0:2] from=1>");
    go_on(listener);
    CHECK_NEXT(listener, "<Announcement '$.Fred' id=[0:4] from=1>");
    CHECK_NEXT(listener, "<Announcement '$.Fred' id=[0:5] from=1>");
    CHECK_NEXT(listener, "<Announcement '$.Fred' id=[0:6] from=1>");
    CHECK_NOTHING(listener);
}

TEST("G-08: asking for a next message that is not there ends the reading of the one before") {
    kbus_ksock_t listener = new_listener("$.Fred");
    uint8_t bytes[10];
    announce(listener, "$.Fred", NULL);
    go_on(listener);
    read_bytes(listener, bytes, 10);
    CHECK_EQUAL(go_on(listener), 0);
    check_nothing_to_read(listener);
}

TEST("G-10, G-11: a message that is being read is in no queue, and stays when its name is unbound") {
    kbus_ksock_t listener = new_listener("$.Fred");
    kbus_message_t *message;
    announce(listener, "$.Fred", "data");
    uint32_t length = go_on(listener);
    CHECK_EQUAL(queued(listener), 0);
    CHECK_EQUAL(kbus_wait_within(listener, KBUS_KSOCK_READABLE, 0), 0);
    CHECK_EQUAL(kbus_ksock_unbind(listener, "$.Fred", 0), 0);
    CHECK_EQUAL(left(listener), length);
    CHECK_EQUAL(kbus_ksock_read_msg(listener, &message, length), 0);
    check_entire(message, "$.Fred", "data", 4);
    kbus_msg_delete(&message);
}

TEST("H-28: a Request counts as taken when it is gone on to, though not a byte is read") {
    kbus_ksock_t sender = new_ksock(), replier = new_replier("$.Q");
    uint32_t owed;
    ask(sender, "$.Q", NULL);
    CHECK_EQUAL(kbus_ksock_num_unreplied_to(replier, &owed), 0);
    CHECK_EQUAL(owed, 0);
    go_on(replier);
    CHECK_EQUAL(go_on(replier), 0);
    CHECK_EQUAL(kbus_ksock_num_unreplied_to(replier, &owed), 0);
    CHECK_EQUAL(owed, 1);
}

enum { MANY = 40000 };
static _Atomic int ended;

/* Returns how many messages it has read. */
static void *read_what_comes(void *ksock) {
    intptr_t count = 0;
    for (int is_last = 0; !is_last;) {
        kbus_message_t *message;
        is_last = ended;
        CHECK_EQUAL(kbus_ksock_read_next_msg(*(kbus_ksock_t *)ksock, &message), 0);
        if (!message) {
            sched_yield();
            continue;
        }
        count++;
        is_last = 0;
        kbus_msg_delete(&message);
    }
    return (void *)count;
}

TEST("threads that read whole messages from one Ksock lose none of them") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    pthread_t threads[3];
    intptr_t read = 0;
    for (int at = 0; at < 3; at++) CHECK_EQUAL(pthread_create(&threads[at], NULL, read_what_comes, &listener), 0);
    for (int at = 0; at < MANY; at++) {
        while (queued(listener) > 50) sched_yield();
        announce(sender, "$.F", "some");
    }
    ended = 1;
    for (int at = 0; at < 3; at++) {
        void *count;
        CHECK_EQUAL(pthread_join(threads[at], &count), 0);
        read += (intptr_t)count;
    }
    CHECK_EQUAL(read, MANY);
}
