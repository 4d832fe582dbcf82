/*
 * The loops that time. Inlined into each transport, so that nothing but the transport lies between two readings of the clock.
 * Kept the same as the Swift ones (Timings.swift, Fan.swift).
 */
#ifndef CBENCH_LOOP_H
#define CBENCH_LOOP_H

#include "cbench_part.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CBENCH_INLINE static inline __attribute__((always_inline))

/* ---- Request and reply ---- */

enum {
    CBENCH_BATCH = 50,           /* round trips timed as one, where the clock is not to count */
    CBENCH_BATCH_NS = 5000000,   /* fewer if that took longer than this                       */
};

/* Round trips have numbers from 1 on. Writes two lists: single times; and the length of a batch, followed by times of batches. */
CBENCH_INLINE void cbench_time_round_trips(const cbench_part *part, void (*trip)(void *context, uint64_t number), void *context) {
    uint64_t number = 1;

    /* Caches, page tables and the other side's spinning have to settle first. */
    size_t warm = part->samples / 10 < 100 ? 100 : part->samples / 10, warmed = 0;
    uint64_t began = cbench_now(), limit = began + part->time_limit_ns / 2;
    do trip(context, number++);
    while (++warmed < warm && (warmed < 10 || cbench_now() < limit));
    uint64_t each = (cbench_now() - began) / warmed;

    uint64_t *singles = (uint64_t *)malloc(part->samples * sizeof *singles);
    if (singles == NULL) cbench_fail("no memory for figures", 0);
    size_t count = 0;
    limit = cbench_now() + part->time_limit_ns;
    while (count < part->samples) {
        uint64_t start = cbench_now();
        trip(context, number++);
        uint64_t end = cbench_now();
        singles[count++] = end - start;
        if (end >= limit) break;
    }

    size_t batch = each * CBENCH_BATCH <= CBENCH_BATCH_NS ? CBENCH_BATCH : 1 + CBENCH_BATCH_NS / each;
    size_t batches = part->samples / batch + 1, timed = 0;
    uint64_t *times = (uint64_t *)malloc((batches + 1) * sizeof *times);
    if (times == NULL) cbench_fail("no memory for figures", 0);
    times[0] = batch;
    limit = cbench_now() + part->time_limit_ns;
    while (timed < batches) {
        uint64_t start = cbench_now();
        for (size_t i = 0; i < batch; i++) trip(context, number++);
        uint64_t end = cbench_now();
        times[++timed] = end - start;
        if (end >= limit) break;
    }

    cbench_write(part, singles, count);
    cbench_write(part, times, timed + 1);
    free(singles);
    free(times);
}

/* Forks the server, which says `ready` and serves until it is told to end, and waits until it can. */
CBENCH_INLINE cbench_area *cbench_fork_server(
    const cbench_part *part, void (*serve)(void *context, cbench_area *area), void *context) {
    cbench_area *area = (cbench_area *)cbench_shared(sizeof *area);
    if (cbench_fork() == 0) {
        cbench_pin_to(part->server_cpu);
        serve(context, area);
        _exit(0);
    }
    cbench_pin_to(part->client_cpu);
    cbench_await(cbench_ready(area), 1);
    return area;
}

/* Times round trips against a server of its own. `open`, which may be null, prepares the client. */
CBENCH_INLINE void cbench_round_trips(
    const cbench_part *part, void (*serve)(void *context, cbench_area *area), void (*open)(void *context),
    void (*trip)(void *context, uint64_t number), void (*end)(void *context), void *context) {
    cbench_fork_server(part, serve, context);
    if (open != NULL) open(context);
    cbench_time_round_trips(part, trip, context);
    end(context);
    cbench_join(-1);
}

#ifdef __cplusplus
}
#endif

#endif
