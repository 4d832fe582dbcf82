/* To be preloaded: counts allocations, and bytes copied by calls of memcpy and memmove. What compilers copy without a call, a few
 * bytes of known number, is not in it. */
#include "cbench_counts.h"

#include <errno.h>
#include <string.h>

static struct cbench_tally tally;

void cbench_tally_read(struct cbench_tally *place);
void cbench_tally_read(struct cbench_tally *place) { *place = tally; }

/* glibc's own names, which need no looking up. */
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static void count_allocation(void) { __atomic_fetch_add(&tally.allocations, 1, __ATOMIC_RELAXED); }

void *malloc(size_t bytes) {
    count_allocation();
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
    count_allocation();
    return __libc_calloc(count, bytes);
}

void *realloc(void *memory, size_t bytes) {
    count_allocation();
    return __libc_realloc(memory, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    count_allocation();
    *memory = __libc_memalign(alignment, bytes);
    return *memory == NULL ? ENOMEM : 0;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    count_allocation();
    return __libc_memalign(alignment, bytes);
}

/* Compiled so that these loops do not become calls of what they are (Makefile). */
void *memmove(void *to, const void *from, size_t bytes) {
    __atomic_fetch_add(&tally.copied_bytes, bytes, __ATOMIC_RELAXED);
    uint8_t *target = to;
    const uint8_t *source = from;
    if (target <= source || target >= source + bytes) {
        for (size_t i = 0; i < bytes; i++) target[i] = source[i];
    } else {
        for (size_t i = bytes; i > 0; i--) target[i - 1] = source[i - 1];
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) { return memmove(to, from, bytes); }
