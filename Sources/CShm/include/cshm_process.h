/* Who and where a process is. */
#ifndef CSHM_PROCESS_H
#define CSHM_PROCESS_H

#include <stdatomic.h>
#include <stdint.h>
#include <stddef.h>

uint64_t cshm_page_bytes(void);
uint32_t cshm_process_id(void);
/* The inode of the process's pid namespace: a pid means something only within it. 0 if unknown. */
uint32_t cshm_pid_namespace(void);
/* The same of its network namespace, in which descriptors have their names. */
uint32_t cshm_net_namespace(void);
/* When a process started, in clock ticks since boot; 0 if there is no such process (a zombie counts as none). */
uint64_t cshm_start_time(uint32_t process);
/* Whether the process of this pid that started then has ended: 1 only if that is certain. */
int cshm_process_is_gone(uint32_t process, uint64_t start_time);
/* How many processors the calling thread may run on. */
uint32_t cshm_processors(void);
/* Of the whole machine. */
uint32_t cshm_processors_online(void);
uint32_t cshm_user_id(void);

/* The value of an environment variable, or NULL; NULL too in a set-uid program. */
const char *cshm_environment(const char *name);
/* The number of a group, or -ENOENT. */
int64_t cshm_group_number(const char *name);
int cshm_random(void *to, size_t bytes);
/* The 16 bytes of the machine's boot id. */
int cshm_boot_id(uint8_t *to);

/* A number that changes when the process forks: a Ksock of another number belongs to a parent. Never 0. It stands in a page
 * that the kernel empties in a child; whoever finds no page, or an empty one, asks for a new number. */
extern _Atomic(_Atomic uint64_t *) cshm_generation_page;
uint64_t cshm_fork_generation_anew(void);

static inline uint64_t cshm_fork_generation(void) {
    _Atomic uint64_t *page = atomic_load_explicit(&cshm_generation_page, memory_order_acquire);
    uint64_t generation = page ? atomic_load_explicit(page, memory_order_relaxed) : 0;
    return generation ? generation : cshm_fork_generation_anew();
}

/* Where that number stands, or a 0 if it stands nowhere. */
const void *cshm_fork_mark(void);

/* For C callers, who look at errno. */
void cshm_set_errno(int number);

/* Two texts for each thread: what its last failure found, and what to do. Cut to fit. Never null. */
void cshm_keep_texts(const void *found, size_t found_bytes, const void *remedy, size_t remedy_bytes);
const char *cshm_kept_text(int remedy);

/* strlen. */
size_t cshm_text_length(const char *text);

/* The system's words for an errno. Safe from any thread. */
const char *cshm_error_text(int number);

#endif
