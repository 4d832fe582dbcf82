#include "cshm.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int cshm_futex_wait(const void *word, uint32_t expected, uint64_t deadline) {
    struct timespec limit = { (time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u) };
    const struct timespec *limit_or_none = deadline == UINT64_MAX ? NULL : &limit;
    long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, limit_or_none, NULL, FUTEX_BITSET_MATCH_ANY);
    return result < 0 ? -errno : 0;
}

int cshm_futex_wake(const void *word, int count) {
    long result = syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
    return result < 0 ? -errno : (int)result;
}

void cshm_wait(uint64_t nanoseconds) {
    struct timespec pause = { (time_t)(nanoseconds / 1000000000u), (long)(nanoseconds % 1000000000u) };
    nanosleep(&pause, NULL);
}

uint64_t cshm_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
