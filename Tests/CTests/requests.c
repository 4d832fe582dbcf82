/* Requests that are begun, and whose answers are taken later. */
#define _GNU_SOURCE
#include "bus.h"

#include <poll.h>
#include <pthread.h>

static uint32_t begin(kbus_ksock_t ksock, const char *name, uint32_t flags) {
    kbus_message_t request = pointy(name, NULL);
    kbus_msg_id_t id = { 9, 9 };
    request.flags = flags;
    CHECK_EQUAL(kbus_request_begin(ksock, &request, &id), 0);
    CHECK_EQUAL(id.network_id, 0);
    return id.serial_num;
}

/* Takes an answer, which is to be to this request. */
static void check_answered(kbus_ksock_t ksock, int64_t timeout_ns, uint32_t serial, const char *name) {
    kbus_message_t *reply = NULL;
    CHECK_EQUAL(kbus_request_answer(ksock, timeout_ns, &reply), 1);
    CHECK_EQUAL(reply->in_reply_to.serial_num, serial);
    CHECK_TEXT(kbus_msg_name_ptr(reply), name);
    kbus_msg_delete(&reply);
}

static void check_not_answered(kbus_ksock_t ksock, int64_t timeout_ns) {
    kbus_message_t *reply = (kbus_message_t *)(void *)&reply;
    CHECK_EQUAL(kbus_request_answer(ksock, timeout_ns, &reply), 0);
    CHECK(reply == NULL);
}

static uint32_t outstanding(kbus_ksock_t ksock) {
    kbus_counters_t counters;
    CHECK_EQUAL(kbus_ksock_counters(ksock, &counters, sizeof counters), 0);
    return counters.outstanding;
}

static int is_readable(int descriptor) {
    struct pollfd entry = { .fd = descriptor, .events = POLLIN };
    return poll(&entry, 1, 0) == 1;
}

TEST("answers are taken as they come, from among other messages, and say which Request they are to") {
    kbus_ksock_t asker = new_listener("$.News"), replier = new_replier("$.Q");
    check_not_answered(asker, -1);
    uint32_t first = begin(asker, "$.Q", 0), second = begin(asker, "$.Q", KBUS_BIT_WANT_A_REPLY);
    check_not_answered(asker, 0);
    check_not_answered(asker, SECOND / 1000);
    kbus_message_t *requests[] = { take(replier), take(replier) };
    announce(replier, "$.News", "stays");
    answer(replier, requests[1], NULL);
    check_answered(asker, 0, second, "$.Q");
    check_not_answered(asker, 0);
    answer(replier, requests[0], NULL);
    check_answered(asker, -1, first, "$.Q");
    check_not_answered(asker, -1);
    CHECK_EQUAL(queued(asker), 1);
    kbus_message_t *news = take(asker);
    CHECK_TEXT(kbus_msg_name_ptr(news), "$.News");
    kbus_msg_delete(&news);
    for (int i = 0; i < 2; i++) kbus_msg_delete(&requests[i]);
}

TEST("no other call returns the answer, and the descriptor tells that it has come") {
    kbus_ksock_t asker = new_ksock(), replier = new_replier("$.Q");
    kbus_message_t *message;
    for (int handed_over = 0; handed_over < 2; handed_over++) {
        uint32_t serial = begin(asker, "$.Q", 0);
        message = take(replier);
        CHECK(!is_readable(asker));
        answer(replier, message, NULL);
        kbus_msg_delete(&message);
        CHECK(is_readable(asker));
        if (handed_over) CHECK_EQUAL(kbus_receive_within(asker, 0, &message), 0);
        check_answered(asker, 0, serial, "$.Q");
        CHECK(!is_readable(asker));
    }
}

TEST("the bus answers a Request that was begun when its Replier goes") {
    kbus_ksock_t asker = new_ksock(), replier = new_replier("$.Q");
    uint32_t serial = begin(asker, "$.Q", 0);
    CHECK_EQUAL(kbus_ksock_close(replier), 0);
    check_answered(asker, -1, serial, KBUS_MSG_NAME_REPLIER_GONEAWAY);
}

TEST("a late answer to a withdrawn Request is refused, and the place kept for it is given back") {
    kbus_ksock_t asker = new_ksock(), replier = new_replier("$.Q");
    kbus_message_t *request, *reply;
    kbus_msg_id_t id = { 0, begin(asker, "$.Q", 0) };
    request = take(replier);
    CHECK_EQUAL(outstanding(asker), 1);
    CHECK_EQUAL(kbus_request_withdraw(asker, &id, &reply), 0);
    CHECK(reply == NULL);
    CHECK_EQUAL(outstanding(asker), 0);
    CHECK_EQUAL(kbus_msg_create_reply_to(&reply, request, NULL, 0, 0), 0);
    CHECK_FAILS(kbus_ksock_send_msg(replier, reply, &id), ECONNREFUSED);
    kbus_msg_delete(&reply);
    kbus_msg_delete(&request);
    check_not_answered(asker, -1);
}

TEST("an answer that has come before its Request is withdrawn is returned") {
    kbus_ksock_t asker = new_ksock(), replier = new_replier("$.Q");
    kbus_message_t *request, *reply;
    kbus_msg_id_t id = { 0, begin(asker, "$.Q", 0) };
    request = take(replier);
    answer(replier, request, "in time");
    kbus_msg_delete(&request);
    CHECK_EQUAL(kbus_request_withdraw(asker, &id, &reply), 1);
    CHECK_EQUAL(reply->in_reply_to.serial_num, id.serial_num);
    kbus_msg_delete(&reply);
    check_not_answered(asker, -1);
}

TEST("a Request that waits for room has begun, and is answered when there is some, or refused when there is nobody any more") {
    kbus_ksock_t asker = new_ksock(), replier = new_replier("$.Q"), sender = new_ksock();
    kbus_message_t *message;
    for (int refused = 0; refused < 2; refused++) {
        uint32_t most = 1;
        CHECK_EQUAL(kbus_ksock_max_messages(replier, &most), 0);
        ask(sender, "$.Q", NULL);
        uint32_t serial = begin(asker, "$.Q", KBUS_BIT_ALL_OR_WAIT);
        check_not_answered(asker, 0);
        if (refused) {
            CHECK_EQUAL(kbus_ksock_close(replier), 0);
            check_answered(asker, 60 * SECOND, serial, KBUS_MSG_NAME_REPLIER_DISAPPEARED);
        } else {
            message = take(replier);
            answer(replier, message, NULL);
            kbus_msg_delete(&message);
            CHECK_EQUAL(kbus_wait_for_message(replier, KBUS_KSOCK_READABLE), KBUS_KSOCK_READABLE);
            message = take(replier);
            answer(replier, message, NULL);
            kbus_msg_delete(&message);
            check_answered(asker, 60 * SECOND, serial, "$.Q");
        }
    }
}

struct waiter {
    kbus_ksock_t ksock;
    int expected;
};

static void *wait_for_answer(void *place) {
    struct waiter *waiter = place;
    kbus_message_t *reply;
    about_to_wait();
    int result = kbus_request_answer(waiter->ksock, -1, &reply);
    CHECK_EQUAL(result, waiter->expected);
    if (result == 1) kbus_msg_delete(&reply);
    return NULL;
}

TEST("who sleeps is woken by the answer to a Request that was begun meanwhile") {
    struct waiter waiter = { new_ksock(), 1 };
    kbus_ksock_t replier = new_replier("$.Q");
    pthread_t thread;
    begin(waiter.ksock, "$.Q", 0);
    CHECK_EQUAL(pthread_create(&thread, NULL, wait_for_answer, &waiter), 0);
    until_waiter_sleeps();
    begin(waiter.ksock, "$.Q", 0);
    kbus_message_t *requests[] = { take(replier), take(replier) };
    answer(replier, requests[1], NULL);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(outstanding(waiter.ksock), 1);
    for (int i = 0; i < 2; i++) kbus_msg_delete(&requests[i]);
}

TEST("who sleeps is told when no Request is left, and when the Ksock is closed") {
    struct waiter waiter = { new_ksock(), 0 };
    kbus_ksock_t replier = new_replier("$.Q");
    kbus_message_t *reply;
    pthread_t threads[2];
    for (int closing = 0; closing < 2; closing++) {
        waiter.expected = closing ? -EBADF : 0;
        kbus_msg_id_t id = { 0, begin(waiter.ksock, "$.Q", 0) };
        CHECK_EQUAL(pthread_create(&threads[closing], NULL, wait_for_answer, &waiter), 0);
        until_waiter_sleeps();
        if (closing) CHECK_EQUAL(kbus_ksock_close(waiter.ksock), 0);
        else CHECK_EQUAL(kbus_request_withdraw(waiter.ksock, &id, &reply), 0);
        CHECK_EQUAL(pthread_join(threads[closing], NULL), 0);
    }
    CHECK_EQUAL(kbus_ksock_close(replier), 0);
}

TEST("beginning fails as sending does, and wants addresses") {
    kbus_ksock_t asker = new_ksock();
    kbus_message_t request = pointy("$.Nobody", NULL), *reply;
    kbus_msg_id_t id;
    CHECK_FAILS(kbus_request_begin(asker, &request, &id), EADDRNOTAVAIL);
    CHECK_FAILS(kbus_request_begin(asker, NULL, &id), EFAULT);
    CHECK_FAILS(kbus_request_begin(asker, &request, NULL), EFAULT);
    CHECK_FAILS(kbus_request_begin(-1, &request, &id), EBADF);
    CHECK_FAILS(kbus_request_answer(asker, 0, NULL), EFAULT);
    CHECK_FAILS(kbus_request_withdraw(asker, NULL, &reply), EFAULT);
    CHECK_FAILS(kbus_request_withdraw(asker, &id, NULL), EFAULT);
}
