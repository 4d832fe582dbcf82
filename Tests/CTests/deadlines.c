/* Calls with a time limit. No test says how long anything takes: only what came of it. */
#define _GNU_SOURCE
#include "bus.h"

#include <pthread.h>

static int elapsed(const struct timespec *since, int64_t least) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * SECOND + (now.tv_nsec - since->tv_nsec) >= least;
}

TEST("R-10: receive_within gives a message, or 0 when the time is up, not before") {
    kbus_ksock_t listener = new_listener("$.F");
    struct timespec start;
    kbus_message_t *message = NULL;
    CHECK_EQUAL(kbus_receive_within(listener, 0, &message), 0);
    clock_gettime(CLOCK_MONOTONIC, &start);
    CHECK_EQUAL(kbus_receive_within(listener, SECOND / 20, &message), 0);
    CHECK(elapsed(&start, SECOND / 20));
    announce(listener, "$.F", "data");
    CHECK_EQUAL(kbus_receive_within(listener, -1, &message), 1);
    check_entire(message, "$.F", "data", 4);
    kbus_msg_delete(&message);
}

TEST("wait_within says what the Ksock is ready for, or 0") {
    kbus_ksock_t listener = new_listener("$.F");
    CHECK_EQUAL(kbus_wait_within(listener, KBUS_KSOCK_READABLE, 0), 0);
    CHECK_EQUAL(kbus_wait_within(listener, KBUS_KSOCK_READABLE, SECOND / 100), 0);
    CHECK_EQUAL(kbus_wait_within(listener, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE, 0), KBUS_KSOCK_WRITABLE);
    announce(listener, "$.F", NULL);
    CHECK_EQUAL(kbus_wait_within(listener, KBUS_KSOCK_READABLE, INT64_MAX), KBUS_KSOCK_READABLE);
    CHECK_EQUAL(kbus_wait_within(listener, 3, -1), 3);
}

TEST("send_within that finds no room in time drops the message; nobody gets it") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_message_t message = pointy("$.F", "waits");
    kbus_msg_id_t id;
    message.flags = KBUS_BIT_ALL_OR_WAIT;
    fill_up(listener, sender, "$.F");
    CHECK_FAILS(kbus_send_within(sender, &message, 0, &id), ETIMEDOUT);
    CHECK_FAILS(kbus_send_within(sender, &message, SECOND / 100, &id), ETIMEDOUT);
    CHECK_FAILS(kbus_ksock_send(sender, &id), ENOMSG);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=1 data=filler>");
    CHECK_NOTHING(listener);
    message.flags = 0;
    CHECK_EQUAL(kbus_send_within(sender, &message, 0, &id), 0);
    CHECK_EQUAL(queued(listener), 1);
}

TEST("wait_until_sent waits with the message of that id, and with no other") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_msg_id_t id, other;
    fill_up(listener, sender, "$.F");
    CHECK_FAILS(try_to_send(sender, "$.F", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
    CHECK_FAILS(kbus_wait_until_sent(sender, &id, 0), ETIMEDOUT);
    CHECK_FAILS(kbus_ksock_send(sender, &other), ENOMSG);
    CHECK_FAILS(try_to_send(sender, "$.F", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
    other = (kbus_msg_id_t){0, id.serial_num - 1};
    CHECK_EQUAL(kbus_wait_until_sent(sender, &other, 0), 0);
    CHECK_FAILS(kbus_wait_until_sent(sender, NULL, 0), EFAULT);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=1 data=filler>");
    CHECK_EQUAL(kbus_wait_until_sent(sender, &id, 0), 0);
    CHECK_EQUAL(queued(listener), 1);
    CHECK_EQUAL(kbus_wait_until_sent(sender, &id, 0), 0);
    CHECK_FAILS(kbus_send_within(sender, NULL, 0, &id), EFAULT);
}

TEST("send_within with a Reply that its requester does not wait for any more says so") {
    kbus_ksock_t requester = new_ksock(), replier = new_replier("$.Q"), listener = new_listener("$.Q");
    kbus_message_t *request, *reply;
    kbus_msg_id_t id;
    uint32_t one = 1;
    CHECK_EQUAL(kbus_ksock_max_messages(listener, &one), 0);
    ask(requester, "$.Q", NULL);
    request = take(replier);
    CHECK_EQUAL(kbus_msg_create_reply_to(&reply, request, NULL, 0, KBUS_BIT_ALL_OR_WAIT), 0);
    CHECK_FAILS(kbus_ksock_send_msg(replier, reply, &id), EAGAIN);
    CHECK_EQUAL(kbus_ksock_close(requester), 0);
    CHECK_FAILS(kbus_wait_until_sent(replier, &id, 60 * SECOND), EADDRNOTAVAIL);
    kbus_msg_delete(&request);
    kbus_msg_delete(&reply);
}

static void *take_one(void *listener) {
    kbus_message_t *message = take(*(kbus_ksock_t *)listener);
    kbus_msg_delete(&message);
    return NULL;
}

/* Often, since the sender, the reader and the library's helper are to meet in every order: once a sender slept on when the helper
 * had sent its message before it. */
TEST("send_within waits until there is room") {
    for (int round = 0; round < 200; round++) {
        kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
        kbus_message_t message = pointy("$.F", "waits"), *next;
        kbus_msg_id_t id;
        pthread_t thread;
        message.flags = KBUS_BIT_ALL_OR_WAIT;
        fill_up(listener, sender, "$.F");
        CHECK_EQUAL(pthread_create(&thread, NULL, take_one, &listener), 0);
        CHECK_EQUAL(kbus_send_within(sender, &message, -1, &id), 0);
        CHECK_EQUAL(pthread_join(thread, NULL), 0);
        next = take(listener);
        CHECK_EQUAL(next->id.serial_num, id.serial_num);
        kbus_msg_delete(&next);
        CHECK_EQUAL(kbus_ksock_close(sender), 0);
        CHECK_EQUAL(kbus_ksock_close(listener), 0);
    }
}

/* A thread that answers so many Requests with their own data, and then ends. */
struct echo {
    kbus_ksock_t ksock;
    int count;
};

static void *answer_with_echo(void *given) {
    struct echo *echo = (struct echo *)given;
    for (int at = 0; at < echo->count; at++) {
        kbus_message_t *request, *reply;
        kbus_msg_id_t id;
        CHECK_EQUAL(kbus_receive_within(echo->ksock, 30 * SECOND, &request), 1);
        const void *data = kbus_msg_data_ptr(request);
        CHECK_EQUAL(kbus_msg_create_entire_reply_to(&reply, request, data, request->data_len, 0), 0);
        CHECK_EQUAL(kbus_ksock_send_msg(echo->ksock, reply, &id), 0);
        kbus_msg_delete(&reply);
        kbus_msg_delete(&request);
    }
    return NULL;
}

struct asker {
    kbus_ksock_t ksock;
    int number;
    int count;
};

static void *ask_for_echo(void *given) {
    struct asker *asker = (struct asker *)given;
    for (int at = 0; at < asker->count; at++) {
        char text[32];
        kbus_message_t request, *reply;
        snprintf(text, sizeof text, "%d asks %d", asker->number, at);
        request = pointy("$.Echo", text);
        request.flags = KBUS_BIT_WANT_A_REPLY;
        CHECK_EQUAL(kbus_request_within(asker->ksock, &request, 30 * SECOND, &reply), 0);
        check_entire(reply, "$.Echo", text, (uint32_t)strlen(text));
        CHECK(kbus_msg_is_reply(reply));
        kbus_msg_delete(&reply);
    }
    return NULL;
}

/* Two threads ask a third; each must get its own answers. */
static void check_two_askers(kbus_ksock_t first, kbus_ksock_t second) {
    enum { COUNT = 500 };
    struct echo echo = { new_replier("$.Echo"), 2 * COUNT };
    struct asker askers[2] = { { first, 1, COUNT }, { second, 2, COUNT } };
    pthread_t threads[3];
    CHECK_EQUAL(pthread_create(&threads[0], NULL, answer_with_echo, &echo), 0);
    for (int at = 0; at < 2; at++) {
        CHECK_EQUAL(pthread_create(&threads[at + 1], NULL, ask_for_echo, &askers[at]), 0);
    }
    for (int at = 0; at < 3; at++) CHECK_EQUAL(pthread_join(threads[at], NULL), 0);
    CHECK_NOTHING(first);
}

TEST("two threads that ask through one Ksock each get their own answers") {
    kbus_ksock_t ksock = new_ksock();
    check_two_askers(ksock, ksock);
}

TEST("two threads that ask through two Ksocks each get their own answers") {
    check_two_askers(new_ksock(), new_ksock());
}

TEST("request_within leaves other messages queued, in order") {
    kbus_ksock_t asker = new_listener("$.News");
    struct echo echo = { new_replier("$.Echo"), 1 };
    pthread_t thread;
    kbus_message_t request = pointy("$.Echo", "x"), *reply;
    request.flags = KBUS_BIT_WANT_A_REPLY;
    announce(asker, "$.News", "1");
    announce(asker, "$.News", "2");
    CHECK_EQUAL(pthread_create(&thread, NULL, answer_with_echo, &echo), 0);
    CHECK_EQUAL(kbus_request_within(asker, &request, 30 * SECOND, &reply), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(reply->in_reply_to.serial_num, 3);
    kbus_msg_delete(&reply);
    CHECK_NEXT(asker, "<Announcement '$.News' id=[0:1] from=1 data=1>");
    CHECK_NEXT(asker, "<Announcement '$.News' id=[0:2] from=1 data=2>");
    CHECK_NOTHING(asker);
}

TEST("an answer that comes after the time is up is refused, and does not turn up later") {
    kbus_ksock_t asker = new_ksock(), replier = new_replier("$.Q");
    kbus_message_t question = pointy("$.Q", NULL), nothing, *reply = &nothing, *late;
    kbus_msg_id_t id;
    question.flags = KBUS_BIT_WANT_A_REPLY;
    CHECK_FAILS(kbus_request_within(asker, &question, SECOND / 100, &reply), ETIMEDOUT);
    kbus_message_t *request = take(replier);
    CHECK_EQUAL(kbus_msg_create_reply_to(&late, request, NULL, 0, 0), 0);
    CHECK_FAILS(kbus_ksock_send_msg(replier, late, &id), ECONNREFUSED);
    kbus_msg_delete(&late);
    kbus_msg_delete(&request);
    CHECK_NOTHING(asker);
}

static void *close_when_asked(void *replier) {
    CHECK_EQUAL(kbus_wait_for_message(*(kbus_ksock_t *)replier, KBUS_KSOCK_READABLE), KBUS_KSOCK_READABLE);
    CHECK_EQUAL(kbus_ksock_close(*(kbus_ksock_t *)replier), 0);
    return NULL;
}

TEST("request_within gives the bus's answer when the Replier goes away, and fails at once when there is none") {
    kbus_ksock_t asker = new_ksock(), replier = new_replier("$.Q");
    kbus_message_t question = pointy("$.Q", NULL), *reply;
    pthread_t thread;
    question.flags = KBUS_BIT_WANT_A_REPLY;
    CHECK_EQUAL(pthread_create(&thread, NULL, close_when_asked, &replier), 0);
    CHECK_EQUAL(kbus_request_within(asker, &question, -1, &reply), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    check_entire(reply, KBUS_MSG_NAME_REPLIER_GONEAWAY, NULL, 0);
    kbus_msg_delete(&reply);
    CHECK_FAILS(kbus_request_within(asker, &question, -1, &reply), EADDRNOTAVAIL);
}

static void *bind_replier(void *ksock) {
    CHECK_EQUAL(kbus_ksock_bind(*(kbus_ksock_t *)ksock, "$.Q", 1), 0);
    return NULL;
}

TEST("wait_for_replier waits until there is one, and tells its id") {
    kbus_ksock_t asker = new_ksock(), replier = new_ksock();
    uint32_t id = 0;
    pthread_t thread;
    CHECK_FAILS(kbus_wait_for_replier(asker, "$.Q", 0, &id), ETIMEDOUT);
    CHECK_FAILS(kbus_wait_for_replier(asker, "$.Q", SECOND / 100, &id), ETIMEDOUT);
    CHECK_EQUAL(pthread_create(&thread, NULL, bind_replier, &replier), 0);
    CHECK_EQUAL(kbus_wait_for_replier(asker, "$.Q", -1, &id), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(id, ksock_id(replier));
    CHECK_EQUAL(kbus_ksock_bind(replier, "$.W.*", 1), 0);
    CHECK_EQUAL(kbus_wait_for_replier(asker, "$.W.any", 0, &id), 0);
    CHECK_EQUAL(id, ksock_id(replier));
}

TEST("any spin budget is taken, and messages still arrive") {
    kbus_ksock_t listener = new_listener("$.F");
    const int64_t budgets[] = { 0, 1, SECOND / 1000, -1 };
    for (int at = 0; at < 4; at++) {
        kbus_message_t *message;
        CHECK_EQUAL(kbus_set_spin_budget(listener, budgets[at]), 0);
        announce(listener, "$.F", NULL);
        CHECK_EQUAL(kbus_receive_within(listener, SECOND, &message), 1);
        kbus_msg_delete(&message);
    }
}
