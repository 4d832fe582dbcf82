/*
 * What a benchmark needs from C: words shared by processes, futexes, pinning, starting a peer.
 *
 * The benchmark brings its own rather than using the bus core's, so that what is measured and what it is measured
 * against share no code: a fault in the one cannot flatter the other. Programs under Benchmarks/, some of them in C++, include
 * this too.
 *
 * Functions return 0 or a value on success and a negative errno on failure.
 */
#ifndef CBENCH_H
#define CBENCH_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One word on cache lines of its own: 128 bytes, since processors fetch lines in pairs.
 * The area begins on a page, so that the size alone keeps words apart (Swift imports no over-aligned struct).
 * Each word has one writer at a time, unless it is added to; others only read it.
 */
typedef struct cbench_line {
    uint32_t word;
    uint32_t unused;
    uint64_t number;
    uint8_t padding[112];
} cbench_line;

enum { CBENCH_PEERS = 128 };

/* What the processes of one scenario share besides the transport under test. */
typedef struct cbench_area {
    cbench_line ping;  /* client to server: number of the round trip  */
    cbench_line pong;  /* server to client: the same number back       */
    cbench_line ready; /* how many peers can begin                     */
    cbench_line go;    /* 1 once all shall begin                       */
    cbench_line done;  /* how many peers have all that they wait for   */
    cbench_line lost;  /* number: messages that were missing or out of order */
    cbench_line began, ended;           /* number: a time              */
    cbench_line progress[CBENCH_PEERS]; /* number: how far each peer is; word: its process */
} cbench_area;

#ifndef __cplusplus
_Static_assert(sizeof(cbench_line) == 128, "words of two directions must not share a cache line");
#endif

static inline cbench_line *cbench_ping(cbench_area *area) { return &area->ping; }
static inline cbench_line *cbench_pong(cbench_area *area) { return &area->pong; }
static inline cbench_line *cbench_ready(cbench_area *area) { return &area->ready; }
static inline cbench_line *cbench_go(cbench_area *area) { return &area->go; }
static inline cbench_line *cbench_done(cbench_area *area) { return &area->done; }
static inline cbench_line *cbench_lost(cbench_area *area) { return &area->lost; }
static inline cbench_line *cbench_began(cbench_area *area) { return &area->began; }
static inline cbench_line *cbench_ended(cbench_area *area) { return &area->ended; }
static inline cbench_line *cbench_progress(cbench_area *area, int peer) { return &area->progress[peer % CBENCH_PEERS]; }

static inline uint32_t cbench_load(const cbench_line *line) { return __atomic_load_n(&line->word, __ATOMIC_ACQUIRE); }
static inline void cbench_store(cbench_line *line, uint32_t value) {
    __atomic_store_n(&line->word, value, __ATOMIC_RELEASE);
}
/* Returns what it was before. */
static inline uint32_t cbench_add(cbench_line *line, uint32_t value) {
    return __atomic_fetch_add(&line->word, value, __ATOMIC_ACQ_REL);
}
static inline uint64_t cbench_load_number(const cbench_line *line) {
    return __atomic_load_n(&line->number, __ATOMIC_ACQUIRE);
}
static inline void cbench_store_number(cbench_line *line, uint64_t value) {
    __atomic_store_n(&line->number, value, __ATOMIC_RELEASE);
}
static inline void cbench_add_number(cbench_line *line, uint64_t value) {
    __atomic_fetch_add(&line->number, value, __ATOMIC_ACQ_REL);
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
 * Starts the program at `path` with these arguments; `argv` ends with NULL. Its standard input is `input`, and its standard
 * error is `errors`, each unless negative. Returns the process id.
 */
pid_t cbench_spawn(const char *path, char *const argv[], int input, int errors);
/* A file that is open for writing and not inherited. */
int cbench_create(const char *path);
/* Asks that the calling process be killed when its parent ends. Fails with -ESRCH if `parent` is gone already. */
int cbench_die_with_parent(pid_t parent);
/*
 * Waits for the child's end, asleep, so as not to disturb what is measured. 1 and the wait status if it has ended, 0 if it still
 * runs when the time is up.
 */
int cbench_wait(pid_t child, int milliseconds, int *status);
/* Kills this one child and waits for its end. */
void cbench_kill(pid_t child);

/* A pipe whose ends are not inherited by peers: ends[0] is read, ends[1] is written. */
int cbench_pipe(int ends[2]);
/* Keeps the calling process out of reach of the terminal's signals, and returns when nobody can write to standard input any more. */
void cbench_outlive_writers_of_stdin(void);

/* An epoll set that watches this descriptor for something to read. */
int cbench_epoll(int fd);
/* Sleeps until there is. */
void cbench_epoll_await(int epoll);

/* Writes to standard error. */
void cbench_say(const char *text);

/* "glibc 2.36", or NULL where the C library does not say. */
const char *cbench_libc(void);

#ifdef __cplusplus
}
#endif

#endif
