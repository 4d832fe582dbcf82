/* Writing a message, whole or in pieces, and sending it: the states of the write side. */
#define _GNU_SOURCE
#include "bus.h"

#include <pthread.h>
#include <sched.h>

static const char *const digits = "0123456789";

static kbus_message_t *entire(const char *name, const void *data, uint32_t data_len) {
    kbus_message_t *message;
    CHECK_EQUAL(kbus_msg_create_entire(&message, name, (uint32_t)strlen(name), data, data_len, 0), 0);
    return message;
}

static void check_refused(kbus_ksock_t ksock, const kbus_message_t *message, int error) {
    kbus_msg_id_t id;
    CHECK_FAILS(kbus_ksock_write_msg(ksock, message), error);
    CHECK_FAILS(kbus_ksock_send(ksock, &id), ENOMSG);
}

TEST("E-01: a message that is written is not there before it is sent") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_message_t message = pointy("$.F", "data");
    kbus_msg_id_t id;
    CHECK_EQUAL(kbus_ksock_write_msg(sender, &message), 0);
    CHECK_NOTHING(listener);
    CHECK_EQUAL(kbus_ksock_send(sender, &id), 0);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=1 data=data>");
}

TEST("E-02, E-03: data of 0 to 9 bytes arrives, from either form, in pieces of any size") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.Fred");
    for (uint32_t count = 0; count < 10; count++) {
        kbus_message_t whole = pointy("$.Fred", NULL), *parts = entire("$.Fred", digits, count), *read;
        whole.data = count ? (void *)(uintptr_t)digits : NULL;
        whole.data_len = count;
        for (size_t piece = 1; piece < 120; piece += piece < 10 ? 1 : 23) {
            for (int form = 0; form < 2; form++) {
                const uint8_t *bytes = form ? (uint8_t *)parts : (uint8_t *)&whole;
                size_t length = (size_t)kbus_msg_sizeof(form ? parts : &whole);
                kbus_msg_id_t id;
                for (size_t at = 0; at < length; at += piece) {
                    CHECK_EQUAL(write_bytes(sender, bytes + at, piece < length - at ? piece : length - at), 0);
                }
                CHECK_EQUAL(kbus_ksock_send(sender, &id), 0);
                read = take(listener);
                check_entire(read, "$.Fred", digits, count);
                kbus_msg_delete(&read);
            }
        }
        kbus_msg_delete(&parts);
    }
}

TEST("E-04, E-05, E-06: there is nothing to send before a write or after a discard, which always succeeds") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_message_t message = pointy("$.F", NULL);
    kbus_msg_id_t id;
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    CHECK_EQUAL(kbus_ksock_discard(sender), 0);
    CHECK_EQUAL(kbus_ksock_write_msg(sender, &message), 0);
    CHECK_EQUAL(kbus_ksock_discard(sender), 0);
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    CHECK_NOTHING(listener);
}

TEST("E-07, E-08: part of a message can't be sent; discarded, it is forgotten") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.Fred");
    kbus_message_t *message = entire("$.Fred", digits, 10);
    kbus_msg_id_t id;
    CHECK_EQUAL(write_bytes(sender, message, 50), 0);
    CHECK_FAILS(kbus_ksock_send(sender, &id), EINVAL);
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    CHECK_EQUAL(write_bytes(sender, message, 95), 0);
    CHECK_FAILS(kbus_ksock_send(sender, &id), EINVAL);
    CHECK_EQUAL(write_bytes(sender, message, 50), 0);
    CHECK_EQUAL(kbus_ksock_discard(sender), 0);
    announce(sender, "$.Fred", "second");
    CHECK_NEXT(listener, "<Announcement '$.Fred' id=[0:1] from=1 data=second>");
    kbus_msg_delete(&message);
}

TEST("E-09, E-10: a byte more than a message is too much, and loses it") {
    kbus_ksock_t sender = new_ksock();
    kbus_message_t *message = entire("$.Fred", digits, 10), whole = pointy("$.Fred", NULL);
    size_t length = (size_t)kbus_msg_sizeof(message);
    uint8_t *twice = malloc(2 * length);
    kbus_msg_id_t id;
    CHECK_EQUAL(write_bytes(sender, message, length), 0);
    CHECK_FAILS(write_bytes(sender, message, 1), EMSGSIZE);
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    memcpy(twice, message, length);
    memcpy(twice + length, message, length);
    CHECK_FAILS(write_bytes(sender, twice, 2 * length), EMSGSIZE);
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    CHECK_EQUAL(kbus_ksock_write_msg(sender, &whole), 0);
    CHECK_FAILS(write_bytes(sender, "x", 1), EMSGSIZE);
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    free(twice);
    kbus_msg_delete(&message);
}

TEST("E-11: each of the guards is checked when it is written") {
    kbus_ksock_t sender = new_ksock();
    kbus_message_t *message = entire("$.Fred", digits, 10);
    message->start_guard++;
    check_refused(sender, message, EINVAL);
    message->start_guard--;
    message->end_guard ^= 1;
    check_refused(sender, message, EINVAL);
    message->end_guard ^= 1;
    *kbus_msg_end_ptr((kbus_entire_message_t *)message) = 0;
    check_refused(sender, message, EINVAL);
    kbus_msg_delete(&message);
}

TEST("E-12 to E-16, E-27: a header that makes no sense is refused by the write") {
    kbus_ksock_t sender = new_ksock();
    kbus_message_t message = pointy("$.Fred", NULL);
    message.name_len = 0;
    check_refused(sender, &message, EINVAL);
    message.name_len = 1001;
    check_refused(sender, &message, ENAMETOOLONG);
    message = pointy("$.Fred", NULL);
    message.data_len = 4;
    check_refused(sender, &message, EINVAL);
    message = pointy("$.Fred", "");
    CHECK(message.data != NULL);
    check_refused(sender, &message, EINVAL);
    message = pointy("$.Fred", "data");
    message.flags = KBUS_BIT_ALL_OR_FAIL | KBUS_BIT_ALL_OR_WAIT;
    check_refused(sender, &message, EINVAL);
    message.in_reply_to.serial_num = 1;
    check_refused(sender, &message, EINVAL);
    message = pointy("$.Fred", "data");
    message.data_len = 0xFFFFFFFE;
    check_refused(sender, &message, EMSGSIZE);
    /* The name pointer is null, the data pointer is not: what follows the header is not looked at. */
    kbus_message_t *odd = entire("$.Fred", "data", 4);
    odd->data = message.data;
    check_refused(sender, odd, EINVAL);
    kbus_msg_delete(&odd);
}

TEST("E-11, E-12, E-27: of an entire message whose header makes no sense nothing else is looked at") {
    kbus_ksock_t sender = new_ksock();
    const kbus_message_t good = {
        .start_guard = KBUS_MSG_START_GUARD, .name_len = 6, .data_len = 4, .end_guard = KBUS_MSG_END_GUARD,
    };
    kbus_message_t *header = at_the_edge(&good, sizeof good);
    header->start_guard = 0;
    check_refused(sender, header, EINVAL);
    *header = good;
    header->end_guard = 0;
    check_refused(sender, header, EINVAL);
    *header = good;
    header->name_len = 0;
    check_refused(sender, header, EINVAL);
    header->name_len = 0xFFFFFFFF;
    check_refused(sender, header, ENAMETOOLONG);
    *header = good;
    header->data_len = 0xFFFFFFFE;
    check_refused(sender, header, EMSGSIZE);
    header->data_len = 0x7FFFFFFF;
    check_refused(sender, header, EMSGSIZE);
    *header = good;
    header->flags = KBUS_BIT_ALL_OR_FAIL | KBUS_BIT_ALL_OR_WAIT;
    check_refused(sender, header, EINVAL);
}

TEST("E-17, E-19, E-20: the name of a pointy message is looked at by the send") {
    kbus_ksock_t sender = new_ksock();
    kbus_message_t message = pointy("$.Fred.*", NULL);
    char long_name[1003] = "$.";
    kbus_msg_id_t id;
    CHECK_EQUAL(kbus_ksock_write_msg(sender, &message), 0);
    CHECK_FAILS(kbus_ksock_send(sender, &id), EBADMSG);
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    message = pointy("$.Jim.%", NULL);
    CHECK_FAILS(kbus_ksock_send_msg(sender, &message, &id), EBADMSG);
    memset(long_name + 2, 'a', 1000);
    message = pointy(long_name, NULL);
    CHECK_FAILS(kbus_ksock_send_msg(sender, &message, &id), ENAMETOOLONG);
}

TEST("E-18: the name of an entire message is looked at by the write") {
    kbus_ksock_t sender = new_ksock();
    const char *const names[] = { "$.F!", "$.F.*", "$.F.%", "$.F.", "F", "$.\xE9" };
    for (size_t which = 0; which < sizeof names / sizeof *names; which++) {
        kbus_message_t *message = entire(names[which], "x", 1);
        check_refused(sender, message, EBADMSG);
        kbus_msg_delete(&message);
    }
}

TEST("E-21: rubbish in the padding does not arrive") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.Fred");
    kbus_message_t *message = entire("$.Fred", digits, 9), *read;
    kbus_msg_id_t id;
    kbus_msg_name_ptr(message)[7] = 'x';
    memset((uint8_t *)kbus_msg_data_ptr(message) + 9, 'x', 3);
    CHECK_EQUAL(kbus_ksock_send_msg(sender, message, &id), 0);
    read = take(listener);
    check_entire(read, "$.Fred", digits, 9);
    kbus_msg_delete(&read);
    kbus_msg_delete(&message);
}

TEST("E-22: a message just read can be sent as it is") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.Fred");
    for (uint32_t count = 0; count < 10; count++) {
        kbus_message_t *message = entire("$.Fred", digits, count), *read;
        kbus_msg_id_t id;
        CHECK_EQUAL(kbus_ksock_send_msg(sender, message, &id), 0);
        read = take(listener);
        CHECK_EQUAL(kbus_ksock_send_msg(listener, read, &id), 0);
        kbus_msg_delete(&read);
        read = take(listener);
        check_entire(read, "$.Fred", digits, count);
        CHECK_EQUAL(read->from, 2);
        kbus_msg_delete(&read);
        kbus_msg_delete(&message);
    }
}

TEST("E-23: one message sent twice is two, with ids in a row") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_message_t message = pointy("$.F", "x");
    kbus_msg_id_t first, second;
    CHECK_EQUAL(kbus_ksock_send_msg(sender, &message, &first), 0);
    CHECK_EQUAL(kbus_ksock_send_msg(sender, &message, &second), 0);
    CHECK_EQUAL(second.serial_num, first.serial_num + 1);
    CHECK_EQUAL(message.id.serial_num, 0);
    CHECK_EQUAL(queued(listener), 2);
}

TEST("E-24: the write sides and read sides of two Ksocks do not get in each other's way") {
    kbus_ksock_t sender = new_ksock(), replier = new_replier("$.Q");
    kbus_message_t question = pointy("$.Q", "x"), *request, *reply;
    kbus_msg_id_t id;
    uint32_t length;
    question.flags = KBUS_BIT_WANT_A_REPLY;
    CHECK_EQUAL(kbus_ksock_send_msg(sender, &question, &id), 0);
    CHECK_EQUAL(kbus_ksock_next_msg(replier, &length), 1);
    CHECK_EQUAL(kbus_ksock_write_msg(sender, &question), 0);
    CHECK_EQUAL(kbus_ksock_read_msg(replier, &request, length), 0);
    CHECK_EQUAL(kbus_ksock_send(sender, &id), 0);
    CHECK_EQUAL(kbus_msg_create_entire_reply_to(&reply, request, "1", 1, 0), 0);
    CHECK_EQUAL(kbus_ksock_write_msg(replier, reply), 0);
    CHECK_EQUAL(kbus_ksock_write_msg(sender, &question), 0);
    CHECK_EQUAL(kbus_ksock_send(replier, &id), 0);
    CHECK_EQUAL(kbus_ksock_send(sender, &id), 0);
    kbus_msg_delete(&reply);
    kbus_msg_delete(&request);
    request = take(replier);
    CHECK_EQUAL(request->id.serial_num, 2);
    answer(replier, request, "2");
    kbus_msg_delete(&request);
    CHECK_NEXT(sender, "<Reply '$.Q' id=[0:3] to=1 from=2 in_reply_to=[0:1] data=1>");
    CHECK_NEXT(sender, "<Reply '$.Q' id=[0:5] to=1 from=2 in_reply_to=[0:2] data=2>");
}

TEST("E-25, E-26: data about the sizes of pages, and more, arrives intact") {
    const uint32_t counts[] = { 2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193, 65563 };
    static uint8_t data[65563];
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    for (uint32_t round = 0; round < 100; round++) {
        uint32_t count = counts[round % 10];
        for (uint32_t at = 0; at < count; at++) data[at] = (uint8_t)(at * 7 + round);
        kbus_message_t *message = entire("$.F", data, count), *read;
        kbus_msg_id_t id;
        CHECK_EQUAL(kbus_ksock_send_msg(sender, message, &id), 0);
        read = take(listener);
        check_entire(read, "$.F", data, count);
        kbus_msg_delete(&read);
        kbus_msg_delete(&message);
    }
}

TEST("M-03, M-05 to M-07: a message that waits bars writing until it is gone, or discarded") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_msg_id_t id;
    fill_up(listener, sender, "$.F");
    CHECK_FAILS(try_to_send(sender, "$.F", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
    CHECK_FAILS(try_to_send(sender, "$.F", 0, &id), EALREADY);
    CHECK_FAILS(write_bytes(sender, "x", 1), EALREADY);
    CHECK_EQUAL(kbus_wait_within(sender, KBUS_KSOCK_WRITABLE, 0), 0);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=1 data=filler>");
    CHECK_EQUAL(kbus_wait_for_message(sender, KBUS_KSOCK_WRITABLE), KBUS_KSOCK_WRITABLE);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:2] from=1 flags=0x100 aWT data=try>");
    announce(sender, "$.F", "full again");
    CHECK_FAILS(try_to_send(sender, "$.F", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
    CHECK_EQUAL(kbus_ksock_discard(sender), 0);
    CHECK_EQUAL(kbus_wait_within(sender, KBUS_KSOCK_WRITABLE, 0), KBUS_KSOCK_WRITABLE);
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:3] from=1 data=full again>");
    CHECK_NOTHING(listener);
}

TEST("the name and data of a pointy message may change until the send, and be freed after it") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.Jim");
    char *name = strdup("$.Fred"), *data = strdup("data");
    kbus_message_t message = pointy(name, data);
    kbus_msg_id_t id;
    message.name_len = 5;
    CHECK_EQUAL(kbus_ksock_write_msg(sender, &message), 0);
    strcpy(name, "$.Jim");
    CHECK_EQUAL(kbus_ksock_send(sender, &id), 0);
    free(name);
    free(data);
    CHECK_NEXT(listener, "<Announcement '$.Jim' id=[0:1] from=1 data=data>");
}

enum { SENDERS = 2, MANY = 20000 };

static struct send_plan {
    kbus_ksock_t ksock;
    int sender;
} plans[SENDERS];

static void *send_whole_messages(void *place) {
    struct send_plan plan = *(struct send_plan *)place;
    for (int number = 0; number < MANY; number++) {
        int data[2] = {plan.sender, number};
        kbus_message_t message = pointy("$.F", NULL);
        kbus_msg_id_t id;
        message.flags = KBUS_BIT_ALL_OR_FAIL;
        message.data = data;
        message.data_len = sizeof data;
        while (kbus_ksock_send_msg(plan.ksock, &message, &id) < 0) {
            CHECK_EQUAL(errno, EBUSY);
            sched_yield();
        }
    }
    return NULL;
}

TEST("threads that send whole messages from one Ksock do not get into each other's") {
    kbus_ksock_t shared = new_ksock(), listener = new_listener("$.F");
    pthread_t threads[SENDERS];
    int next[SENDERS] = {0};
    for (int at = 0; at < SENDERS; at++) {
        plans[at] = (struct send_plan){shared, at};
        CHECK_EQUAL(pthread_create(&threads[at], NULL, send_whole_messages, &plans[at]), 0);
    }
    for (int count = 0; count < SENDERS * MANY; count++) {
        kbus_message_t *message;
        CHECK_EQUAL(kbus_receive_within(listener, 30 * SECOND, &message), 1);
        const int *data = kbus_msg_data_ptr(message);
        CHECK_EQUAL(message->data_len, 2 * sizeof *data);
        CHECK_EQUAL(data[1], next[data[0]]++);
        kbus_msg_delete(&message);
    }
    for (int at = 0; at < SENDERS; at++) CHECK_EQUAL(pthread_join(threads[at], NULL), 0);
}
