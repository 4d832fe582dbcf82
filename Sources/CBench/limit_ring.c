/*
 * The limit of sending and listening: a ring of slots in shared memory that each listener reads for itself. No names, no
 * order among senders but that of a lock, nothing kept for a listener that dies.
 */
#include "cbench_limits.h"
#include "cbench_loop.h"

#include <pthread.h>

enum { SLOTS = 1024, SPINS = 2000 };

struct ring {
    cbench_line tail;                /* number: how many messages there have been */
    cbench_line heads[CBENCH_PEERS]; /* number: how many each listener has read; word: it sleeps */
    cbench_line room;                /* word: a sender sleeps until there is room */
    pthread_mutex_t mutex;           /* among senders, if there are several */
    uint8_t slots[];
};

struct rings {
    const cbench_part *part;
    struct ring *ring;
    enum {
        SPINNING, /* nobody sleeps */
        PROMPT,   /* who sleeps is woken at once */
        LAZY,     /* who sleeps is woken once there is much to do: most messages per second */
    } kind;
    uint64_t slowest;
};

/* Sleeps on a word until somebody clears it, unless it is true by now. The other side looks at the word after it has published. */
#define SLEEP_UNLESS(line, is_true)                                   \
    do {                                                              \
        cbench_store(line, 1);                                        \
        __atomic_thread_fence(__ATOMIC_SEQ_CST);                      \
        while (!(is_true) && cbench_load(line) == 1) cbench_futex_wait(line, 1); \
        cbench_store(line, 0);                                        \
    } while (0)

static void wake(cbench_line *line) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (cbench_load(line) != 1) return;
    cbench_store(line, 0);
    cbench_futex_wake(line);
}

static void listen_to_ring(void *context, cbench_hearing *hearing) {
    struct rings *rings = context;
    struct ring *ring = rings->ring;
    cbench_line *own = &ring->heads[hearing->part->index];
    size_t bytes = hearing->part->payload_bytes;
    int spins = rings->kind == LAZY && hearing->part->listeners == 1 ? SPINS : 0;
    cbench_add(cbench_ready(hearing->area), 1);
    for (uint64_t head = 0;; head++) {
        for (int looks = 0; cbench_load_number(&ring->tail) == head; looks++) {
            if (rings->kind == SPINNING || looks < spins) cbench_relax();
            else SLEEP_UNLESS(own, cbench_load_number(&ring->tail) != head);
        }
        int was_last = cbench_hear(hearing, ring->slots + head % SLOTS * bytes);
        cbench_store_number(own, head + 1);
        if (rings->kind != SPINNING && (was_last || (head + 1) % (SLOTS / 2) == 0)) wake(&ring->room);
        if (was_last) return;
    }
}

static void open_ring(void *context) { (void)context; }

static uint64_t slowest(const struct rings *rings) {
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < rings->part->listeners; i++) {
        uint64_t head = cbench_load_number(&rings->ring->heads[i]);
        if (head < least) least = head;
    }
    return least;
}

static void wake_listeners(const struct rings *rings) {
    for (int i = 0; i < rings->part->listeners; i++) wake(&rings->ring->heads[i]);
}

static void send_to_ring(void *context, const void *payload) {
    struct rings *rings = context;
    struct ring *ring = rings->ring;
    int senders = rings->part->senders, spins = rings->part->listeners == 1 ? SPINS : 0;
    size_t bytes = rings->part->payload_bytes;
    if (senders > 1) pthread_mutex_lock(&ring->mutex);
    uint64_t tail = cbench_load_number(&ring->tail);
    for (int looks = 0; tail >= rings->slowest + SLOTS; looks++) {
        rings->slowest = slowest(rings);
        if (tail < rings->slowest + SLOTS) break;
        if (rings->kind == SPINNING || looks < spins) {
            cbench_relax();
            continue;
        }
        wake_listeners(rings);
        /* Half of the ring at once, so that senders and listeners take turns seldom. */
        SLEEP_UNLESS(&ring->room, tail < slowest(rings) + SLOTS / 2);
    }
    memcpy(ring->slots + tail % SLOTS * bytes, payload, bytes);
    cbench_store_number(&ring->tail, tail + 1);
    cbench_message message;
    memcpy(&message, payload, sizeof message);
    if (rings->kind == PROMPT || (rings->kind == LAZY && message.is_last)) wake_listeners(rings);
    if (senders > 1) pthread_mutex_unlock(&ring->mutex);
}

int cbench_limit_fan(const cbench_part *part) {
    if (strcmp(part->transport, "limit.ring") != 0) return 0;
    struct rings rings = {.part = part};
    rings.kind = strcmp(part->mode, "spin") == 0 ? SPINNING : strcmp(part->mode, "sleep") == 0 ? PROMPT : LAZY;
    rings.ring = cbench_shared(sizeof *rings.ring + SLOTS * part->payload_bytes);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&rings.ring->mutex, &attributes);
    cbench_fan fan = {.listen = listen_to_ring, .open = open_ring, .send = send_to_ring};
    cbench_run_fan(part, &fan, &rings);
    return 1;
}
