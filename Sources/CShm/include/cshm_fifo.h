/*
 * The fast descriptor: a FIFO beside the bus file. Everybody opens it for reading and writing, so that nobody who writes into it gets
 * SIGPIPE, and checks that it is the one that its owner made. Each returns 0, a value, or a negative errno.
 */
#ifndef CSHM_FIFO_H
#define CSHM_FIFO_H

#include <stdint.h>

/* A new FIFO with these access bits and, unless it is negative, this group; *inode tells it from others. -EEXIST. */
int cshm_fifo_make(const char *path, uint32_t mode, int64_t group, uint64_t *inode);
/* Opens it. -ESTALE: another file has this name. */
int cshm_fifo_open(const char *path, uint64_t inode);
/* Makes it readable; also if it is full. */
int cshm_fifo_ring(int fifo);
/* Makes it unreadable. */
int cshm_fifo_drain(int fifo);

/* The numbers N of all FIFOs in a directory whose names are `prefix` and N. Returns how many, at most `most`. */
int cshm_fifo_list(const char *directory, const char *prefix, uint64_t *numbers, int most);

#endif
