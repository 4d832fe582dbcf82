/*
 * The bus lock: a robust lock in one shared word, and locks between the threads of one process.
 *
 * The word is what the kernel's robust futexes make of it: the id of the thread that holds it, FUTEX_WAITERS when somebody
 * sleeps, and FUTEX_OWNER_DIED, which the kernel sets when the holder ends without giving it back. The kernel learns of the
 * lock from `list_op_pending`, a private pointer of the thread, for as long as the lock is held: nothing but this one word is
 * shared, so a peer can't lead an unlock astray (DESIGN R6; docs/decisions/0012).
 */
#ifndef CSHM_LOCK_H
#define CSHM_LOCK_H

#include "cshm_futex.h"
#include "cshm_robust.h"
#include "cshm_word.h"

#include <errno.h>

/* The thread id in the word; 0 if free. */
static inline uint32_t cshm_lock_holder(const void *word) { return cshm_load32(word) & FUTEX_TID_MASK; }

/* Whether somebody sleeps until the lock is free. */
int cshm_lock_is_wanted(const void *word);

/* Marks the lock as its holder's death would, if `holder` still has it. For a holder that is known to be gone, and that the
 * kernel did not mark. */
void cshm_lock_bereave(void *word, uint32_t holder);

/* Whether no thread of this process's pid namespace has this id. */
int cshm_thread_is_gone(uint32_t thread);

/* The same, for a lock that is not free at once. */
int cshm_lock_take_slowly(void *word, uint64_t nanoseconds);

/* Taking and giving back are written out where they are called; where a build is to be small they are functions (CSHM_SMALL), whose
 * bodies lock.c has. */
#if !defined(CSHM_SMALL)
#define CSHM_LOCK_PATH __attribute__((always_inline)) static inline
#elif defined(CSHM_LOCK_BODIES)
#define CSHM_LOCK_PATH
#endif

/* 0: taken. EOWNERDEAD (positive): taken from a dead holder; to be repaired before it is given back.
 * -ETIMEDOUT: held by somebody else for all of `nanoseconds` (DESIGN R7: no wait is without a limit).
 * -EDEADLK: this thread holds it.
 * The kernel is told before: killed at any moment, we have the lock and it knows, or we do not have it. */
#ifdef CSHM_SMALL
int cshm_lock_take(void *word, uint64_t nanoseconds);
#endif
#ifdef CSHM_LOCK_PATH
CSHM_LOCK_PATH int cshm_lock_take(void *word, uint64_t nanoseconds) {
    cshm_robust_thread *self = &cshm_robust;
    if (__builtin_expect(self->thread != 0, 1)) {
        struct robust_list_head *head = self->head;
        struct robust_list *outer = head->list_op_pending;
        head->list_op_pending = cshm_robust_entry(head, word);
        atomic_signal_fence(memory_order_seq_cst);
        if (__builtin_expect(cshm_replace32(word, 0, self->thread), 1)) {
            self->outer = outer;
            self->held = word;
            return 0;
        }
        head->list_op_pending = outer;
    }
    return cshm_lock_take_slowly(word, nanoseconds);
}
#endif

/* 0, or -EPERM if the word does not name this thread: the bus is corrupt, never lock it again.
 * Killed behind the exchange we leave the kernel to wake somebody: it does so for a lock that is pending and free. */
#ifdef CSHM_SMALL
int cshm_lock_release(void *word);
#endif
#ifdef CSHM_LOCK_PATH
CSHM_LOCK_PATH int cshm_lock_release(void *word) {
    cshm_robust_thread *self = &cshm_robust;
    if (__builtin_expect(self->held != word || cshm_lock_holder(word) != self->thread, 0)) return -EPERM;
    self->held = NULL;
    if (__builtin_expect(cshm_exchange32(word, 0) & FUTEX_WAITERS, 0)) cshm_futex_wake(word, 1);
    atomic_signal_fence(memory_order_seq_cst);
    self->head->list_op_pending = self->outer;
    return 0;
}
#endif

/* A lock between threads of one process, in one word of private memory: 0 free, 1 taken, 2 taken and somebody may sleep. */
void cshm_local_lock_slowly(uint32_t *word);
void cshm_local_wake(uint32_t *word);
/* Waits until it is free, and does not take it. */
void cshm_local_await(uint32_t *word);

/* 1 if taken, 0 if somebody has it. */
static inline int cshm_local_try_lock(uint32_t *word) {
    uint32_t expected = 0;
    return atomic_compare_exchange_strong_explicit(
        (_Atomic uint32_t *)word, &expected, 1, memory_order_acquire, memory_order_relaxed);
}

static inline void cshm_local_lock(uint32_t *word) {
    if (!cshm_local_try_lock(word)) cshm_local_lock_slowly(word);
}

/* An atomic exchange: what stands before a fence behind it (cshm_fence_behind_atomic). */
static inline void cshm_local_unlock(uint32_t *word) {
    if (atomic_exchange((_Atomic uint32_t *)word, 0) == 2) cshm_local_wake(word);
}

/* The one lock of the process, for moments: guards the lists of mapped buses and of Ksocks. A fork waits for it, so that a
 * child finds it free. */
void cshm_process_lock(void);
void cshm_process_unlock(void);

/* A word of the process, 0 at first. The C face has its table of Ksocks there, which it changes with that lock. */
extern uint64_t cshm_process_word;
static inline void *cshm_table_word(void) { return &cshm_process_word; }

#endif
