/* Several messages at a time. */
#define _GNU_SOURCE
#include "bus.h"

#include <pthread.h>

enum { MOST = 64 };

static kbus_message_t messages[2 * MOST];
static const kbus_message_t *pointers[2 * MOST];
static char texts[2 * MOST][12];

/* Messages of one name, numbered. */
static void number_messages(const char *name, int count) {
    for (int place = 0; place < count; place++) {
        snprintf(texts[place], sizeof texts[place], "%d", place);
        messages[place] = pointy(name, texts[place]);
        pointers[place] = &messages[place];
    }
}

static void check_numbered(const kbus_message_t *message, const void *data, int expected) {
    char text[12];
    snprintf(text, sizeof text, "%d", expected);
    CHECK_EQUAL(message->data_len, strlen(text));
    CHECK(memcmp(data, text, strlen(text)) == 0);
}

TEST("messages sent together arrive in order, 64 at a time at most, and their ids are told") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_msg_id_t ids[MOST];
    kbus_message_t *received[MOST];
    number_messages("$.F", 2 * MOST);
    CHECK_EQUAL(kbus_send_many(sender, pointers, 2 * MOST, ids), MOST);
    for (int place = 0; place < MOST; place++) CHECK_EQUAL(ids[place].serial_num, place + 1);
    CHECK_EQUAL(kbus_receive_many(listener, 0, received, 40), 40);
    CHECK_EQUAL(kbus_receive_many(listener, -1, received + 40, MOST), MOST - 40);
    for (int place = 0; place < MOST; place++) {
        CHECK_EQUAL(received[place]->id.serial_num, place + 1);
        check_numbered(received[place], kbus_msg_data_ptr(received[place]), place);
        kbus_msg_delete(&received[place]);
    }
    CHECK_EQUAL(kbus_receive_many(listener, 0, received, MOST), 0);
    CHECK_EQUAL(kbus_receive_many(listener, SECOND / 100, received, MOST), 0);
    CHECK_EQUAL(kbus_send_many(sender, pointers, 0, NULL), 0);
}

TEST("entire messages go together with pointy ones, and Requests with announcements") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F"), replier = new_replier("$.F");
    kbus_message_t *request;
    CHECK_EQUAL(kbus_msg_create_entire_request(&request, "$.F", 3, "why", 3, 0), 0);
    number_messages("$.F", 1);
    const kbus_message_t *both[] = { pointers[0], request };
    CHECK_EQUAL(kbus_send_many(sender, both, 2, NULL), 2);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=1 data=0>");
    CHECK_NEXT(listener, "<Request '$.F' id=[0:2] from=1 flags=0x1 REQ data=why>");
    CHECK_NEXT(replier, "<Request '$.F' id=[0:2] from=1 flags=0x3 REQ YOU data=why>");
    kbus_msg_delete(&request);
}

static void lend(kbus_ksock_t ksock, const char *name, int count, kbus_loan_t **loans) {
    number_messages(name, count);
    for (int place = 0; place < count; place++) {
        CHECK_EQUAL(kbus_loan_make(ksock, pointers[place], &loans[place]), 0);
        memcpy(kbus_loan_data(loans[place]), texts[place], strlen(texts[place]));
    }
}

TEST("messages filled in place are sent together, in order") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_loan_t *loans[MOST];
    kbus_msg_id_t ids[MOST];
    for (int round = 0; round < 3; round++) {
        lend(sender, "$.F", MOST, loans);
        CHECK_EQUAL(kbus_loan_send_many(loans, MOST, round ? NULL : ids), MOST);
        for (int place = 0; place < MOST; place++) {
            kbus_message_t *message = take(listener);
            if (round == 0) CHECK_EQUAL(ids[place].serial_num, message->id.serial_num);
            check_numbered(message, kbus_msg_data_ptr(message), place);
            kbus_msg_delete(&message);
        }
    }
    CHECK_EQUAL(kbus_loan_send_many(loans, 0, NULL), 0);
}

TEST("loans that can't be sent end as well, and those before them are sent") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_loan_t *loans[3];
    kbus_msg_id_t ids[3];
    lend(sender, "$.F", 3, loans);
    kbus_loan_drop(loans[1]);
    messages[1].flags = KBUS_BIT_WANT_A_REPLY;
    messages[1].name = (char *)(uintptr_t)"$.N";
    CHECK_EQUAL(kbus_loan_make(sender, pointers[1], &loans[1]), 0);
    CHECK_EQUAL(kbus_loan_send_many(loans, 3, ids), 1);
    CHECK_EQUAL(queued(listener), 1);
    CHECK_EQUAL(kbus_loan_make(sender, pointers[1], &loans[0]), 0);
    CHECK_FAILS(kbus_loan_send_many(loans, 1, ids), EADDRNOTAVAIL);
}

TEST("loans of several Ksocks, too many, or none: nothing ends") {
    kbus_ksock_t sender = new_ksock(), other = new_ksock(), listener = new_listener("$.F");
    kbus_loan_t *loans[MOST + 1], *nowhere[] = { NULL };
    lend(sender, "$.F", 1, loans);
    lend(other, "$.F", 1, loans + 1);
    CHECK_FAILS(kbus_loan_send_many(loans, 2, NULL), EINVAL);
    CHECK_FAILS(kbus_loan_send_many(loans, MOST + 1, NULL), EINVAL);
    CHECK_FAILS(kbus_loan_send_many(NULL, 1, NULL), EFAULT);
    CHECK_FAILS(kbus_loan_send_many(nowhere, 1, NULL), EFAULT);
    for (int place = 0; place < 2; place++) CHECK_EQUAL(kbus_loan_send(loans[place], NULL), 0);
    CHECK_EQUAL(queued(listener), 2);
}

TEST("many messages are held in place together, 64 in all") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_received_t *received[MOST + 2];
    number_messages("$.F", MOST);
    CHECK_EQUAL(kbus_send_many(sender, pointers, MOST, NULL), MOST);
    CHECK_EQUAL(kbus_send_many(sender, pointers, 2, NULL), 2);
    CHECK_EQUAL(kbus_receive_many_in_place(listener, -1, received, MOST + 2), MOST);
    CHECK_FAILS(kbus_receive_many_in_place(listener, 0, received + MOST, 2), ENOMEM);
    for (int place = 0; place < MOST; place++) {
        const kbus_message_t *message = kbus_received_message(received[place]);
        check_numbered(message, message->data, place);
        kbus_received_release(received[place]);
    }
    CHECK_EQUAL(kbus_receive_many_in_place(listener, 0, received, MOST), 2);
    kbus_received_release(received[0]);
    kbus_received_release(received[1]);
}

TEST("the first message that can't be sent ends it: those before are sent, and a call that begins with it says why") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    number_messages("$.F", 4);
    messages[2] = pointy("$.F.*", "2");
    CHECK_EQUAL(kbus_send_many(sender, pointers, 4, NULL), 2);
    CHECK_FAILS(kbus_send_many(sender, pointers + 2, 2, NULL), EBADMSG);
    CHECK_EQUAL(kbus_send_many(sender, pointers + 3, 1, NULL), 1);
    messages[0] = pointy("$.Nobody", NULL);
    messages[0].flags = KBUS_BIT_WANT_A_REPLY;
    CHECK_EQUAL(kbus_send_many(sender, pointers + 3, 1, NULL), 1);
    CHECK_FAILS(kbus_send_many(sender, pointers, 2, NULL), EADDRNOTAVAIL);
    CHECK_EQUAL(queued(listener), 4);
    CHECK_FAILS(kbus_send_many(sender, NULL, 1, NULL), EFAULT);
    pointers[0] = NULL;
    CHECK_FAILS(kbus_send_many(sender, pointers, 1, NULL), EFAULT);
    CHECK_FAILS(kbus_receive_many(listener, 0, NULL, 1), EFAULT);
    CHECK_FAILS(kbus_receive_many_in_place(listener, 0, NULL, 1), EFAULT);
}

TEST("a message that has to wait for room does so only if it is the first") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    uint32_t most = 2;
    CHECK_EQUAL(kbus_ksock_max_messages(listener, &most), 0);
    number_messages("$.F", 3);
    for (int place = 0; place < 3; place++) messages[place].flags = KBUS_BIT_ALL_OR_WAIT;
    CHECK_EQUAL(kbus_send_many(sender, pointers, 3, NULL), 2);
    CHECK_EQUAL(queued(listener), 2);
    CHECK_FAILS(kbus_send_many(sender, pointers + 2, 1, NULL), EAGAIN);
    CHECK_FAILS(kbus_send_many(sender, pointers + 2, 1, NULL), EALREADY);
    for (int place = 0; place < 2; place++) {
        kbus_message_t *message = take(listener);
        check_numbered(message, kbus_msg_data_ptr(message), place);
        kbus_msg_delete(&message);
    }
    CHECK_EQUAL(kbus_wait_within(sender, KBUS_KSOCK_WRITABLE, 10 * SECOND), KBUS_KSOCK_WRITABLE);
    kbus_message_t *message = take(listener);
    check_numbered(message, kbus_msg_data_ptr(message), 2);
    kbus_msg_delete(&message);
    CHECK_NOTHING(listener);
}

enum { MANY = 100000 };

static void *read_many(void *context) {
    kbus_ksock_t listener = *(kbus_ksock_t *)context;
    for (uint32_t expected = 0; expected < MANY;) {
        kbus_received_t *received[MOST];
        int count = kbus_receive_many_in_place(listener, -1, received, MOST);
        CHECK(count > 0);
        for (int place = 0; place < count; place++, expected++) {
            CHECK_EQUAL(*(const uint32_t *)kbus_received_message(received[place])->data, expected);
            kbus_received_release(received[place]);
        }
    }
    return NULL;
}

TEST("a reader that makes room all the time gets each message once, whoever sends those that wait") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    uint32_t most = 20, numbers[16];
    pthread_t reader;
    CHECK_EQUAL(kbus_ksock_max_messages(listener, &most), 0);
    CHECK_EQUAL(pthread_create(&reader, NULL, read_many, &listener), 0);
    for (uint32_t sent = 0; sent < MANY;) {
        int count = MANY - sent < 16 ? (int)(MANY - sent) : 16;
        for (int place = 0; place < count; place++) {
            numbers[place] = sent + (uint32_t)place;
            messages[place] = pointy("$.F", NULL);
            messages[place].data = &numbers[place];
            messages[place].data_len = sizeof numbers[place];
            messages[place].flags = KBUS_BIT_ALL_OR_WAIT;
            pointers[place] = &messages[place];
        }
        int result = kbus_send_many(sender, pointers, (size_t)count, NULL);
        if (result == -EAGAIN) CHECK_EQUAL(kbus_wait_within(sender, KBUS_KSOCK_WRITABLE, 10 * SECOND), KBUS_KSOCK_WRITABLE);
        else CHECK(result > 0);
        sent += result == -EAGAIN ? 1 : (uint32_t)result;
    }
    CHECK_EQUAL(pthread_join(reader, NULL), 0);
}
