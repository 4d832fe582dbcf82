/*
 * What the survival tests need from C: processes, single-stepping, and a look at every store into a mapping.
 */
#ifndef CSURVIVAL_H
#define CSURVIVAL_H

#include <stddef.h>
#include <stdint.h>

/* ---- Processes ---- */

/* fork(2), which Swift hides. The child dies with its parent. */
int csurvival_fork(void);
/* Memory that children share, zeroed; NULL if there is none. */
void *csurvival_shared(size_t bytes);
/* The end of a child, as waitpid reports it: the exit status, or minus the signal. -1000 if it goes on after `milliseconds`. */
int csurvival_wait(int pid, int milliseconds);
void csurvival_sleep(int microseconds);
/* 1: new threads can't be had, so that the library does without a helper. Of this process and its later children. */
void csurvival_forbid_threads(int forbid);
/* The state letter of a process in /proc, or 0: 'T' is stopped, 'S' asleep. */
char csurvival_state(int pid);

/* The caller runs on one processor from now on; if `idle`, only when nobody else wants to. 0, or -errno. */
int csurvival_share_processor(int idle);

/* ---- Single-stepping (x86-64) ---- */

/* 1 if it can be done here. */
int csurvival_can_step(void);
/* Where stepping begins: the process stops here until its tracer steps it. */
void csurvival_mark(void);
int csurvival_seize(int pid);
/* Runs the tracee to its mark. 0, or -1 if it ended before. */
int csurvival_run_to_mark(int pid);
/* Steps `count` instructions, or until the tracee has set `*ended`. Returns how many; -1 if it ended otherwise. With `places`
 * it writes there where each instruction was. */
long csurvival_step(int pid, long count, const uint32_t *ended, uint64_t *places);
/* Runs the tracee, which has come to its mark, until it is about to execute the instruction at `place` for the `hits`th time.
 * 0, or -1 if it ended before. */
int csurvival_run_to(int pid, uint64_t place, long hits);
/* Lets the tracee run on its own. */
int csurvival_let_go(int pid);

/* ---- Stores (x86-64) ---- */

typedef struct csurvival_store {
    uint64_t offset;      /* in the mapping                            */
    uint64_t place;       /* of the instruction                        */
    uint64_t fault_point; /* how many fault points had been passed     */
    uint32_t is_library;  /* by the C library, in memcpy or the like   */
} csurvival_store;

/* From now on every store by this thread into the mapping of the file with this name is noted, by making its pages
 * unwritable: the processor itself says where a store is. If it is not mapped, the next file that will be, shared, is meant instead. 0,
 * or -errno. */
int csurvival_watch_stores(const char *file, csurvival_store *stores, long room);
/* Returns how many there were. */
long csurvival_unwatch_stores(void);

#endif
