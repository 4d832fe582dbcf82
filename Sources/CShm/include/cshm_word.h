/*
 * Words of shared memory. Every one is atomic, so that the compiler neither splits, repeats nor invents an access;
 * the ordering is named where it matters. On x86-64 all but exchange, add, and and fence are one plain instruction.
 */
#ifndef CSHM_WORD_H
#define CSHM_WORD_H

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "words are lock-free between processes");

static inline uint32_t cshm_load32(const void *p) { return atomic_load_explicit((const _Atomic uint32_t *)p, memory_order_relaxed); }
static inline uint64_t cshm_load64(const void *p) { return atomic_load_explicit((const _Atomic uint64_t *)p, memory_order_relaxed); }
static inline uint32_t cshm_load32_acquire(const void *p) { return atomic_load_explicit((const _Atomic uint32_t *)p, memory_order_acquire); }
static inline uint64_t cshm_load64_acquire(const void *p) { return atomic_load_explicit((const _Atomic uint64_t *)p, memory_order_acquire); }

/* Stores release: it costs nothing on x86-64, and no store of a transaction may overtake another (DESIGN R3). */
static inline void cshm_store32(void *p, uint32_t v) { atomic_store_explicit((_Atomic uint32_t *)p, v, memory_order_release); }
static inline void cshm_store64(void *p, uint64_t v) { atomic_store_explicit((_Atomic uint64_t *)p, v, memory_order_release); }

/* Fully ordered: half of a flag protocol. */
static inline uint64_t cshm_exchange64(void *p, uint64_t v) { return atomic_exchange((_Atomic uint64_t *)p, v); }
static inline uint32_t cshm_exchange32(void *p, uint32_t v) { return atomic_exchange((_Atomic uint32_t *)p, v); }
static inline uint32_t cshm_add32(void *p, uint32_t v) { return atomic_fetch_add((_Atomic uint32_t *)p, v); }
static inline int cshm_replace32(void *p, uint32_t old, uint32_t v) { return atomic_compare_exchange_strong((_Atomic uint32_t *)p, &old, v); }
static inline int cshm_replace64(void *p, uint64_t old, uint64_t v) { return atomic_compare_exchange_strong((_Atomic uint64_t *)p, &old, v); }
static inline uint64_t cshm_and64(void *p, uint64_t v) { return atomic_fetch_and((_Atomic uint64_t *)p, v); }
static inline void cshm_fence(void) { atomic_thread_fence(memory_order_seq_cst); }

/* The same behind an atomic exchange or addition, which on x86-64 is a full fence itself. */
static inline void cshm_fence_behind_atomic(void) {
#if defined(__x86_64__) || defined(__i386__)
    atomic_signal_fence(memory_order_seq_cst);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

static inline void cshm_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ volatile("yield");
#endif
}

/* Lets other threads have the processor first, if there are any that want it. */
void cshm_yield(void);

/* Asks for a cache line before it is needed: another core had it last, and fetching it takes as long as hundreds of
 * instructions. */
static inline void cshm_prefetch(const void *p) { __builtin_prefetch(p, 0); }
static inline void cshm_prefetch_to_write(const void *p) {
#if defined(__x86_64__)
    /* Compilers for any x86-64 make a prefetch to read of it, and the store would wait for the line once more. Where it is not
     * known it does nothing. */
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
    __builtin_prefetch(p, 1);
#endif
}

/* Payload and names: plain bytes, published by a later store and never changed while anybody may read them. */
static inline void cshm_copy(void *to, const void *from, size_t n) { memcpy(to, from, n); }
static inline void cshm_zero(void *p, size_t n) { memset(p, 0, n); }
/* Names, mostly: a few words, of which the last overlaps the one before. */
static inline int cshm_same(const void *a, const void *b, size_t n) {
    if (n < 8) return memcmp(a, b, n) == 0;
    uint64_t left, right, difference;
    const char *x = (const char *)a, *y = (const char *)b;
    size_t last = n - 8;
    memcpy(&left, x + last, 8);
    memcpy(&right, y + last, 8);
    difference = left ^ right;
    /* Too few for a loop that is unrolled. */
#ifdef __clang__
#pragma clang loop vectorize(disable) unroll(disable)
#endif
    for (size_t at = 0; at < last; at += 8) {
        memcpy(&left, x + at, 8);
        memcpy(&right, y + at, 8);
        difference |= left ^ right;
    }
    return difference == 0;
}
static inline int cshm_equal(const void *a, const void *b, size_t n) { return memcmp(a, b, n) == 0; }

#endif
