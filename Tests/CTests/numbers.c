/* A Ksock's number in the hands of a program with threads, children and copies, and with descriptors of its own. */
#define _GNU_SOURCE
#include "bus.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int is_ready(int number, short events, int timeout) {
    struct pollfd entry = { number, events, 0 };
    CHECK(poll(&entry, 1, timeout) >= 0);
    CHECK_EQUAL(entry.revents & ~events, 0);
    return entry.revents == events;
}

/* As long as a test may last. */
enum { FOR_EVER = 50000 };

TEST("a copy goes on as the first number did, which has become another's") {
    kbus_ksock_t first = new_listener("$.F"), other = new_listener("$.G"), copy = dup(first);
    kbus_msg_id_t id;
    char bytes[16];
    CHECK_EQUAL(kbus_ksock_close(first), 0);
    int theirs = put_foreign_socket_at(first, SOCK_DGRAM);
    CHECK_EQUAL(write(theirs, "theirs", 6), 6);
    announce(other, "$.F", "data");
    CHECK(is_ready(copy, POLLIN, FOR_EVER));
    CHECK_NEXT(copy, "<Announcement '$.F' id=[0:1] from=2 data=data>");
    CHECK(!is_ready(copy, POLLIN, 0));
    fill_up(other, copy, "$.G");
    CHECK_FAILS(try_to_send(copy, "$.G", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
    CHECK(!is_ready(copy, POLLOUT, 0));
    CHECK_NEXT(other, "<Announcement '$.G' id=[0:2] from=1 data=filler>");
    CHECK(is_ready(copy, POLLOUT, FOR_EVER));
    CHECK_EQUAL(read(first, bytes, sizeof bytes), 6);
    CHECK(read(theirs, bytes, sizeof bytes) < 0);
}

/* The number of a child that lives until the end of the pipe that this returns is closed. */
static int start_child(void (*act)(void)) {
    int ends[2];
    char byte;
    CHECK_EQUAL(pipe(ends), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[1]);
        if (act) act();
        while (read(ends[0], &byte, 1) > 0) {}
        _exit(0);
    }
    close(ends[0]);
    return ends[1];
}

TEST("a Ksock whose message waits becomes writable although a child was made meanwhile") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_msg_id_t id;
    fill_up(listener, sender, "$.F");
    CHECK_FAILS(try_to_send(sender, "$.F", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
    start_child(NULL);
    CHECK(!is_ready(sender, POLLOUT, 0));
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=1 data=filler>");
    CHECK(is_ready(sender, POLLOUT, FOR_EVER));
}

static kbus_ksock_t inherited;

static void close_and_open_anew(void) {
    CHECK_EQUAL(kbus_ksock_close(inherited), 0);
    announce(new_ksock(), "$.F", "from the child");
}

TEST("a child that closes its copy of its parent's Ksock can open its own") {
    kbus_message_t *message;
    inherited = new_listener("$.F");
    start_child(close_and_open_anew);
    CHECK(is_ready(inherited, POLLIN, FOR_EVER));
    message = take(inherited);
    CHECK_EQUAL(message->from, 2);
    kbus_msg_delete(&message);
}

/* What the library calls too: it comes here. A closed number can be another thread's long before close returns. */
static int close_is_slow;

int close(int number) {
    int result = (int)syscall(SYS_close, number);
    if (close_is_slow) usleep(100);
    return result;
}

static void *open_and_close(void *unused) {
    (void)unused;
    for (int round = 0; round < 300; round++) {
        kbus_ksock_t ksock = new_ksock();
        CHECK(ksock_id(ksock) > 0);
        CHECK_EQUAL(kbus_ksock_close(ksock), 0);
    }
    return NULL;
}

TEST("a number that one thread closes can be another thread's at once") {
    pthread_t threads[4];
    new_ksock();
    close_is_slow = 1;
    for (int at = 0; at < 4; at++) CHECK_EQUAL(pthread_create(&threads[at], NULL, open_and_close, NULL), 0);
    for (int at = 0; at < 4; at++) CHECK_EQUAL(pthread_join(threads[at], NULL), 0);
}

/* The number that has a Ksock now and then; negative at the end. */
static _Atomic int changing;

static void *use_what_is_there(void *unused) {
    kbus_message_t message = pointy("$.F", NULL);
    kbus_received_t *received;
    kbus_loan_t *loan;
    uint32_t id;
    (void)unused;
    for (kbus_ksock_t ksock; (ksock = changing) >= 0;) {
        if (kbus_loan_make(ksock, &message, &loan) == 0) kbus_loan_send(loan, NULL);
        if (kbus_receive_in_place(ksock, 0, &received) == 1) {
            CHECK_TEXT(kbus_received_message(received)->name, "$.F");
            kbus_received_release(received);
        }
        if (kbus_ksock_id(ksock, &id) == 0) CHECK(id > 0);
        sched_yield();
    }
    return NULL;
}

TEST("Ksocks can be closed while other threads use them, and others opened at their numbers") {
    pthread_t threads[3];
    changing = new_ksock();
    for (int at = 0; at < 3; at++) CHECK_EQUAL(pthread_create(&threads[at], NULL, use_what_is_there, NULL), 0);
    for (int round = 0; round < 50; round++) {
        CHECK_EQUAL(kbus_ksock_close(changing), 0);
        changing = new_listener("$.F");
        sched_yield();
    }
    changing = -1;
    for (int at = 0; at < 3; at++) CHECK_EQUAL(pthread_join(threads[at], NULL), 0);
}

/* Replaces every socket of the process but two: the library's own. Returns how many. */
static int replace_sockets(kbus_ksock_t one, kbus_ksock_t other, int *theirs) {
    DIR *numbers = opendir("/proc/self/fd");
    int found[16], count = 0;
    CHECK(numbers != NULL);
    for (struct dirent *entry; (entry = readdir(numbers));) {
        struct stat facts;
        int number = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || fstat(number, &facts) < 0 || !S_ISSOCK(facts.st_mode)) continue;
        if (number != one && number != other && count < 16) found[count++] = number;
    }
    closedir(numbers);
    for (int at = 0; at < count; at++) {
        close(found[at]);
        theirs[at] = put_foreign_socket_at(found[at], SOCK_STREAM);
    }
    return count;
}

TEST("nothing is written to a descriptor of the program that has taken the number of one of the library's") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    int theirs[16];
    char bytes[16];
    announce(sender, "$.F", NULL);
    kbus_message_t *message = take(listener);
    kbus_msg_delete(&message);
    int count = replace_sockets(sender, listener, theirs);
    CHECK(count > 0);
    announce(sender, "$.F", NULL);
    CHECK(is_ready(listener, POLLIN, FOR_EVER));
    for (int at = 0; at < count; at++) CHECK(recv(theirs[at], bytes, sizeof bytes, 0) < 0);
}

static void *ask_in_vain(void *ksock) {
    kbus_message_t request = pointy("$.Q", NULL), *reply;
    CHECK_FAILS(kbus_request_within(*(kbus_ksock_t *)ksock, &request, 60 * SECOND, &reply), EBADF);
    return NULL;
}

static void *wait_for_room(void *ksock) {
    about_to_wait();
    CHECK_FAILS(kbus_wait_for_message(*(kbus_ksock_t *)ksock, KBUS_KSOCK_WRITABLE), EBADF);
    return NULL;
}

static void *wait_for_messages(void *ksock) {
    about_to_wait();
    CHECK_FAILS(kbus_wait_for_message(*(kbus_ksock_t *)ksock, KBUS_KSOCK_READABLE), EBADF);
    return NULL;
}

TEST("poll tells of a message although another thread waits for its reply") {
    kbus_ksock_t ksock = new_listener("$.F"), replier = new_replier("$.Q"), sender = new_ksock();
    pthread_t asking;
    CHECK_EQUAL(pthread_create(&asking, NULL, ask_in_vain, &ksock), 0);
    CHECK(is_ready(replier, POLLIN, FOR_EVER));
    for (int round = 0; round < 3; round++) {
        CHECK(!is_ready(ksock, POLLIN, 0));
        announce(sender, "$.F", "to the other thread");
        CHECK(is_ready(ksock, POLLIN, FOR_EVER));
        kbus_message_t *message = take(ksock);
        kbus_msg_delete(&message);
    }
    CHECK_EQUAL(kbus_ksock_close(ksock), 0);
    CHECK_EQUAL(pthread_join(asking, NULL), 0);
}

TEST("poll tells of a message although another thread waits for room") {
    kbus_ksock_t ksock = new_listener("$.F"), full = new_listener("$.G"), sender = new_ksock();
    kbus_msg_id_t id;
    pthread_t waiting;
    fill_up(full, sender, "$.G");
    CHECK_FAILS(try_to_send(ksock, "$.G", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
    CHECK_EQUAL(pthread_create(&waiting, NULL, wait_for_room, &ksock), 0);
    until_waiter_sleeps();
    for (int round = 0; round < 3; round++) {
        announce(sender, "$.F", "to the other thread");
        CHECK(is_ready(ksock, POLLIN, FOR_EVER));
        kbus_message_t *message = take(ksock);
        kbus_msg_delete(&message);
    }
    CHECK_EQUAL(kbus_ksock_close(ksock), 0);
    CHECK_EQUAL(pthread_join(waiting, NULL), 0);
}

TEST("a thread that waits at a Ksock is told when the bus finds that its number was closed with close") {
    kbus_ksock_t ksock = new_replier("$.Q"), other = new_ksock();
    pthread_t waiting;
    CHECK_EQUAL(pthread_create(&waiting, NULL, wait_for_messages, &ksock), 0);
    until_waiter_sleeps();
    CHECK_EQUAL(close(ksock), 0);
    CHECK_EQUAL(kbus_ksock_bind(other, "$.Q", 1), 0);
    CHECK_EQUAL(pthread_join(waiting, NULL), 0);
}
