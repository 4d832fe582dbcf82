/* A process with as many Ksocks as it may have descriptors for. */
#define _GNU_SOURCE
#include "bus.h"

#include <poll.h>
#include <sys/resource.h>
#include <time.h>

TEST("A-16: 1001 Ksocks open at a limit of 1024 descriptors, and again when they are closed") {
    enum { MANY = 1001 };
    static kbus_ksock_t ksocks[MANY];
    struct rlimit limit;
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 1024;
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int round = 0; round < 2; round++) {
        for (int at = 0; at < MANY; at++) {
            ksocks[at] = new_ksock();
            CHECK_EQUAL(ksock_id(ksocks[at]), round * MANY + at + 1);
        }
        for (int at = 0; at < MANY; at++) CHECK_EQUAL(kbus_ksock_bind(ksocks[at], "$.F", 0), 0);
        uint32_t serial = announce(ksocks[0], "$.F", "data");
        for (int at = 0; at < MANY; at++) {
            struct pollfd entry = { ksocks[at], POLLIN, 0 };
            CHECK_EQUAL(poll(&entry, 1, 0), 1);
            kbus_message_t *message = take(ksocks[at]);
            CHECK_EQUAL(message->id.serial_num, serial);
            kbus_msg_delete(&message);
        }
        for (int at = 0; at < MANY; at++) CHECK_EQUAL(kbus_ksock_close(ksocks[at]), 0);
    }
}

TEST("a process that has no descriptor left is told EMFILE, and can go on when it has") {
    static kbus_ksock_t ksocks[64];
    struct rlimit before, limit;
    int count = 0;
    CHECK_EQUAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = (struct rlimit){ 40, before.rlim_max };
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (count < 64 && (ksocks[count] = kbus_ksock_open(0, O_RDWR)) >= 0) count++;
    CHECK(count > 0 && count < 40);
    CHECK_EQUAL(ksocks[count], -EMFILE);
    CHECK_EQUAL(errno, EMFILE);
    CHECK_EQUAL(kbus_ksock_close(ksocks[0]), 0);
    /* The library's thread may have use for the one that is free, for a moment. */
    kbus_ksock_t again = -EMFILE;
    for (time_t end = time(NULL) + 60; again == -EMFILE && time(NULL) < end;) again = kbus_ksock_open(0, O_RDWR);
    CHECK(again >= 0);
    /* A sanitizer, too, needs descriptors for its last words. */
    CHECK_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
}
