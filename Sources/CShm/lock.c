#define CSHM_LOCK_BODIES
#include "cshm.h"
#include "cshm_robust.h"

#include <pthread.h>
#include <signal.h>

enum { SPINS = 100 };

static inline uint32_t replace(void *word, uint32_t old, uint32_t new) {
    atomic_compare_exchange_strong((_Atomic uint32_t *)word, &old, new);
    return old;
}

int cshm_lock_is_wanted(const void *word) { return (cshm_load32(word) & FUTEX_WAITERS) != 0; }

/* One try. The kernel is told before: killed at any moment, we have the lock and it knows, or we do not have it.
 * `waiters` is FUTEX_WAITERS if others may sleep, who then must not be forgotten. */
static inline int try(cshm_robust_thread *self, void *word, uint32_t waiters) {
    struct robust_list *outer = self->head->list_op_pending;
    self->head->list_op_pending = cshm_robust_entry(self->head, word);
    atomic_signal_fence(memory_order_seq_cst);
    /* Free is 0, or what the kernel left of a dead holder. */
    uint32_t free, seen = 0;
    do {
        free = seen;
        seen = replace(word, free, self->thread | (free & FUTEX_WAITERS) | waiters);
    } while (seen != free && (seen & FUTEX_TID_MASK) == 0);
    if (seen != free) {
        self->head->list_op_pending = outer;
        return -EBUSY;
    }
    self->outer = outer;
    self->held = word;
    return free & FUTEX_OWNER_DIED ? EOWNERDEAD : 0;
}

int cshm_lock_take_slowly(void *word, uint64_t nanoseconds) {
    cshm_robust_thread *self = cshm_robust_own();
    if (self->held == word) return -EDEADLK;
    /* The lock of a dead holder, or the first of this thread. */
    int result = try(self, word, 0);
    if (result != -EBUSY) return result;
    /* A holder needs about 150 ns: worth waiting for awake before asking the kernel. */
    for (int i = 0; i < SPINS; i++) {
        cshm_pause();
        if (cshm_lock_holder(word) != 0) continue;
        result = try(self, word, 0);
        if (result != -EBUSY) return result;
    }
    for (uint64_t deadline = cshm_now() + nanoseconds;;) {
        uint32_t seen = cshm_load32(word);
        if ((seen & FUTEX_TID_MASK) == 0) {
            /* Whoever slept does not know who else does. */
            result = try(self, word, FUTEX_WAITERS);
            if (result != -EBUSY) return result;
            continue;
        }
        if (!(seen & FUTEX_WAITERS) && replace(word, seen, seen | FUTEX_WAITERS) != seen) continue;
        if (cshm_futex_wait(word, seen | FUTEX_WAITERS, deadline) == -ETIMEDOUT) return -ETIMEDOUT;
    }
}

void cshm_lock_bereave(void *word, uint32_t holder) {
    uint32_t seen = cshm_load32(word);
    if ((seen & FUTEX_TID_MASK) != holder) return;
    if (replace(word, seen, (seen & FUTEX_WAITERS) | FUTEX_OWNER_DIED) == seen) cshm_futex_wake(word, 1);
}

int cshm_thread_is_gone(uint32_t thread) { return kill((pid_t)thread, 0) < 0 && errno == ESRCH; }

void cshm_local_lock_slowly(uint32_t *word) {
    while (atomic_exchange_explicit((_Atomic uint32_t *)word, 2, memory_order_acquire) != 0) cshm_futex_wait(word, 2, UINT64_MAX);
}

void cshm_local_await(uint32_t *word) {
    for (uint32_t seen; (seen = cshm_load32(word)) != 0;)
        if (seen == 2 || replace(word, 1, 2) == 1) cshm_futex_wait(word, 2, UINT64_MAX);
    /* We were woken in the place of one who wants it. */
    cshm_futex_wake(word, 1);
}

void cshm_local_wake(uint32_t *word) { cshm_futex_wake(word, 1); }

static uint32_t process_lock;

void cshm_process_lock(void) { cshm_local_lock(&process_lock); }
void cshm_process_unlock(void) { cshm_local_unlock(&process_lock); }

uint64_t cshm_process_word;

__attribute__((constructor)) static void keep_over_forks(void) {
    pthread_atfork(cshm_process_lock, cshm_process_unlock, cshm_process_unlock);
}
