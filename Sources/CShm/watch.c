#include "cshm.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Newer than the headers of some systems that we build on; the numbers are those of every architecture. */
enum { NUMBER_OF_FUTEX_WAITV = 449, NUMBER_OF_PIDFD_OPEN = 434, WORD_OF_32_BITS = 2 };

cshm_watched cshm_watch(const void *word, uint32_t expected) {
    return (cshm_watched){ .expected = expected, .address = (uint64_t)(uintptr_t)word, .flags = WORD_OF_32_BITS };
}

int cshm_futex_wait_any(const cshm_watched *words, uint32_t count, uint64_t deadline) {
    struct timespec limit = { (time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u) };
    const struct timespec *limit_or_none = deadline == UINT64_MAX ? NULL : &limit;
    long result = syscall(NUMBER_OF_FUTEX_WAITV, words, count, 0, limit_or_none, CLOCK_MONOTONIC);
    return result < 0 ? -errno : (int)result;
}

int cshm_process_descriptor(uint32_t process) {
    long result = syscall(NUMBER_OF_PIDFD_OPEN, process, 0);
    return result < 0 ? -errno : (int)result;
}

int cshm_events_make(void) {
    int events = epoll_create1(EPOLL_CLOEXEC);
    return events < 0 ? -errno : events;
}

int cshm_events_add(int events, int descriptor, uint64_t number, int isOnce) {
    struct epoll_event event = { .events = EPOLLIN | (isOnce ? EPOLLONESHOT : 0), .data.u64 = number };
    return epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

int cshm_events_wait(int events, int milliseconds, uint64_t *number) {
    struct epoll_event event;
    int count;
    do count = epoll_wait(events, &event, 1, milliseconds);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    if (count) *number = event.data.u64;
    return count;
}

int cshm_directory_watch(const char *path) {
    int descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (descriptor < 0) return -errno;
    if (inotify_add_watch(descriptor, path, IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR) >= 0) return descriptor;
    int error = -errno;
    close(descriptor);
    return error;
}

void cshm_directory_watch_drain(int descriptor) {
    char events[4096];
    while (read(descriptor, events, sizeof events) > 0) {}
}

uint64_t cshm_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return getrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : limit.rlim_cur;
}

static int mark(int file, uint64_t byte, int command, struct flock *lock) {
    *lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1 };
    return fcntl(file, command, lock) < 0 ? -errno : 0;
}

int cshm_file_mark(int file, uint64_t byte) {
    struct flock lock;
    int result = mark(file, byte, F_OFD_SETLK, &lock);
    return result == -EACCES ? -EAGAIN : result;
}

void cshm_file_unmark(int file, uint64_t byte) {
    struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1 };
    fcntl(file, F_OFD_SETLK, &lock);
}

int cshm_file_is_marked(int file, uint64_t byte) {
    struct flock lock;
    int result = mark(file, byte, F_OFD_GETLK, &lock);
    return result < 0 ? result : lock.l_type != F_UNLCK;
}
