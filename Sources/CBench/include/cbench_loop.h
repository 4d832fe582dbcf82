/*
 * The loops that time. Inlined into each transport, so that nothing but the transport lies between two readings of the clock.
 * Where C can't wait, for a task of Swift's or in Python, the same loops are said once more: Transport/BusAsyncRoundTrip.swift, and
 * kbus_python.py.
 */
#ifndef CBENCH_LOOP_H
#define CBENCH_LOOP_H

#include "cbench_part.h"

#include <sched.h>
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

    size_t batch = CBENCH_BATCH;
    if (each * batch > CBENCH_BATCH_NS) batch = 1 + CBENCH_BATCH_NS / each;
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

/* ---- One or more senders to one or more listeners ---- */

/* How a message begins. Its last 8 bytes are its number once more. */
typedef struct cbench_message {
    uint64_t number; /* from 1 on, for each sender; 0: sent to see whether it arrives, and to warm up */
    uint32_t sender;
    uint32_t is_last;
    uint64_t intended_ns; /* when it was to be sent */
} cbench_message;

enum {
    CBENCH_PROBES = 500,
    CBENCH_CLOCK_EVERY = 64, /* messages between two looks at the clock */
};

/* What a listener knows of what it has heard. */
typedef struct cbench_hearing {
    const cbench_part *part;
    cbench_area *area;
    uint64_t heard, lost, expected[CBENCH_PEERS];
    int senders_left;
    uint64_t *latencies; /* of an open loop, else null */
    size_t latency_count;
} cbench_hearing;

/* Where a listener to an open loop leaves latencies: a count, and as many as it was sent. */
CBENCH_INLINE size_t cbench_latency_words(const cbench_part *part) { return part->rate > 0 ? 1 + part->samples : 1; }

/* Takes note of a message. Returns 1 if it was the last that this listener waits for. */
CBENCH_INLINE int cbench_hear(cbench_hearing *hearing, const void *payload) {
    cbench_message message;
    uint64_t last;
    memcpy(&message, payload, sizeof message);
    if (message.number == 0) return 0;
    memcpy(&last, (const char *)payload + hearing->part->payload_bytes - 8, 8);
    if (last != message.number) cbench_fail("a message is not what was sent", 0);
    if (hearing->latencies != NULL && hearing->latency_count < hearing->part->samples)
        hearing->latencies[++hearing->latency_count] = cbench_now() - message.intended_ns;
    uint64_t *expected = &hearing->expected[message.sender % CBENCH_PEERS];
    if (message.number != *expected + 1) hearing->lost++;
    *expected = message.number;
    hearing->heard++;
    cbench_store_number(cbench_progress(hearing->area, hearing->part->index), hearing->heard);
    if (!message.is_last || --hearing->senders_left > 0) return 0;
    uint64_t now = cbench_now();
    if (hearing->latencies != NULL) hearing->latencies[0] = hearing->latency_count;
    cbench_add_number(cbench_lost(hearing->area), hearing->lost);
    cbench_line *ended = cbench_ended(hearing->area);
    for (uint64_t seen = cbench_load_number(ended); seen < now;)
        if (__atomic_compare_exchange_n(&ended->number, &seen, now, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) break;
    cbench_add(cbench_done(hearing->area), 1);
    return 1;
}

/*
 * A transport that carries messages from senders to listeners.
 *
 * `listen` opens a listener's end, says `ready`, and calls `hear` for each message until that returns 1. `open` opens a sender's
 * end, `send` sends; both get the context that the caller gave. A window bounds how many messages may be on their way, for
 * transports that would drop them or pile them up; 0: it does so itself, or makes the sender wait.
 */
typedef struct cbench_fan {
    void (*listen)(void *context, cbench_hearing *hearing);
    void (*open)(void *context);
    void (*send)(void *context, const void *payload);
    /* Sends what `send` has kept back to send it together with more. May be null. */
    void (*flush)(void *context);
    uint64_t window;
    int must_probe; /* a listener is ready only once a message reaches it */
} cbench_fan;

CBENCH_INLINE uint64_t cbench_slowest(const cbench_part *part, cbench_area *area) {
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < part->listeners; i++) {
        uint64_t heard = cbench_load_number(cbench_progress(area, i));
        if (heard < least) least = heard;
    }
    return least;
}

/* Sends all that one sender has to send. */
CBENCH_INLINE void cbench_send_all(const cbench_part *part, cbench_area *area, const cbench_fan *fan, void *context, int sender) {
    uint8_t *payload = (uint8_t *)calloc(1, part->payload_bytes);
    cbench_message message = {0, (uint32_t)sender, 0, 0};
    while (cbench_load(cbench_go(area)) == 0) cbench_relax();
    uint64_t began = cbench_load_number(cbench_began(area)), limit = began + part->time_limit_ns, slowest = 0;
    while (!message.is_last) {
        message.number++;
        message.is_last = message.number == part->samples;
        if (part->rate > 0) {
            message.intended_ns = began + message.number * 1000000000u / part->rate;
            message.is_last |= message.intended_ns >= limit;
            while (cbench_now() < message.intended_ns) cbench_relax();
        } else if (message.number % CBENCH_CLOCK_EVERY == 0) {
            message.is_last |= cbench_now() >= limit;
        }
        while (fan->window != 0 && message.number > slowest + fan->window) {
            slowest = cbench_slowest(part, area) / (uint64_t)part->senders;
            if (message.number > slowest + fan->window) sched_yield();
        }
        memcpy(payload, &message, sizeof message);
        memcpy(payload + part->payload_bytes - 8, &message.number, 8);
        fan->send(context, payload);
    }
    if (fan->flush != NULL) fan->flush(context);
    cbench_add_number(cbench_pong(area), message.number);
    free(payload);
}

/* Probes until all listeners are ready, and a little longer. */
CBENCH_INLINE void cbench_probe(const cbench_part *part, cbench_area *area, const cbench_fan *fan, void *context) {
    uint8_t *payload = (uint8_t *)calloc(1, part->payload_bytes);
    uint64_t deadline = cbench_now() + 10000000000u;
    if (!fan->must_probe) cbench_await(cbench_ready(area), (uint32_t)part->listeners);
    while (cbench_load(cbench_ready(area)) < (uint32_t)part->listeners) {
        fan->send(context, payload);
        struct timespec pause = {0, 2000000};
        nanosleep(&pause, NULL);
        if (cbench_now() > deadline) cbench_fail("listeners did not get ready in time", 0);
    }
    if (fan->window == 0) for (int i = 0; i < CBENCH_PROBES; i++) fan->send(context, payload);
    if (fan->flush != NULL) fan->flush(context);
    free(payload);
}

/* Writes two lists: latencies; and nanoseconds, messages sent by all, listeners, messages missing or out of order. */
CBENCH_INLINE void cbench_write_fan(const cbench_part *part, cbench_area *area, const uint64_t *latencies) {
    size_t words = cbench_latency_words(part), count = 0;
    uint64_t *all = (uint64_t *)malloc(part->listeners * words * 8);
    if (all == NULL) cbench_fail("no memory for figures", 0);
    for (int i = 0; latencies != NULL && i < part->listeners; i++) {
        const uint64_t *own = latencies + i * words;
        memcpy(all + count, own + 1, own[0] * 8);
        count += own[0];
    }
    uint64_t facts[4] = {
        cbench_load_number(cbench_ended(area)) - cbench_load_number(cbench_began(area)), cbench_load_number(cbench_pong(area)),
        (uint64_t)part->listeners, cbench_load_number(cbench_lost(area)),
    };
    cbench_write(part, all, count);
    cbench_write(part, facts, 4);
    free(all);
}

/*
 * Plays `throughput` (as fast as it goes) or `oneway` (at a rate; times count from when a message was to be sent).
 */
CBENCH_INLINE void cbench_run_fan(const cbench_part *part, const cbench_fan *fan, void *context) {
    cbench_area *area = (cbench_area *)cbench_shared(sizeof *area);
    size_t words = cbench_latency_words(part);
    uint64_t *latencies = part->rate > 0 ? (uint64_t *)cbench_shared(part->listeners * words * 8) : NULL;
    for (int i = 0; i < part->listeners; i++) {
        if (cbench_fork() != 0) continue;
        cbench_part mine = *part;
        mine.index = i;
        cbench_hearing hearing;
        memset(&hearing, 0, sizeof hearing);
        hearing.part = &mine, hearing.area = area, hearing.senders_left = part->senders;
        hearing.latencies = latencies == NULL ? NULL : latencies + i * words;
        cbench_pin_listener(part);
        fan->listen(context, &hearing);
        _exit(0);
    }
    for (int i = 1; i < part->senders; i++) {
        if (cbench_fork() != 0) continue;
        cbench_pin_sender(part);
        fan->open(context);
        cbench_add(cbench_ping(area), 1);
        cbench_send_all(part, area, fan, context, i);
        /* What it sent may still be with it. */
        cbench_await(cbench_done(area), (uint32_t)part->listeners);
        _exit(0);
    }
    cbench_pin_sender(part);
    fan->open(context);
    cbench_probe(part, area, fan, context);
    cbench_await(cbench_ping(area), (uint32_t)part->senders - 1);
    cbench_store_number(cbench_began(area), cbench_now());
    cbench_store(cbench_go(area), 1);
    cbench_send_all(part, area, fan, context, 0);
    cbench_await(cbench_done(area), (uint32_t)part->listeners);
    for (int i = 1; i < part->listeners + part->senders; i++) cbench_join(-1);
    cbench_write_fan(part, area, latencies);
}

#ifdef __cplusplus
}
#endif

#endif
