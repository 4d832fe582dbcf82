/*
 * What a benchmark needs from C: words shared by two processes, futexes, pinning, starting a peer.
 *
 * The benchmark brings its own rather than using the bus core's, so that what is measured and what it is measured
 * against share no code: a fault in the one cannot flatter the other.
 *
 * Functions return 0 or a value on success and a negative errno on failure.
 */
#ifndef CBENCH_H
#define CBENCH_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/*
 * One word on cache lines of its own: 128 bytes, since processors fetch lines in pairs.
 * The area begins on a page, so that the size alone keeps words apart (Swift imports no over-aligned struct).
 * Each word has one writer at a time; the other process only reads it.
 */
typedef struct cbench_line {
    _Atomic uint32_t word;
    uint8_t padding[124];
} cbench_line;
_Static_assert(sizeof(cbench_line) == 128, "words of two directions must not share a cache line");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a word is lock-free between processes");

/* What the client and the server of one scenario share besides the transport under test. */
typedef struct cbench_area {
    cbench_line ping;  /* client to server: number of the round trip */
    cbench_line pong;  /* server to client: the same number back      */
    cbench_line ready; /* 1 once the server can serve; reset by the client before it starts the next one */
} cbench_area;

static inline cbench_line *cbench_ping(cbench_area *area) { return &area->ping; }
static inline cbench_line *cbench_pong(cbench_area *area) { return &area->pong; }
static inline cbench_line *cbench_ready(cbench_area *area) { return &area->ready; }

static inline uint32_t cbench_load(const cbench_line *line) {
    return atomic_load_explicit(&line->word, memory_order_acquire);
}
static inline void cbench_store(cbench_line *line, uint32_t value) {
    atomic_store_explicit(&line->word, value, memory_order_release);
}

/* Tells the processor that this is a spin loop. */
static inline void cbench_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ __volatile__("yield");
#endif
}

/* CLOCK_MONOTONIC in nanoseconds. */
static inline uint64_t cbench_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Sleeps while the word has this value. Returns for any reason; the caller looks again. Not process-private. */
void cbench_futex_wait(cbench_line *line, uint32_t value);
/* Wakes one sleeper. */
void cbench_futex_wake(cbench_line *line);

/* Maps the file at `path`, which is made and zero-filled if it is not there. */
int cbench_map(const char *path, cbench_area **area);
void cbench_unmap(cbench_area *area);

/* The processors this process may run on, lowest first, at most `capacity` of them; returns how many. */
int cbench_allowed_cpus(int *cpus, int capacity);
/* Binds the calling thread, and the threads it starts from now on, to these processors. */
int cbench_pin(const int *cpus, int count);

/*
 * Starts this same program once more with these arguments. `argv` ends with NULL; the peer's standard input is
 * `input`, or stays as it is if that is negative. Returns the process id.
 */
pid_t cbench_spawn_self(char *const argv[], int input);
/* Asks that the calling process be killed when its parent ends. Fails with -ESRCH if `parent` is gone already. */
int cbench_die_with_parent(pid_t parent);
/* 1 and the wait status if the child has ended, 0 if it still runs. */
int cbench_has_ended(pid_t child, int *status);
/* Kills this one child and waits for its end. */
void cbench_kill(pid_t child);

/* A pipe whose ends are not inherited by peers: ends[0] is read, ends[1] is written. */
int cbench_pipe(int ends[2]);
/* Keeps the calling process out of reach of the terminal's signals, and returns when nobody can write to standard input any more. */
void cbench_outlive_writers_of_stdin(void);

/* "glibc 2.36", or NULL where the C library does not say. */
const char *cbench_libc(void);

#endif
