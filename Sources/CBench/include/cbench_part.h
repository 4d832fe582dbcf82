/*
 * What a process that plays a part in a scenario is told, and how it answers.
 *
 * Every transport, ours or another's, is measured by a process that the conductor starts with the options below. It plays
 * the client, starts whatever else it needs, and leaves its figures in a file. So a transport that hangs or breaks costs the run
 * no more than its own figures.
 *
 * Exit status: 0, done; CBENCH_UNAVAILABLE, this cannot be measured here; else, it failed. In both latter cases the last line
 * on standard error says why.
 */
#ifndef CBENCH_PART_H
#define CBENCH_PART_H

#include "cbench.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CBENCH_UNAVAILABLE = 77, CBENCH_REPLY_BYTES = 64 };

typedef struct cbench_part {
    const char *scenario;  /* rtt, throughput, ...                                                   */
    const char *transport; /* kbus.c, limit.futex, peer.zeromq, ...                                  */
    const char *mode;      /* spin, sleep, fd                                                        */
    const char *api;       /* copy, loan                                                             */
    const char *directory; /* for sockets, buses and the like; empty at first, removed by others     */
    const char *output;    /* the file for figures                                                   */
    size_t payload_bytes;
    size_t samples;         /* how many round trips to time, or messages to send                      */
    uint64_t time_limit_ns; /* when to be content with fewer                                          */
    uint64_t rate;          /* messages per second, in `oneway`                                       */
    int requests;           /* outstanding, in `death`                                                */
    uint64_t memory_bytes;  /* what the victim of `death` has touched                                 */
    int client_cpu, server_cpu; /* negative: wherever the scheduler likes                             */
    int listeners, senders;
    int bindings;        /* on the bus, in `routing` and `messages`                                  */
    int bystanders;      /* Ksocks that have those which are not for the message,                    */
    int backlog;         /* and how many messages wait at each of them                               */
    const char *variant; /* what else tells the case from others                                     */
    int index; /* which of the listeners or senders this is                                           */
    pid_t parent; /* dies: so do we                                                                   */
} cbench_part;

/* Reads the command line and ties the process to its parent. Ends the process if it does not understand. */
void cbench_part_begin(cbench_part *part, int argc, char *const argv[]);

/* Ends the process: it failed, or it cannot be done here. `error`, if not 0, is an errno to be named. */
__attribute__((noreturn)) void cbench_fail(const char *sentence, int error);
__attribute__((noreturn)) void cbench_unavailable(const char *sentence);

/* Binds to one processor; negative: to none. */
void cbench_pin_to(int cpu);
/* Binds a sender, a listener: a single one has a processor of its own, several share both. */
void cbench_pin_sender(const cbench_part *part);
void cbench_pin_listener(const cbench_part *part);

/* Memory shared with processes forked from now on; zero-filled. */
void *cbench_shared(size_t bytes);

/* Forks. The child, which returns 0, is killed when this process ends. */
pid_t cbench_fork(void);
/* Waits for one child's end, which has to be a good one. */
void cbench_join(pid_t child);
/* Waits until the word is at least so great; fails after half a minute. */
void cbench_await(const cbench_line *line, uint32_t least);

/*
 * Plays `footprint` once everything that a client has is open: says so by writing one list, the size of the shared libraries that
 * this process has loaded beside the C and C++ ones; then does nothing, for ever.
 */
__attribute__((noreturn)) void cbench_idle(const cbench_part *part);

/*
 * Kills a process with SIGKILL in a moment, from another thread, once the caller sleeps; returns at once. When it did so is in *at_ns, which
 * is 0 before. The thread runs on the server's processor.
 */
void cbench_kill_soon(const cbench_part *part, pid_t victim, uint64_t *at_ns);
/* Memory of the calling process's own that has been written to. */
void cbench_touch_memory(size_t bytes);

/* Appends one list of numbers to the figures. */
void cbench_write(const cbench_part *part, const uint64_t *numbers, size_t count);

/* The stamps on a payload: the number of its round trip, in its first and in its last 8 bytes. */
static inline void cbench_stamp(void *payload, size_t bytes, uint64_t number) {
    __builtin_memcpy(payload, &number, 8);
    __builtin_memcpy((char *)payload + bytes - 8, &number, 8);
}
/* Whether both stamps are this number. */
static inline int cbench_is_stamped(const void *payload, size_t bytes, uint64_t number) {
    uint64_t first, last;
    __builtin_memcpy(&first, payload, 8);
    __builtin_memcpy(&last, (const char *)payload + bytes - 8, 8);
    return first == number && last == number;
}
static inline uint64_t cbench_number(const void *payload) {
    uint64_t number;
    __builtin_memcpy(&number, payload, 8);
    return number;
}

#ifdef __cplusplus
}
#endif

#endif
