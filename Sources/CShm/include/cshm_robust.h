/*
 * What the kernel is told of this thread's robust locks. For CShm alone; a header, since each message takes and gives back a
 * lock (cshm_lock.h).
 *
 * Each thread has one list head, which the C library registers for its own robust mutexes. `list_op_pending` in it names a
 * lock that the thread is taking, has, or is giving back; we set it around our own lock, and leave the list alone. The life
 * thread (life.c) has a head of its own making.
 */
#ifndef CSHM_ROBUST_H
#define CSHM_ROBUST_H

#include <linux/futex.h>
#include <stdint.h>

typedef struct cshm_robust_thread {
    struct robust_list_head *head;
    uint32_t thread;        /* 0 until it is known, and in a forked child */
    const void *held;       /* the lock that this thread has              */
    struct robust_list *outer;  /* what was pending before               */
} cshm_robust_thread;

/* In the block that is set up with a thread, where the C library lets a library loaded later have a place too: then it is
 * reached without a call. */
#ifdef __GLIBC__
#define CSHM_STATIC_TLS __attribute__((tls_model("initial-exec"), visibility("hidden")))
#else
#define CSHM_STATIC_TLS __attribute__((visibility("hidden")))
#endif

extern _Thread_local cshm_robust_thread cshm_robust CSHM_STATIC_TLS;
void cshm_robust_find_out(void);

/* Of the calling thread. */
static inline cshm_robust_thread *cshm_robust_own(void) {
    if (__builtin_expect(cshm_robust.thread == 0, 0)) cshm_robust_find_out();
    return &cshm_robust;
}

/* Makes `head` the calling thread's, in place of the C library's: for threads that never use the C library's robust mutexes. */
int cshm_robust_adopt(struct robust_list_head *head);
/* Back to the one before. */
void cshm_robust_leave(void);

static inline struct robust_list *cshm_robust_entry(const struct robust_list_head *head, const void *word) {
    return (struct robust_list *)((char *)word - head->futex_offset);
}

#endif
