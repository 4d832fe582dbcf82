/* Limits of locks: what a process-shared robust mutex costs, alone and between two processors. */
#include "cbench_limits.h"
#include "cbench_loop.h"

#include <errno.h>
#include <pthread.h>

enum { ROUNDS = 1000 };

struct locked {
    pthread_mutex_t mutex;
    cbench_area area;
    uint32_t owner;
};

static struct locked *make_locked(void) {
    struct locked *locked = cbench_shared(sizeof *locked);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&locked->mutex, &attributes);
    return locked;
}

static void write_batches(const cbench_part *part, uint64_t *times, size_t count) {
    cbench_write(part, NULL, 0);
    cbench_write(part, times, count);
}

/* Lock and unlock, nobody else wants it. */
static void alone(const cbench_part *part) {
    struct locked *locked = make_locked();
    uint64_t times[1 + 200] = {ROUNDS};
    cbench_pin_to(part->client_cpu);
    for (int batch = 1; batch <= 200; batch++) {
        uint64_t start = cbench_now();
        for (int i = 0; i < ROUNDS; i++) {
            pthread_mutex_lock(&locked->mutex);
            pthread_mutex_unlock(&locked->mutex);
        }
        times[batch] = cbench_now() - start;
    }
    write_batches(part, times, 201);
}

static void take_turns(struct locked *locked, uint32_t me, uint32_t rounds) {
    cbench_line *turn = cbench_ping(&locked->area);
    for (uint32_t i = 0; i < rounds; i++) {
        while ((cbench_load(turn) & 1) != me) cbench_relax();
        pthread_mutex_lock(&locked->mutex);
        pthread_mutex_unlock(&locked->mutex);
        cbench_add(turn, 1);
    }
}

/* Nobody else wants it at the time, but it was last held on the other processor. The turn's own cache line is in the price. */
static void alternating(const cbench_part *part) {
    enum { BATCHES = 100 };
    struct locked *locked = make_locked();
    uint64_t times[1 + BATCHES] = {2 * ROUNDS};
    pid_t other = cbench_fork();
    if (other == 0) {
        cbench_pin_to(part->server_cpu);
        take_turns(locked, 1, ROUNDS * (BATCHES + 1));
        _exit(0);
    }
    cbench_pin_to(part->client_cpu);
    take_turns(locked, 0, ROUNDS);
    for (int batch = 1; batch <= BATCHES; batch++) {
        uint64_t start = cbench_now();
        take_turns(locked, 0, ROUNDS);
        times[batch] = cbench_now() - start;
    }
    cbench_join(other);
    write_batches(part, times, BATCHES + 1);
}

/* Both processors want it all the time, and write four cache lines under it. */
static void contended(const cbench_part *part) {
    struct locked *locked = make_locked();
    uint64_t *counts = cbench_shared(4096);
    pid_t other = cbench_fork();
    int me = other == 0;
    cbench_pin_to(me ? part->server_cpu : part->client_cpu);
    cbench_add(cbench_ready(&locked->area), 1);
    while (cbench_load(cbench_ready(&locked->area)) < 2) cbench_relax();
    uint64_t began = cbench_now(), end = began + part->time_limit_ns, count = 0;
    while (cbench_now() < end) {
        for (int i = 0; i < 64; i++) {
            pthread_mutex_lock(&locked->mutex);
            for (int line = 0; line < 4; line++) cbench_store_number(cbench_progress(&locked->area, line), count);
            pthread_mutex_unlock(&locked->mutex);
            count++;
        }
    }
    counts[me] = count;
    if (me) _exit(0);
    cbench_join(other);
    uint64_t times[2] = {counts[0] + counts[1], end - began};
    write_batches(part, times, 2);
}

/* From unlock on the one processor to the return of lock on the other, which slept. */
static void hand_over(const cbench_part *part) {
    struct locked *locked = make_locked();
    cbench_line *turn = cbench_ping(&locked->area), *at = cbench_ended(&locked->area);
    pid_t sleeper = cbench_fork();
    if (sleeper == 0) {
        cbench_pin_to(part->server_cpu);
        for (uint32_t i = 1;; i += 2) {
            uint32_t now;
            while ((now = cbench_load(turn)) != i)
                if (now == UINT32_MAX) _exit(0);
                else cbench_relax();
            pthread_mutex_lock(&locked->mutex);
            cbench_store_number(at, cbench_now());
            pthread_mutex_unlock(&locked->mutex);
            cbench_store(turn, i + 1);
        }
    }
    cbench_pin_to(part->client_cpu);
    uint64_t *singles = malloc(part->samples * sizeof *singles), limit = cbench_now() + part->time_limit_ns;
    if (singles == NULL) cbench_fail("no memory for figures", 0);
    size_t count = 0;
    for (uint32_t i = 1; count < part->samples && cbench_now() < limit; i += 2) {
        pthread_mutex_lock(&locked->mutex);
        cbench_store(turn, i);
        /* Long enough for the other to have gone to sleep. */
        for (uint64_t until = cbench_now() + 60000; cbench_now() < until;) cbench_relax();
        uint64_t start = cbench_now();
        pthread_mutex_unlock(&locked->mutex);
        while (cbench_load(turn) != i + 1) cbench_relax();
        uint64_t end = cbench_load_number(at);
        singles[count++] = end - start;
    }
    cbench_store(turn, UINT32_MAX);
    cbench_join(sleeper);
    cbench_write(part, singles, count);
    cbench_write(part, NULL, 0);
    free(singles);
}

int cbench_limit_lock(const cbench_part *part) {
    if (strcmp(part->transport, "limit.lock") == 0) alone(part);
    else if (strcmp(part->transport, "limit.lock.alternating") == 0) alternating(part);
    else if (strcmp(part->transport, "limit.lock.contended") == 0) contended(part);
    else if (strcmp(part->transport, "limit.lock.handover") == 0) hand_over(part);
    else return 0;
    return 1;
}
