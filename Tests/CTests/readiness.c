/* A Ksock is a file descriptor: poll, select, epoll, dup, close, fork. */
#define _GNU_SOURCE
#include "bus.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Exceptional conditions are part of the answer; there never are any. */
static int poll_says(kbus_ksock_t ksock, int timeout) {
    struct pollfd entry = { ksock, POLLIN | POLLOUT | POLLPRI, 0 };
    CHECK(poll(&entry, 1, timeout) >= 0);
    return (entry.revents & POLLIN ? KBUS_KSOCK_READABLE : 0) | (entry.revents & POLLOUT ? KBUS_KSOCK_WRITABLE : 0)
        | (entry.revents & (POLLPRI | POLLERR | POLLHUP | POLLNVAL) ? 4 : 0);
}

static int select_says(kbus_ksock_t ksock) {
    struct timeval now = { 0, 0 };
    fd_set reading, writing, exceptional;
    FD_ZERO(&reading);
    FD_SET(ksock, &reading);
    writing = exceptional = reading;
    CHECK(select(ksock + 1, &reading, &writing, &exceptional, &now) >= 0);
    return (FD_ISSET(ksock, &reading) ? KBUS_KSOCK_READABLE : 0) | (FD_ISSET(ksock, &writing) ? KBUS_KSOCK_WRITABLE : 0)
        | (FD_ISSET(ksock, &exceptional) ? 4 : 0);
}

static int epoll_says(kbus_ksock_t ksock) {
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLPRI };
    int set = epoll_create1(EPOLL_CLOEXEC);
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, ksock, &event), 0);
    int count = epoll_wait(set, &event, 1, 0);
    CHECK(count >= 0);
    close(set);
    if (count == 0) return 0;
    return (event.events & EPOLLIN ? KBUS_KSOCK_READABLE : 0) | (event.events & EPOLLOUT ? KBUS_KSOCK_WRITABLE : 0)
        | (event.events & (EPOLLPRI | EPOLLERR | EPOLLHUP) ? 4 : 0);
}

static void check_ready(kbus_ksock_t ksock, int expected, const char *file, int line) {
    check_equal(select_says(ksock), expected, "what select says", file, line);
    check_equal(poll_says(ksock, 0), expected, "what poll says", file, line);
    check_equal(epoll_says(ksock), expected, "what epoll says", file, line);
}
#define CHECK_READY(ksock, expected) check_ready(ksock, expected, __FILE__, __LINE__)

TEST("R-01 to R-03, R-05, R-07, R-11: readable while a message is queued, writable unless one waits") {
    kbus_ksock_t ksock = new_listener("$.F");
    kbus_message_t message = pointy("$.F", NULL);
    kbus_msg_id_t id;
    CHECK_READY(ksock, KBUS_KSOCK_WRITABLE);
    CHECK_EQUAL(kbus_ksock_write_msg(ksock, &message), 0);
    CHECK_READY(ksock, KBUS_KSOCK_WRITABLE);
    CHECK_EQUAL(kbus_ksock_send(ksock, &id), 0);
    CHECK_READY(ksock, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE);
    CHECK_READY(ksock, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE);
    CHECK_NEXT(ksock, "<Announcement '$.F' id=[0:1] from=1>");
    CHECK_READY(ksock, KBUS_KSOCK_WRITABLE);
}

TEST("R-04: reading from one Ksock does not change another") {
    kbus_ksock_t first = new_listener("$.F"), second = new_listener("$.F");
    announce(first, "$.F", NULL);
    CHECK_NEXT(first, "<Announcement '$.F' id=[0:1] from=1>");
    CHECK_READY(first, KBUS_KSOCK_WRITABLE);
    CHECK_READY(second, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE);
}

TEST("R-06: a read-only Ksock is never writable") {
    kbus_ksock_t reader = kbus_ksock_open(0, O_RDONLY), sender = new_ksock();
    CHECK_EQUAL(kbus_ksock_bind(reader, "$.F", 0), 0);
    CHECK_READY(reader, 0);
    announce(sender, "$.F", NULL);
    CHECK_READY(reader, KBUS_KSOCK_READABLE);
}

TEST("M-05, M-06: a Ksock whose message waits is not writable until there is room") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_msg_id_t id;
    fill_up(listener, sender, "$.F");
    CHECK_FAILS(try_to_send(sender, "$.F", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
    CHECK_READY(sender, 0);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=1 data=filler>");
    CHECK_EQUAL(poll_says(sender, 10000), KBUS_KSOCK_WRITABLE);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:2] from=1 flags=0x100 aWT data=try>");
}

TEST("M-05: it is writable when the read that makes room returns, though the library's own thread is woken for it") {
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    kbus_msg_id_t id;
    uint32_t length;
    fill_up(listener, sender, "$.F");
    for (int round = 0; round < 1000; round++) {
        CHECK_FAILS(try_to_send(sender, "$.F", KBUS_BIT_ALL_OR_WAIT, &id), EAGAIN);
        CHECK_EQUAL(poll_says(sender, 0), 0);
        CHECK_EQUAL(kbus_ksock_next_msg(listener, &length), 1);
        CHECK_EQUAL(poll_says(sender, 0), KBUS_KSOCK_WRITABLE);
        CHECK_EQUAL(kbus_ksock_send(sender, &id), 0);
    }
}

/* A child that does something with Ksocks of its own; it waits for a byte on its pipe before. */
struct child {
    pid_t process;
    int go;
};

static struct child new_child(void (*act)(void)) {
    int ends[2];
    char byte;
    CHECK_EQUAL(pipe(ends), 0);
    struct child child = { fork(), ends[1] };
    if (child.process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[1]);
        if (read(ends[0], &byte, 1) == 1) act();
        _exit(0);
    }
    close(ends[0]);
    return child;
}

static void let(struct child child) {
    CHECK_EQUAL(write(child.go, "!", 1), 1);
    check_child(child.process);
}

static void announce_from_elsewhere(void) { announce(new_ksock(), "$.F", "from elsewhere"); }

TEST("R-09, R-11: poll, select and epoll sleep until another process sends") {
    kbus_ksock_t listener = new_listener("$.F");
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN | EPOLLET };
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, listener, &event), 0);
    CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 0);
    for (int round = 0; round < 3; round++) {
        struct child child = new_child(announce_from_elsewhere);
        CHECK_EQUAL(write(child.go, "!", 1), 1);
        struct pollfd entry = { listener, POLLIN, 0 };
        fd_set reading;
        FD_ZERO(&reading);
        FD_SET(listener, &reading);
        if (round == 0) CHECK_EQUAL(poll(&entry, 1, -1), 1);
        if (round == 1) CHECK_EQUAL(select(listener + 1, &reading, NULL, NULL, NULL), 1);
        if (round == 2) CHECK_EQUAL(epoll_wait(set, &event, 1, -1), 1);
        kbus_message_t *message = take(listener);
        CHECK_EQUAL(message->data_len, strlen("from elsewhere"));
        kbus_msg_delete(&message);
        check_child(child.process);
        close(child.go);
    }
}

TEST("epoll, edge-triggered, tells of each message that comes to an empty queue") {
    kbus_ksock_t listener = new_listener("$.F"), sender = new_ksock();
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN | EPOLLET };
    CHECK_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, listener, &event), 0);
    for (int round = 0; round < 20; round++) {
        uint32_t first = announce(sender, "$.F", NULL), second = announce(sender, "$.F", NULL);
        CHECK_EQUAL(epoll_wait(set, &event, 1, -1), 1);
        for (uint32_t serial = first; serial <= second; serial++) {
            kbus_message_t *message = take(listener);
            CHECK_EQUAL(message->id.serial_num, serial);
            kbus_msg_delete(&message);
        }
        CHECK_EQUAL(epoll_wait(set, &event, 1, 0), 0);
    }
}

TEST("kbus_wait_for_message sleeps until another process sends") {
    kbus_ksock_t listener = new_listener("$.F");
    struct child child = new_child(announce_from_elsewhere);
    CHECK_EQUAL(write(child.go, "!", 1), 1);
    CHECK_EQUAL(kbus_wait_for_message(listener, KBUS_KSOCK_READABLE), KBUS_KSOCK_READABLE);
    check_child(child.process);
}

static kbus_ksock_t inherited;

static void use_what_the_parent_opened(void) {
    uint32_t value = 0;
    kbus_msg_id_t id;
    kbus_message_t message = pointy("$.F", NULL), *read;
    CHECK_FAILS(kbus_ksock_id(inherited, &value), ECHILD);
    CHECK_FAILS(kbus_ksock_bind(inherited, "$.G", 0), ECHILD);
    CHECK_FAILS(kbus_ksock_next_msg(inherited, &value), ECHILD);
    CHECK_FAILS(kbus_ksock_num_messages(inherited, &value), ECHILD);
    CHECK_FAILS(kbus_ksock_read_next_msg(inherited, &read), ECHILD);
    CHECK_FAILS(kbus_ksock_write_msg(inherited, &message), ECHILD);
    CHECK_FAILS(kbus_ksock_send_msg(inherited, &message, &id), ECHILD);
    CHECK_FAILS(kbus_wait_for_message(inherited, KBUS_KSOCK_WRITABLE), ECHILD);
    CHECK_FAILS(kbus_receive_within(inherited, 0, &read), ECHILD);
    CHECK_FAILS(kbus_send_within(inherited, &message, 0, &id), ECHILD);
    CHECK_FAILS(kbus_request_within(inherited, &message, 0, &read), ECHILD);
    CHECK(strcmp(kbus_last_remedy(), "") != 0);
    announce(new_ksock(), "$.F", "from the child");
    close(inherited);
}

TEST("a child has no use of its parent's Ksock, can open its own, and leaves the parent's alone") {
    inherited = new_listener("$.F");
    let(new_child(use_what_the_parent_opened));
    CHECK_NEXT(inherited, "<Announcement '$.F' id=[0:1] from=2 data=from the child>");
    CHECK_EQUAL(replier_of(inherited, "$.F"), 0);
    announce(inherited, "$.F", "still here");
    CHECK_NEXT(inherited, "<Announcement '$.F' id=[0:2] from=1 data=still here>");
}

/* Until something holds, for as long as a test may last. */
#define UNTIL(condition) while (!(condition)) usleep(1000)

TEST("a Ksock closed with close is closed on the bus, and its number no Ksock any more") {
    kbus_ksock_t other = new_ksock(), replier = new_replier("$.Q");
    uint32_t value;
    ask(other, "$.Q", NULL);
    CHECK_EQUAL(close(replier), 0);
    CHECK_FAILS(kbus_ksock_id(replier, &value), EBADF);
    UNTIL(replier_of(other, "$.Q") == 0);
    CHECK_EQUAL(kbus_wait_for_message(other, KBUS_KSOCK_READABLE), KBUS_KSOCK_READABLE);
    CHECK_NEXT(other, "<Status '$.KBUS.Replier.GoneAway' id=[0:2] to=1 from=2 in_reply_to=[0:1] flags=0x4 SYN>");
}

TEST("a descriptor that takes a closed Ksock's number is not taken for it") {
    kbus_ksock_t ksock = new_ksock();
    uint32_t value;
    CHECK_EQUAL(close(ksock), 0);
    move_to_number(open("/dev/null", O_RDONLY), ksock);
    CHECK_FAILS(kbus_ksock_id(ksock, &value), EBADF);
    CHECK_FAILS(kbus_ksock_close(ksock), EBADF);
    CHECK_EQUAL(close(ksock), 0);
    CHECK_EQUAL(ksock_id(new_ksock()), 2);
}

TEST("dup gives another number for the same Ksock; closing the last one closes it") {
    kbus_ksock_t other = new_ksock(), first = new_replier("$.Q");
    int second = dup(first), third = fcntl(first, F_DUPFD_CLOEXEC, 100);
    CHECK(second >= 0 && third >= 100);
    CHECK_EQUAL(ksock_id(second), ksock_id(first));
    CHECK_EQUAL(ksock_id(third), ksock_id(first));
    ask(other, "$.Q", "x");
    CHECK_READY(second, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE);
    CHECK_EQUAL(kbus_ksock_close(first), 0);
    CHECK_NEXT(third, "<Request '$.Q' id=[0:1] from=1 flags=0x3 REQ YOU data=x>");
    CHECK_EQUAL(close(second), 0);
    CHECK_EQUAL(replier_of(other, "$.Q"), 2);
    CHECK_EQUAL(kbus_ksock_close(third), 0);
    CHECK_EQUAL(replier_of(other, "$.Q"), 0);
    CHECK_NEXT(other, "<Status '$.KBUS.Replier.Ignored' id=[0:2] to=1 from=2 in_reply_to=[0:1] flags=0x4 SYN>");
}

TEST("what has a number that was a Ksock's keeps what it holds, though the Ksock is read by a copy of that") {
    kbus_ksock_t sender = new_ksock(), first = new_listener("$.F"), second = dup(first), third = fcntl(first, F_DUPFD_CLOEXEC, 100);
    char byte;
    CHECK_EQUAL(ksock_id(second), ksock_id(first));
    CHECK_EQUAL(close(first), 0);
    int theirs = put_foreign_socket_at(first, SOCK_DGRAM);
    CHECK_EQUAL(send(theirs, "x", 1, 0), 1);
    kbus_ksock_t copies[] = { second, third };
    for (int i = 0; i < 2; i++) {
        kbus_message_t *message;
        announce(sender, "$.F", NULL);
        CHECK_READY(copies[i], KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE);
        CHECK_EQUAL(kbus_receive_within(copies[i], 0, &message), 1);
        kbus_msg_delete(&message);
        CHECK_READY(copies[i], KBUS_KSOCK_WRITABLE);
    }
    CHECK_EQUAL(recv(first, &byte, 1, 0), 1);
    close(first);
    close(theirs);
    CHECK_EQUAL(kbus_ksock_close(second), 0);
    CHECK_EQUAL(kbus_ksock_close(third), 0);
}

TEST("what has a number that was the library's own socket is left alone, and who was to be rung is rung") {
    enum { NUMBERS = 64 };
    kbus_ksock_t sender = new_ksock(), listener = new_listener("$.F");
    int own = -1;
    char byte;
    announce(sender, "$.F", "1");
    /* It is marked by a signal that it would send (CShm/descriptor.c). */
    for (int number = 0; number < NUMBERS; number++) if (fcntl(number, F_GETSIG) == 63) own = number;
    CHECK(own >= 0);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=1 data=1>");
    CHECK_EQUAL(close(own), 0);
    int theirs = put_foreign_socket_at(own, SOCK_SEQPACKET);
    announce(sender, "$.F", "2");
    CHECK_READY(listener, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE);
    CHECK_EQUAL(recv(theirs, &byte, 1, MSG_DONTWAIT), -1);
    close(own);
    close(theirs);
}

TEST("a program that is started does not inherit a Ksock") {
    kbus_ksock_t ksock = new_ksock();
    CHECK(fcntl(ksock, F_GETFD) & FD_CLOEXEC);
}

static void die_owing(void) {
    kbus_ksock_t replier = new_replier("$.Q");
    CHECK_EQUAL(kbus_wait_for_message(replier, KBUS_KSOCK_READABLE), KBUS_KSOCK_READABLE);
    kill(getpid(), SIGKILL);
}

static void open_the_bus(void) { new_ksock(); }

TEST("R-12: a requester asleep in poll gets a killed Replier's status, at the latest when the bus is next opened") {
    kbus_ksock_t sender = new_ksock();
    struct child replier = new_child(die_owing), opener = new_child(open_the_bus);
    uint32_t id;
    CHECK_EQUAL(write(replier.go, "!", 1), 1);
    CHECK_EQUAL(kbus_wait_for_replier(sender, "$.Q", 30 * SECOND, &id), 0);
    ask(sender, "$.Q", NULL);
    CHECK_EQUAL(waitpid(replier.process, NULL, 0), replier.process);
    struct pollfd entry = { sender, POLLIN, 0 };
    CHECK_EQUAL(write(opener.go, "!", 1), 1);
    CHECK_EQUAL(poll(&entry, 1, -1), 1);
    CHECK_NEXT(sender, "<Status '$.KBUS.Replier.GoneAway' id=[0:2] to=1 from=2 in_reply_to=[0:1] flags=0x4 SYN>");
    check_child(opener.process);
}

TEST("of a Ksock that is not polled the descriptors stay unreadable, until it is polled again") {
    kbus_ksock_t listener = new_listener("$.F"), sender = new_ksock();
    CHECK_EQUAL(kbus_set_polled(listener, 0), 0);
    CHECK_EQUAL(kbus_set_polled(listener, 0), 0);
    announce(sender, "$.F", "1");
    CHECK_READY(listener, KBUS_KSOCK_WRITABLE);
    CHECK_EQUAL(kbus_wait_within(listener, KBUS_KSOCK_READABLE, -1), KBUS_KSOCK_READABLE);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:1] from=2 data=1>");
    CHECK_NOTHING(listener);
    announce(sender, "$.F", "2");
    CHECK_EQUAL(kbus_set_polled(listener, 1), 0);
    CHECK_READY(listener, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:2] from=2 data=2>");
    CHECK_READY(listener, KBUS_KSOCK_WRITABLE);
    announce(sender, "$.F", "3");
    CHECK_READY(listener, KBUS_KSOCK_READABLE | KBUS_KSOCK_WRITABLE);
    // Said while something is queued: what was readable is not any more.
    CHECK_EQUAL(kbus_set_polled(listener, 0), 0);
    CHECK_READY(listener, KBUS_KSOCK_WRITABLE);
    CHECK_NEXT(listener, "<Announcement '$.F' id=[0:3] from=2 data=3>");
    CHECK_EQUAL(kbus_set_polled(listener, 1), 0);
    CHECK_READY(listener, KBUS_KSOCK_WRITABLE);
    CHECK_FAILS(kbus_set_polled(-1, 0), EBADF);
}

TEST("a fast descriptor is left alone as well, and one that is made later too") {
    kbus_ksock_t first = new_listener("$.F"), second = new_listener("$.F");
    int fast = kbus_ksock_fast_descriptor(first);
    CHECK_EQUAL(kbus_set_polled(first, 0), 0);
    CHECK_EQUAL(kbus_set_polled(second, 0), 0);
    int later = kbus_ksock_fast_descriptor(second);
    announce(first, "$.F", NULL);
    CHECK_EQUAL(poll_says(fast, 0) & KBUS_KSOCK_READABLE, 0);
    CHECK_EQUAL(poll_says(later, 0) & KBUS_KSOCK_READABLE, 0);
    CHECK_EQUAL(kbus_set_polled(first, 1), 0);
    CHECK_EQUAL(kbus_set_polled(second, 1), 0);
    CHECK_EQUAL(poll_says(fast, 0) & KBUS_KSOCK_READABLE, KBUS_KSOCK_READABLE);
    CHECK_EQUAL(poll_says(later, 0) & KBUS_KSOCK_READABLE, KBUS_KSOCK_READABLE);
}

static void ask_and_close(void) {
    kbus_ksock_t replier = new_replier("$.Q");
    CHECK_EQUAL(kbus_set_polled(replier, 0), 0);
    close(replier);
}

TEST("that a Ksock was closed with close is noticed, polled or not") {
    kbus_ksock_t asking = new_ksock();
    ask_and_close();
    new_replier("$.Q");
    CHECK_EQUAL(ask(asking, "$.Q", NULL), 1);
}
