/* Error texts, counters, listings, and buses made and removed. */
#define _GNU_SOURCE
#include "bus.h"

#include <pthread.h>

TEST("a failure says what was found and what to do, with the value") {
    kbus_ksock_t ksock = new_ksock();
    kbus_msg_id_t id;
    CHECK_TEXT(kbus_last_error(), "");
    CHECK_TEXT(kbus_last_remedy(), "");
    CHECK_FAILS(try_to_send(ksock, "$.Nobody", KBUS_BIT_WANT_A_REPLY, &id), EADDRNOTAVAIL);
    CHECK(strstr(kbus_last_error(), "$.Nobody") != NULL);
    CHECK(strlen(kbus_last_remedy()) > 10);
    CHECK_FAILS(kbus_ksock_bind(ksock, "$.bad!", 0), EBADMSG);
    CHECK(strstr(kbus_last_error(), "$.Nobody") == NULL);
    CHECK(strlen(kbus_last_error()) > 10);
}

static void *fails_elsewhere(void *ksock) {
    CHECK_TEXT(kbus_last_error(), "");
    CHECK_FAILS(kbus_ksock_unbind(*(kbus_ksock_t *)ksock, "$.Other", 0), EINVAL);
    CHECK(strstr(kbus_last_error(), "$.Other") != NULL);
    return NULL;
}

TEST("each thread has its own last error, which a success leaves alone") {
    kbus_ksock_t ksock = new_ksock();
    pthread_t thread;
    char first[512];
    CHECK_FAILS(kbus_ksock_unbind(ksock, "$.Mine", 0), EINVAL);
    snprintf(first, sizeof first, "%s", kbus_last_error());
    CHECK(strstr(first, "$.Mine") != NULL);
    CHECK_EQUAL(pthread_create(&thread, NULL, fails_elsewhere, &ksock), 0);
    CHECK_EQUAL(pthread_join(thread, NULL), 0);
    announce(ksock, "$.F", NULL);
    CHECK_TEXT(kbus_last_error(), first);
}

TEST("every failure has a text of its own and a remedy") {
    kbus_ksock_t ksock = new_replier("$.Q");
    kbus_msg_id_t id;
    char before[512] = "";
    for (int which = 0; which < 8; which++) {
        int result = 0;
        uint32_t value = 99;
        kbus_message_t *message;
        if (which == 0) result = kbus_ksock_send(ksock, &id);
        if (which == 1) result = kbus_ksock_bind(ksock, "$.Q", 1);
        if (which == 2) result = kbus_ksock_bind(ksock, "x", 0);
        if (which == 3) result = kbus_ksock_max_message_size(ksock, &value);
        if (which == 4) result = kbus_ksock_id(-1, &value);
        if (which == 5) result = kbus_ksock_open(200, O_RDWR);
        if (which == 6) result = kbus_ksock_read_msg(ksock, &message, 10);
        if (which == 7) result = kbus_bus_create(0, NULL);
        CHECK(result < 0);
        CHECK(strlen(kbus_last_error()) > 0 && strlen(kbus_last_remedy()) > 0);
        CHECK(strcmp(kbus_last_error(), before) != 0);
        snprintf(before, sizeof before, "%s", kbus_last_error());
    }
}

static kbus_counters_t counters_of(kbus_ksock_t ksock) {
    kbus_counters_t counters;
    memset(&counters, 0xFF, sizeof counters);
    CHECK_EQUAL(kbus_ksock_counters(ksock, &counters, sizeof counters), 0);
    return counters;
}

TEST("counters count") {
    kbus_ksock_t sender = new_ksock(), replier = new_replier("$.Q"), listener = new_listener("$.F");
    kbus_counters_t counters = counters_of(sender);
    CHECK_EQUAL(counters.queued | counters.set_aside | counters.outstanding | counters.unreplied, 0);
    CHECK_EQUAL(counters.max_messages, 100);
    CHECK_EQUAL(counters.missed | counters.bus_recoveries | counters.bus_lock_stalls, 0);
    ask(sender, "$.Q", NULL);
    ask(sender, "$.Q", NULL);
    kbus_message_t *request = take(replier);
    fill_up(listener, sender, "$.F");
    for (int count = 0; count < 3; count++) announce(sender, "$.F", NULL);
    counters = counters_of(sender);
    CHECK_EQUAL(counters.outstanding, 2);
    CHECK_EQUAL(counters.outstanding_max, 2);
    counters = counters_of(replier);
    CHECK_EQUAL(counters.queued, 1);
    CHECK_EQUAL(counters.unreplied, 1);
    counters = counters_of(listener);
    CHECK_EQUAL(counters.queued, 1);
    CHECK_EQUAL(counters.max_messages, 1);
    CHECK_EQUAL(counters.missed, 3);
    CHECK_EQUAL(counters.newly_missed, 3);
    CHECK_EQUAL(counters.most_queued, 1);
    CHECK(counters.oldest_unread_ns > 0);
    answer(replier, request, NULL);
    kbus_msg_delete(&request);
    counters = counters_of(sender);
    CHECK_EQUAL(counters.outstanding, 1);
    CHECK_EQUAL(counters.outstanding_max, 2);
    CHECK_EQUAL(counters_of(replier).unreplied, 0);
}

TEST("who missed messages is told of the gap once, whoever else looks at the counters") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    uint64_t count = 9;
    CHECK_EQUAL(kbus_ksock_newly_missed(listener, &count), 0);
    CHECK_EQUAL(count, 0);
    fill_up(listener, sender, "$.F");
    for (int sent = 0; sent < 3; sent++) announce(sender, "$.F", NULL);
    for (int times = 0; times < 2; times++) CHECK_EQUAL(counters_of(listener).newly_missed, 3);
    CHECK_EQUAL(kbus_ksock_newly_missed(listener, &count), 0);
    CHECK_EQUAL(count, 3);
    CHECK_EQUAL(kbus_ksock_newly_missed(listener, &count), 0);
    CHECK_EQUAL(count, 0);
    announce(sender, "$.F", NULL);
    CHECK_EQUAL(counters_of(listener).newly_missed, 1);
    CHECK_EQUAL(counters_of(listener).missed, 4);
    CHECK_EQUAL(kbus_ksock_newly_missed(listener, &count), 0);
    CHECK_EQUAL(count, 1);
    CHECK_FAILS(kbus_ksock_newly_missed(listener, NULL), EFAULT);
    CHECK_FAILS(kbus_ksock_newly_missed(-1, &count), EBADF);
}

TEST("counters tell how often memory of the bus was used up") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_msg_id_t id;
    uint32_t most = 100000;
    CHECK_EQUAL(kbus_ksock_max_messages(listener, &most), 0);
    CHECK_EQUAL(counters_of(sender).bus_pool_exhaustions, 0);
    while (try_to_send(sender, "$.F", 0, &id) == 0) {}
    CHECK_EQUAL(errno, ENOMEM);
    CHECK_EQUAL(counters_of(sender).bus_pool_exhaustions, 1);
    CHECK_EQUAL(counters_of(listener).bus_pool_exhaustions, 1);
}

TEST("a program built for fewer counters gets no more than it has room for") {
    kbus_ksock_t ksock = new_ksock();
    struct {
        uint32_t queued, max_messages, behind;
    } old = { 9, 9, 9 };
    CHECK_EQUAL(kbus_ksock_counters(ksock, (kbus_counters_t *)(void *)&old, 8), 0);
    CHECK_EQUAL(old.queued, 0);
    CHECK_EQUAL(old.max_messages, 100);
    CHECK_EQUAL(old.behind, 9);
}

TEST("B-27, B-28: bindings are listed as the original lists them, the newest first") {
    kbus_ksock_t first = new_listener("$.A"), second = new_replier("$.B");
    const char *head = "# <device> is bound to <Ksock-ID> in <process-PID> as <Replier|Listener> for <message-name>\n";
    char expected[512], *text = NULL;
    unsigned long process = (unsigned long)getpid();
    snprintf(expected, sizeof expected, "%s%3u: %8u %8lu  %c  %s\n%3u: %8u %8lu  %c  %s\n", head,
             0, 2, process, 'R', "$.B", 0, 1, process, 'L', "$.A");
    CHECK_EQUAL(kbus_list_bindings(0, &text), 0);
    CHECK_TEXT(text, expected);
    free(text);
    CHECK_EQUAL(kbus_ksock_close(first), 0);
    CHECK_EQUAL(kbus_ksock_close(second), 0);
    CHECK_EQUAL(kbus_list_bindings(-1, &text), 0);
    CHECK_TEXT(text, head);
    free(text);
    CHECK_FAILS(kbus_list_bindings(77, &text), ENOENT);
}

TEST("T-05: statistics are listed as the original lists them, the newest Ksock first") {
    for (int count = 0; count < 3; count++) new_ksock();
    char *text = NULL;
    CHECK_EQUAL(kbus_list_statistics(0, &text), 0);
    CHECK(strstr(text, "dev  0: next ksock 4 next msg 0 unsent unbindings 0\n") == text);
    char *third = strstr(text, "    ksock 3 last msg 0:0 queue 0 of 100\n");
    char *second = strstr(text, "    ksock 2 last msg 0:0 queue 0 of 100\n");
    char *first = strstr(text, "    ksock 1 last msg 0:0 queue 0 of 100\n");
    CHECK(third != NULL && third < second && second < first);
    free(text);
    CHECK_FAILS(kbus_list_statistics(77, &text), ENOENT);
}

TEST("a bus is made with options, and removed; those who have it open keep it") {
    CHECK_EQUAL(kbus_bus_create(7, "--max-message-size 409600"), 0);
    CHECK_FAILS(kbus_bus_create(7, NULL), EEXIST);
    kbus_ksock_t ksock = kbus_ksock_open(7, O_RDWR);
    uint32_t most = 1;
    CHECK_EQUAL(kbus_ksock_max_message_size(ksock, &most), 0);
    CHECK_EQUAL(most, 409600);
    CHECK_EQUAL(kbus_bus_remove(7), 0);
    CHECK_FAILS(kbus_bus_remove(7), ENOENT);
    CHECK_FAILS(kbus_ksock_open(7, O_RDWR), ENOENT);
    CHECK_EQUAL(kbus_ksock_bind(ksock, "$.F", 0), 0);
    announce(ksock, "$.F", "alone");
    CHECK_NEXT(ksock, "<Announcement '$.F' id=[0:1] from=1 data=alone>");
}

TEST("options and numbers of buses that make no sense are EINVAL") {
    CHECK_FAILS(kbus_bus_create(3, "--no-such-option 1"), EINVAL);
    CHECK_FAILS(kbus_bus_create(3, "--max-ksocks"), EINVAL);
    CHECK_FAILS(kbus_bus_create(3, "--max-ksocks many"), EINVAL);
    CHECK_FAILS(kbus_bus_create(256, NULL), EINVAL);
    CHECK_FAILS(kbus_ksock_open(3, O_RDWR), ENOENT);
}

TEST("the library says its version") { CHECK_TEXT(kbus_version(), "0.1.0"); }
