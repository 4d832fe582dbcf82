/* Several threads, or a thread and the library's helper, at one Ksock. */
#define _GNU_SOURCE
#include "bus.h"

#include <pthread.h>

static kbus_message_t waiting_request(void) {
    kbus_message_t request = pointy("$.Q", NULL);
    request.flags = KBUS_BIT_WANT_A_REPLY | KBUS_BIT_ALL_OR_WAIT;
    return request;
}

static void *ask_and_be_told(void *ksock) {
    kbus_message_t request = waiting_request(), *answer;
    about_to_wait();
    CHECK_EQUAL(kbus_request_within(*(kbus_ksock_t *)ksock, &request, -1, &answer), 0);
    CHECK_TEXT(kbus_msg_name_ptr(answer), KBUS_MSG_NAME_REPLIER_DISAPPEARED);
    kbus_msg_delete(&answer);
    return NULL;
}

TEST("request_within is told when its Replier goes away while the Request waits for room") {
    kbus_ksock_t asker = new_ksock(), replier = new_replier("$.Q"), sender = new_ksock();
    pthread_t thread;
    CHECK_EQUAL(kbus_ksock_bind(replier, "$.Q", 0), 0);
    fill_up(replier, sender, "$.Q");
    CHECK_EQUAL(pthread_create(&thread, NULL, ask_and_be_told, &asker), 0);
    until_waiter_sleeps();
    CHECK_EQUAL(kbus_ksock_close(replier), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
}

TEST("what comes of a waiting Request while the program is in poll is told by receive_within too") {
    kbus_ksock_t asker = new_ksock(), replier = new_replier("$.Q"), sender = new_ksock();
    kbus_message_t request = waiting_request(), *answer;
    kbus_msg_id_t id;
    CHECK_EQUAL(kbus_ksock_bind(replier, "$.Q", 0), 0);
    fill_up(replier, sender, "$.Q");
    CHECK_FAILS(kbus_ksock_send_msg(asker, &request, &id), EAGAIN);
    CHECK_EQUAL(kbus_ksock_close(replier), 0);
    CHECK_EQUAL(kbus_receive_within(asker, 60 * SECOND, &answer), 1);
    CHECK_TEXT(kbus_msg_name_ptr(answer), KBUS_MSG_NAME_REPLIER_DISAPPEARED);
    CHECK_EQUAL(answer->in_reply_to.serial_num, id.serial_num);
    kbus_msg_delete(&answer);
}

static void *send_and_wait(void *ksock) {
    kbus_message_t message = pointy("$.F", "of the thread");
    kbus_msg_id_t id;
    message.flags = KBUS_BIT_ALL_OR_WAIT;
    about_to_wait();
    CHECK_EQUAL(kbus_send_within(*(kbus_ksock_t *)ksock, &message, -1, &id), 0);
    return NULL;
}

TEST("send_within returns when its message is sent, although another of its Ksock waits by then") {
    kbus_ksock_t shared = new_ksock(), listener = new_listener("$.F"), sender = new_ksock();
    kbus_msg_id_t id;
    pthread_t thread;
    fill_up(listener, sender, "$.F");
    CHECK_EQUAL(pthread_create(&thread, NULL, send_and_wait, &shared), 0);
    until_waiter_sleeps();
    kbus_message_t *message = take(listener);
    kbus_msg_delete(&message);
    /* The helper may be at it still. */
    while (try_to_send(shared, "$.F", KBUS_BIT_ALL_OR_WAIT, &id) != -EAGAIN || id.serial_num == 0) {}
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    message = take(listener);
    CHECK_EQUAL(message->data_len, strlen("of the thread"));
    kbus_msg_delete(&message);
    CHECK_EQUAL(kbus_wait_until_sent(shared, &id, 60 * SECOND), 0);
    CHECK_EQUAL(queued(listener), 1);
}

TEST("send does not send what another call has waiting in place of what was written") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_message_t written = pointy("$.F", "written"), waiting = pointy("$.F", "waiting"), *message;
    kbus_loan_t *loan;
    kbus_msg_id_t id;
    CHECK_EQUAL(kbus_ksock_write_msg(sender, &written), 0);
    fill_up(listener, new_ksock(), "$.F");
    waiting.flags = KBUS_BIT_ALL_OR_WAIT;
    CHECK_EQUAL(kbus_loan_make(sender, &waiting, &loan), 0);
    CHECK_FAILS(kbus_loan_send(loan, &id), EAGAIN);
    CHECK_FAILS(kbus_ksock_send(sender, NULL), EALREADY);
    message = take(listener);
    kbus_msg_delete(&message);
    CHECK_EQUAL(kbus_wait_until_sent(sender, &id, 60 * SECOND), 0);
    message = take(listener);
    CHECK_EQUAL(message->id.serial_num, id.serial_num);
    kbus_msg_delete(&message);
    CHECK_EQUAL(kbus_ksock_send_msg(sender, &written, &id), 0);
    CHECK_EQUAL(queued(listener), 1);
}

static void *wait_for_nobody(void *ksock) {
    uint32_t id;
    about_to_wait();
    CHECK_FAILS(kbus_wait_for_replier(*(kbus_ksock_t *)ksock, "$.Nobody", -1, &id), EBADF);
    return NULL;
}

TEST("wait_for_replier ends when its Ksock is closed") {
    kbus_ksock_t ksock = new_ksock();
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, NULL, wait_for_nobody, &ksock), 0);
    until_waiter_sleeps();
    CHECK_EQUAL(kbus_ksock_close(ksock), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
}
