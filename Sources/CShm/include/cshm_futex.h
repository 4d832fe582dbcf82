/* Sleeping on a word. Never FUTEX_PRIVATE_FLAG: the words are shared between processes. */
#ifndef CSHM_FUTEX_H
#define CSHM_FUTEX_H

#include <stdint.h>

/* Sleeps while the word is `expected`, until woken or until CLOCK_MONOTONIC reaches `deadline` (nanoseconds;
 * UINT64_MAX: for ever). 0 woken, -EAGAIN the word differs, -EINTR a signal, -ETIMEDOUT. */
int cshm_futex_wait(const void *word, uint32_t expected, uint64_t deadline);

/* Wakes up to `count` sleepers; returns how many. */
int cshm_futex_wake(const void *word, int count);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t cshm_now(void);

/* Lets so many nanoseconds pass. */
void cshm_wait(uint64_t nanoseconds);

#endif
