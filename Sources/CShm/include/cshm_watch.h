/* Watching other processes: waiting for any of several words, for the end of a process, and for what happens in a directory. */
#ifndef CSHM_WATCH_H
#define CSHM_WATCH_H

#include <stdint.h>

/* One word to wait for; laid out as the kernel wants it (struct futex_waitv). */
typedef struct cshm_watched {
    uint64_t expected;
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
} cshm_watched;

enum { CSHM_MOST_WATCHED = 128 };

cshm_watched cshm_watch(const void *word, uint32_t expected);

/* Sleeps while every word is as expected, until one is woken or CLOCK_MONOTONIC reaches `deadline`. At least 0 woken, -EAGAIN a
 * word differs, -EINTR, -ETIMEDOUT; -ENOSYS before Linux 5.16. */
int cshm_futex_wait_any(const cshm_watched *words, uint32_t count, uint64_t deadline);

/* A descriptor that becomes readable when the process has ended, all threads of it. */
int cshm_process_descriptor(uint32_t process);

/* What a reaper waits for beside words. Events come with the number they were added with, as long as the descriptor is readable or,
 * with `isOnce`, once. */
int cshm_events_make(void);
int cshm_events_add(int events, int descriptor, uint64_t number, int isOnce);
/* The next event's number in *number: 1; 0 none in time (`milliseconds`, -1 for ever). */
int cshm_events_wait(int events, int milliseconds, uint64_t *number);

/* A descriptor that becomes readable when a file is made in or removed from a directory; emptied by reading. */
int cshm_directory_watch(const char *path);
void cshm_directory_watch_drain(int descriptor);

/* Raises the limit of open descriptors as far as it goes; returns it. */
uint64_t cshm_raise_descriptor_limit(void);

/* A mark that a process puts on one byte of an open file and that the kernel takes away when the last copy of the descriptor is
 * closed and the last mapping made with it is gone: when the process ends or execs, unless a forked child keeps one. 0, or -EAGAIN if the byte is marked by another. */
int cshm_file_mark(int file, uint64_t byte);
void cshm_file_unmark(int file, uint64_t byte);
/* 1 if another open file description marks the byte. */
int cshm_file_is_marked(int file, uint64_t byte);

#endif
