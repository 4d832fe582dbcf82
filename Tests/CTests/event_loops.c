/* The fast descriptor, and waiting for several Ksocks. */
#define _GNU_SOURCE
#include "bus.h"

#include <poll.h>
#include <pthread.h>

static int is_readable(int descriptor) {
    struct pollfd entry = { .fd = descriptor, .events = POLLIN };
    return poll(&entry, 1, 0) == 1 && entry.revents == POLLIN;
}

static void take_and_drop(kbus_ksock_t ksock) {
    kbus_message_t *message = NULL;
    CHECK_EQUAL(kbus_receive_within(ksock, 0, &message), 1);
    kbus_msg_delete(&message);
}

/* As a loop does when it is woken. */
static int take_all(kbus_ksock_t ksock) {
    kbus_message_t *message;
    int count = 0;
    for (; kbus_receive_within(ksock, 0, &message) == 1; count++) kbus_msg_delete(&message);
    return count;
}

TEST("the fast descriptor is readable from a message until none is found; the Ksock itself tells of room only") {
    kbus_ksock_t listener = new_listener("$.F");
    announce(listener, "$.F", NULL);
    int fast = kbus_ksock_fast_descriptor(listener);
    struct pollfd entry = { .fd = listener, .events = POLLIN | POLLOUT };
    CHECK(fast >= 0 && fast != listener);
    CHECK_EQUAL(kbus_ksock_fast_descriptor(listener), fast);
    CHECK(is_readable(fast));
    CHECK_EQUAL(poll(&entry, 1, 0), 1);
    CHECK_EQUAL(entry.revents, POLLOUT);
    CHECK_EQUAL(take_all(listener), 1);
    for (int i = 0; i < 3; i++) {
        CHECK(!is_readable(fast));
        announce(listener, "$.F", NULL);
        announce(listener, "$.F", NULL);
        take_and_drop(listener);
        CHECK(is_readable(fast));
        CHECK_EQUAL(take_all(listener), 1);
    }
    CHECK(!is_readable(fast));
    CHECK_EQUAL(kbus_ksock_close(listener), 0);
    CHECK_EQUAL(fcntl(fast, F_GETFD), -1);
}

TEST("a Ksock that only writes has no fast descriptor") {
    kbus_ksock_t writer = kbus_ksock_open(0, O_WRONLY);
    CHECK_FAILS(kbus_ksock_fast_descriptor(writer), EBADF);
    CHECK_FAILS(kbus_ksock_fast_descriptor(-1), EBADF);
}

static void *announce_later(void *ksock) {
    announce(*(kbus_ksock_t *)ksock, "$.G", NULL);
    return NULL;
}

TEST("wait_any says which Ksocks are ready, and for what") {
    kbus_ksock_t ksocks[] = { new_listener("$.F"), new_listener("$.G"), new_listener("$.*") };
    int ready[] = { 9, 9, 9 };
    pthread_t thread;
    CHECK_EQUAL(kbus_wait_any(ksocks, 3, KBUS_KSOCK_READABLE, 0, ready), 0);
    CHECK(ready[0] == 0 && ready[1] == 0 && ready[2] == 0);
    CHECK_EQUAL(kbus_wait_any(ksocks, 3, KBUS_KSOCK_READABLE, SECOND / 100, ready), 0);
    CHECK_EQUAL(kbus_wait_any(ksocks, 3, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE, -1, ready), 3);
    CHECK(ready[0] == KBUS_KSOCK_WRITABLE && ready[2] == KBUS_KSOCK_WRITABLE);
    CHECK_EQUAL(kbus_wait_any(ksocks, 1, KBUS_KSOCK_READABLE, 0, ready), 0);
    CHECK_EQUAL(pthread_create(&thread, NULL, announce_later, &ksocks[0]), 0);
    CHECK(kbus_wait_any(ksocks, 3, KBUS_KSOCK_READABLE, -1, ready) > 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(kbus_wait_any(ksocks, 3, KBUS_KSOCK_READABLE, -1, ready), 2);
    CHECK(ready[0] == 0 && ready[1] == KBUS_KSOCK_READABLE && ready[2] == KBUS_KSOCK_READABLE);
}

struct waiter {
    kbus_ksock_t ksocks[2];
    int ready[2];
};

static void *wait_for_two(void *place) {
    struct waiter *waiter = place;
    about_to_wait();
    CHECK_EQUAL(kbus_wait_any(waiter->ksocks, 2, KBUS_KSOCK_READABLE, 60 * SECOND, waiter->ready), 1);
    return NULL;
}

/* The waiter sleeps when the message is sent, on the bus of one of its two Ksocks. */
static void check_wakes(int which) {
    struct waiter waiter = { { new_listener("$.F"), -1 }, { 9, 9 } };
    pthread_t thread;
    CHECK_EQUAL(kbus_bus_create(1, NULL), 0);
    CHECK((waiter.ksocks[1] = kbus_ksock_open(1, O_RDWR)) >= 0);
    CHECK_EQUAL(kbus_ksock_bind(waiter.ksocks[1], "$.F", 0), 0);
    kbus_ksock_t sender = kbus_ksock_open((uint32_t)which, O_RDWR);
    CHECK(sender >= 0);
    CHECK_EQUAL(pthread_create(&thread, NULL, wait_for_two, &waiter), 0);
    until_waiter_sleeps();
    announce(sender, "$.F", "wake up");
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    CHECK_EQUAL(waiter.ready[which], KBUS_KSOCK_READABLE);
    CHECK_EQUAL(waiter.ready[1 - which], 0);
    CHECK_EQUAL(take_all(waiter.ksocks[which]), 1);
}

TEST("wait_any of two buses is woken by a message on the first") { check_wakes(0); }

TEST("wait_any of two buses is woken by a message on the second") { check_wakes(1); }

TEST("wait_any of nothing, or of what is no Ksock") {
    kbus_ksock_t ksocks[] = { new_ksock(), -1 };
    int ready[2];
    CHECK_FAILS(kbus_wait_any(ksocks, 0, KBUS_KSOCK_READABLE, 0, ready), EINVAL);
    CHECK_FAILS(kbus_wait_any(ksocks, 1, 0, 0, ready), EINVAL);
    CHECK_FAILS(kbus_wait_any(ksocks, 2, KBUS_KSOCK_READABLE, 0, ready), EBADF);
    CHECK_FAILS(kbus_wait_any(NULL, 1, KBUS_KSOCK_READABLE, 0, ready), EFAULT);
}
