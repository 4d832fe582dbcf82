/*
 * The bus lock: a robust, process-shared mutex of which only the first 8 bytes are shared (DESIGN R6), taken with a
 * time limit always (DESIGN R7).
 *
 * The mutex begins 8 bytes before the end of a shared page; the page mapped behind it is private to the process and
 * holds the rest: kind, owner and the links of the robust list, which a peer can thus neither read nor set.
 */
#ifndef CSHM_LOCK_H
#define CSHM_LOCK_H

#include <stdint.h>

/* Fills the private part, behind the 8 shared bytes at `mutex`. */
void cshm_lock_attach(void *mutex);

/* 0: taken. EOWNERDEAD (positive): taken from a dead holder; recover, then cshm_lock_consistent, before unlocking.
 * -ETIMEDOUT: held by somebody else for all of `nanoseconds`. -EDEADLK: this thread holds it. */
int cshm_lock_take(void *mutex, uint64_t nanoseconds);
int cshm_lock_consistent(void *mutex);

/* 0, or -EPERM if the word does not name this thread: the bus is corrupt, never lock it again. */
int cshm_lock_release(void *mutex);

/* The thread id in the lock word; 0 if free. */
uint32_t cshm_lock_holder(const void *mutex);

/* A lock between threads of one process, in one word of private memory; 0 is free. */
void cshm_local_lock(uint32_t *word);
/* 1 if taken, 0 if somebody has it. */
int cshm_local_try_lock(uint32_t *word);
void cshm_local_unlock(uint32_t *word);

/* The one lock of the process, for moments: guards the lists of mapped buses and of Ksocks. A fork waits for it, so that a
 * child finds it free. */
void cshm_process_lock(void);
void cshm_process_unlock(void);

#endif
