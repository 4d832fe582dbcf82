/* A process that says itself that it crashes. */
#define _GNU_SOURCE
#include "bus.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Stays: as a process does whose core takes long to write. */
static void crashed(int number) {
    (void)number;
    kbus_owner_crashing();
    for (;;) pause();
}

static void crash(void) {
    struct sigaction action = { .sa_handler = crashed };
    alarm(60);
    kbus_ksock_t mine = new_replier("$.Crash");
    sigaction(SIGSEGV, &action, NULL);
    kbus_wait_for_message(mine, KBUS_KSOCK_READABLE);
    raise(SIGSEGV);
    _exit(3);
}

TEST("a process that reports its crash in a signal handler is taken off the bus while it is still there") {
    kbus_ksock_t ksock = new_ksock();
    uint32_t replier;
    pid_t child = fork();
    if (child == 0) crash();
    CHECK_EQUAL(kbus_wait_for_replier(ksock, "$.Crash", 30 * SECOND, &replier), 0);
    ask(ksock, "$.Crash", NULL);
    CHECK(kbus_wait_within(ksock, KBUS_KSOCK_READABLE, 30 * SECOND) > 0);
    kbus_message_t *status = take(ksock);
    CHECK_TEXT(kbus_msg_name_ptr(status), "$.KBUS.Replier.GoneAway");
    kbus_msg_delete(&status);
    CHECK_EQUAL(waitpid(child, NULL, WNOHANG), 0);
    kill(child, SIGKILL);
    CHECK_EQUAL(waitpid(child, NULL, 0), child);
}

TEST("without a Ksock there is no crash to report") {
    kbus_owner_crashing();
    CHECK(new_ksock() >= 0);
}
