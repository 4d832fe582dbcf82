/*
 * Words that tell of a thread's end: while a thread has one, the word is the thread's id, with FUTEX_WAITERS set in advance;
 * when the thread ends, however it ends, the kernel puts FUTEX_OWNER_DIED in place of the id and wakes one waiter. execve ends
 * the other threads of a process too, so it is seen as well.
 *
 * A thread can have several words, all in one region of shared memory. The kernel finds them through a list whose entries lie
 * at one distance from the words: in a private shadow of the region, so that nothing but the words is shared.
 */
#ifndef CSHM_LIFE_H
#define CSHM_LIFE_H

#include <stddef.h>
#include <stdint.h>

typedef struct cshm_life cshm_life;

/* For the calling thread, which is to be one that uses no robust mutex of the C library: words in `bytes` bytes from `region`.
 * NULL if the kernel or the memory won't. */
cshm_life *cshm_life_begin(void *region, size_t bytes);

/* Takes a word that nobody has: 1, or 0 if somebody alive has it. Words lie 8 bytes apart or more. */
int cshm_life_take(cshm_life *life, void *word);

/* Takes a word whoever has it: one in a record that is ours alone. */
void cshm_life_claim(cshm_life *life, void *word);

/* Gives a word back; wakes everybody who waits for it. One that somebody else has by now is left alone. */
void cshm_life_give_back(cshm_life *life, void *word);

/* If the thread ends while it waits for this word, another waiter is woken in its place. NULL: for none. */
void cshm_life_await(cshm_life *life, const void *word);

/* To be called by the same thread, having given back all words, before the region is unmapped. */
void cshm_life_end(cshm_life *life);

/* Marks all words of this process, and the bus lock if the calling thread has it, as its end would, and wakes who waits for them. For
 * a handler of fatal signals: the process is not to use any bus afterwards. Async-signal-safe. */
void cshm_life_end_all(void);

/* Whether the calling thread has the word. */
int cshm_life_is_mine(const void *word);

/* Whether some thread has the word; whether a thread ended that had it. */
int cshm_life_is_taken(uint32_t word);
int cshm_life_has_ended(uint32_t word);

/* As the kernel would have, for a thread of an earlier boot. */
void cshm_life_mark_ended(void *word);

/* The word as it is to be waited on: FUTEX_WAITERS is set in it if somebody has it. */
uint32_t cshm_life_prepare_wait(void *word);

#endif
