/*
 * Counting system calls with ptrace: of a client and its server, or of a sender and its listeners, with all their threads, between two
 * marks that the client or the sender makes.
 *
 * A mark is a system call that does not exist. A process that makes no system calls runs as if nobody watched.
 */
#include "cbench_counts.h"
#include "cbench_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifdef __GLIBC__
typedef struct __ptrace_syscall_info system_call_info;
#else
typedef struct ptrace_syscall_info system_call_info;
#endif

enum { BEGIN = 0x4B425553, END = 0x4B425554 };
enum { STOPPED_AT_SYSTEM_CALL = SIGTRAP | 0x80 };

struct counts {
    int is_on, has_ended;
    uint64_t wakes, waits, others;
};

static void count(struct counts *counts, pid_t thread) {
    system_call_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    uint64_t number = info.entry.nr;
    if (number == BEGIN || number == END) {
        counts->is_on = number == BEGIN;
        counts->has_ended |= number == END;
        return;
    }
    if (!counts->is_on) return;
    int command = number == SYS_futex ? (int)info.entry.args[1] & FUTEX_CMD_MASK : -1;
    if (command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET) counts->wakes++;
    else if (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) counts->waits++;
    else counts->others++;
}

/* Lets a stopped thread go on to its next system call. It may have been killed meanwhile. */
static void go_on(pid_t thread, int signal) { ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(intptr_t)signal); }

/* Watches until all watched processes have ended. */
static void watch(struct counts *counts) {
    int status;
    for (pid_t thread; (thread = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;) {
        if (thread <= 0) continue;
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0) _exit(WEXITSTATUS(status));
        if (WIFSIGNALED(status)) cbench_fail("a peer was killed", 0);
        if (!WIFSTOPPED(status)) continue;
        if (WSTOPSIG(status) == STOPPED_AT_SYSTEM_CALL) count(counts, thread), go_on(thread, 0);
        /* A new thread, or the end of an attachment: nothing that the thread should see. */
        else if (status >> 16 != 0 || WSTOPSIG(status) == SIGSTOP || WSTOPSIG(status) == SIGTRAP) go_on(thread, 0);
        else go_on(thread, WSTOPSIG(status));
    }
}

/* Forks a process that waits for `go` before it does anything, and is watched from then on. */
static pid_t fork_watched(cbench_area *area) {
    pid_t child = cbench_fork();
    if (child == 0) {
        while (cbench_load(cbench_go(area)) == 0) cbench_relax();
        return 0;
    }
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, child, NULL, (void *)options) != 0 || ptrace(PTRACE_INTERRUPT, child, NULL, NULL) != 0)
        cbench_unavailable("processes may not be watched with ptrace here");
    return child;
}

/* Lets all watched processes begin, watches them to their end, and writes what they have called. */
static void write_counts(const cbench_part *part, cbench_area *area) {
    cbench_store(cbench_go(area), 1);
    struct counts counts = {0};
    watch(&counts);
    if (!counts.has_ended) cbench_fail("the client ended before its time", 0);
    uint64_t numbers[4] = {part->samples, counts.wakes, counts.waits, counts.others};
    cbench_write(part, numbers, 4);
}

void cbench_count_system_calls(
    const cbench_part *part, void (*serve)(void *context, cbench_area *area), void (*open)(void *context),
    void (*trip)(void *context, uint64_t number), void (*end)(void *context), void *context) {
    cbench_area *area = cbench_shared(sizeof *area);
    if (fork_watched(area) == 0) {
        cbench_pin_to(part->server_cpu);
        serve(context, area);
        _exit(0);
    }
    if (fork_watched(area) == 0) {
        cbench_pin_to(part->client_cpu);
        while (cbench_load(cbench_ready(area)) < 1) cbench_relax();
        if (open != NULL) open(context);
        for (uint64_t number = 1; number <= 100; number++) trip(context, number);
        syscall(BEGIN);
        for (uint64_t number = 101; number <= 100 + part->samples; number++) trip(context, number);
        syscall(END);
        end(context);
        _exit(0);
    }
    write_counts(part, area);
}

int cbench_is_asleep(pid_t thread) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) cbench_fail("cannot look at a listener", errno);
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    text[count < 0 ? 0 : count] = 0;
    const char *state = strrchr(text, ')');
    return state != NULL && state[1] == ' ' && state[2] == 'S';
}

/* Until each listener has heard so many messages and sleeps again. */
static void await_listeners(const cbench_part *part, cbench_area *area, uint64_t heard) {
    uint64_t deadline = cbench_now() + 30000000000u;
    for (int i = 0; i < part->listeners;) {
        const cbench_line *line = cbench_progress(area, i);
        if (cbench_load_number(line) == heard && cbench_is_asleep((pid_t)cbench_load(line))) {
            i++;
            continue;
        }
        if (cbench_now() > deadline) cbench_fail("a listener did not hear a message, or did not sleep again", 0);
        struct timespec pause = {0, 50000};
        nanosleep(&pause, NULL);
    }
}

void cbench_count_wakes(
    const cbench_part *part, void (*listen)(void *context, cbench_area *area, cbench_line *heard), void (*open)(void *context),
    uint64_t (*send)(void *context), void (*end)(void *context), void *context) {
    cbench_area *area = cbench_shared(sizeof *area);
    for (int i = 0; i < part->listeners; i++) {
        if (fork_watched(area) != 0) continue;
        cbench_pin_to(part->server_cpu);
        cbench_store(cbench_progress(area, i), (uint32_t)getpid());
        listen(context, area, cbench_progress(area, i));
        _exit(0);
    }
    if (fork_watched(area) == 0) {
        cbench_pin_to(part->client_cpu);
        while (cbench_load(cbench_ready(area)) < (uint32_t)part->listeners) cbench_relax();
        open(context);
        uint64_t sent = 0;
        for (size_t i = 0; i < 10 + part->samples; i++) {
            await_listeners(part, area, sent);
            if (i == 10) syscall(BEGIN);
            sent += send(context);
        }
        await_listeners(part, area, sent);
        syscall(END);
        end(context);
        _exit(0);
    }
    write_counts(part, area);
}
