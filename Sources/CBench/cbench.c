#include "cbench.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

extern char **environ;

void cbench_futex_wait(cbench_line *line, uint32_t value) {
    syscall(SYS_futex, &line->word, FUTEX_WAIT, value, NULL, NULL, 0);
}

void cbench_futex_wake(cbench_line *line) {
    syscall(SYS_futex, &line->word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int cbench_map(const char *path, cbench_area **area) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -errno;
    void *start = MAP_FAILED;
    if (ftruncate(fd, sizeof(cbench_area)) == 0)
        start = mmap(NULL, sizeof(cbench_area), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    int result = start == MAP_FAILED ? -errno : 0;
    close(fd);
    if (result == 0) *area = start;
    return result;
}

void cbench_unmap(cbench_area *area) { munmap(area, sizeof(cbench_area)); }

int cbench_allowed_cpus(int *cpus, int capacity) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -errno;
    int count = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && count < capacity; cpu++)
        if (CPU_ISSET(cpu, &set)) cpus[count++] = cpu;
    return count;
}

int cbench_pin(const int *cpus, int count) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < count; i++) {
        if (cpus[i] < 0 || cpus[i] >= CPU_SETSIZE) return -EINVAL;
        CPU_SET(cpus[i], &set);
    }
    return sched_setaffinity(0, sizeof set, &set) == 0 ? 0 : -errno;
}

pid_t cbench_spawn(const char *path, char *const argv[], int input, int errors) {
    posix_spawn_file_actions_t actions;
    int result = posix_spawn_file_actions_init(&actions);
    if (result != 0) return -result;
    pid_t child = 0;
    if (input >= 0) result = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (result == 0 && errors >= 0) result = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    if (result == 0) result = posix_spawn(&child, path, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return result == 0 ? child : -result;
}

int cbench_create(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

int cbench_die_with_parent(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return -errno;
    return getppid() == parent ? 0 : -ESRCH; /* it may have ended before the call above */
}

int cbench_wait(pid_t child, int milliseconds, int *status) {
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    if (fd < 0) return -errno;
    struct pollfd end = {.fd = fd, .events = POLLIN};
    int result;
    do result = poll(&end, 1, milliseconds);
    while (result < 0 && errno == EINTR);
    close(fd);
    if (result <= 0) return result < 0 ? -errno : 0;
    pid_t ended;
    do ended = waitpid(child, status, 0);
    while (ended < 0 && errno == EINTR);
    return ended < 0 ? -errno : 1;
}

void cbench_kill(pid_t child) {
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}

int cbench_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

void cbench_outlive_writers_of_stdin(void) {
    setpgid(0, 0);
    for (;;) {
        char byte;
        ssize_t count = read(STDIN_FILENO, &byte, 1);
        if (count == 0 || (count < 0 && errno != EINTR)) return;
    }
}

int cbench_epoll(int fd) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return -errno;
    return epoll;
}

void cbench_epoll_await(int epoll) {
    struct epoll_event event;
    while (epoll_wait(epoll, &event, 1, -1) < 1) {
    }
}

void cbench_say(const char *text) { fputs(text, stderr); }

const char *cbench_libc(void) {
#ifdef __GLIBC__
    static char text[64];
    snprintf(text, sizeof text, "glibc %s", gnu_get_libc_version());
    return text;
#else
    return NULL;
#endif
}
