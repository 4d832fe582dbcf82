/*
 * What can be counted rather than timed: system calls, allocations, bytes copied, instructions. These are the same on a busy machine.
 */
#ifndef CBENCH_COUNTS_H
#define CBENCH_COUNTS_H

#include "cbench_part.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Counts the system calls that a client, its server and all their threads make while the client makes `part->samples` round
 * trips, as a debugger sees them. Takes what `cbench_round_trips` takes. Writes one list: round trips, FUTEX_WAKE, FUTEX_WAIT, others.
 */
void cbench_count_system_calls(
    const cbench_part *part, void (*serve)(void *context, cbench_area *area), void (*open)(void *context),
    void (*trip)(void *context, uint64_t number), void (*end)(void *context), void *context);

/*
 * Counts those that a sender and its listeners make while the sender sends part->samples times, each time to listeners that all sleep.
 * `listen` gets ready, adds 1 to cbench_ready, and then stores in `heard` how many messages it has heard, until one tells it to end;
 * `send` returns how many messages it has sent; `end` tells all listeners to end. Writes the same list.
 */
void cbench_count_wakes(
    const cbench_part *part, void (*listen)(void *context, cbench_area *area, cbench_line *heard), void (*open)(void *context),
    uint64_t (*send)(void *context), void (*end)(void *context), void *context);

/* Whether a thread, of this process or another, sleeps: so says /proc. */
int cbench_is_asleep(pid_t thread);

/*
 * Calls `message` part->samples times after as many times to warm up. Writes one list: messages, allocations, bytes copied by memcpy and
 * memmove; the latter two only if Benchmarks/build/libcounting.so is preloaded, else 0.
 * The second half is all that `valgrind --toggle-collect=cbench_counted` sees.
 */
void cbench_count_messages(const cbench_part *part, void (*message)(void *context, uint64_t number), void *context);
void cbench_counted(const cbench_part *part, void (*message)(void *context, uint64_t number), void *context);

/* Of libcounting.so: how many so far. Weak: null without it. */
struct cbench_tally {
    uint64_t allocations, copied_bytes;
};

#ifdef __cplusplus
}
#endif

#endif
