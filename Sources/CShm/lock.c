#include "cshm.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

_Static_assert(sizeof(pthread_mutex_t) > 8, "the mutex straddles two pages");

enum { SHARED_BYTES = 8, SPINS = 100, OWNER_MASK = 0x3FFFFFFF };

void cshm_lock_attach(void *mutex) {
    pthread_mutexattr_t attributes;
    pthread_mutex_t template;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&template, &attributes);
    pthread_mutexattr_destroy(&attributes);
    memcpy((char *)mutex + SHARED_BYTES, (char *)&template + SHARED_BYTES, sizeof template - SHARED_BYTES);
}

uint32_t cshm_lock_holder(const void *mutex) { return cshm_load32(mutex) & OWNER_MASK; }

/* A holder needs about 150 ns: worth waiting for awake before asking the kernel. */
static int spin(pthread_mutex_t *mutex) {
    int result = pthread_mutex_trylock(mutex);
    for (int i = 0; result == EBUSY && i < SPINS; i++) {
        cshm_pause();
        if (cshm_load32(mutex) == 0) result = pthread_mutex_trylock(mutex);
    }
    return result;
}

int cshm_lock_take(void *mutex, uint64_t nanoseconds) {
    int result = spin(mutex);
    if (result == EBUSY) {
        if (cshm_lock_holder(mutex) == (uint32_t)syscall(SYS_gettid)) return -EDEADLK;
        uint64_t deadline = cshm_now() + nanoseconds;
        struct timespec limit = { (time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u) };
        result = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &limit);
    }
    return result == EOWNERDEAD ? EOWNERDEAD : -result;
}

int cshm_lock_consistent(void *mutex) { return -pthread_mutex_consistent(mutex); }

int cshm_lock_release(void *mutex) { return -pthread_mutex_unlock(mutex); }

/* 0 free, 1 taken, 2 taken and somebody may sleep. */
int cshm_local_try_lock(uint32_t *word) {
    uint32_t expected = 0;
    return atomic_compare_exchange_strong_explicit(
        (_Atomic uint32_t *)word, &expected, 1, memory_order_acquire, memory_order_relaxed);
}

void cshm_local_lock(uint32_t *word) {
    _Atomic uint32_t *state = (_Atomic uint32_t *)word;
    if (cshm_local_try_lock(word)) return;
    while (atomic_exchange_explicit(state, 2, memory_order_acquire) != 0) cshm_futex_wait(word, 2, UINT64_MAX);
}

void cshm_local_unlock(uint32_t *word) {
    if (atomic_exchange_explicit((_Atomic uint32_t *)word, 0, memory_order_release) == 2) cshm_futex_wake(word, 1);
}

static pthread_mutex_t process_lock = PTHREAD_MUTEX_INITIALIZER;

void cshm_process_lock(void) { pthread_mutex_lock(&process_lock); }
void cshm_process_unlock(void) { pthread_mutex_unlock(&process_lock); }

__attribute__((constructor)) static void keep_over_forks(void) {
    pthread_atfork(cshm_process_lock, cshm_process_unlock, cshm_process_unlock);
}
