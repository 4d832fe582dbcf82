#include "cshm.h"
#include "cshm_robust.h"

#include <sys/mman.h>
#include <unistd.h>

/* Words of this process's threads, for its own report of its end: that runs in a signal handler, and can't go through lists. */
enum { MOST_KNOWN = 128 };
static struct {
    _Atomic(void *) word;   /* stored last, taken away first */
    uint32_t value;
    uint32_t process;       /* a forked child has none of its parent's */
} known[MOST_KNOWN];

static void know(void *word, uint32_t value) {
    static uint32_t taken;  /* never what is waited for */
    for (int place = 0; place < MOST_KNOWN; place++) {
        void *none = NULL;
        if (!atomic_compare_exchange_strong(&known[place].word, &none, &taken)) continue;
        known[place].value = value;
        known[place].process = (uint32_t)getpid();
        atomic_store(&known[place].word, word);
        return;
    }
}

static void forget(const void *word, uint32_t value) {
    for (int place = 0; place < MOST_KNOWN; place++)
        if (atomic_load(&known[place].word) == word && known[place].value == value) atomic_store(&known[place].word, NULL);
}

/* Before the shadow, so that for small regions both are in one page. */
struct cshm_life {
    struct robust_list_head head;
    char *region;
    char *shadow;
    size_t mapped;
};

static struct robust_list *entry_of(const cshm_life *life, const void *word) {
    return (struct robust_list *)(life->shadow + ((const char *)word - life->region));
}

cshm_life *cshm_life_begin(void *region, size_t bytes) {
    size_t mapped = sizeof(cshm_life) + bytes;
    cshm_life *life = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (life == MAP_FAILED) return NULL;
    life->region = region;
    life->shadow = (char *)(life + 1);
    life->mapped = mapped;
    life->head.list.next = &life->head.list;
    life->head.futex_offset = life->region - life->shadow;
    if (cshm_robust_adopt(&life->head) == 0) return life;
    munmap(life, mapped);
    return NULL;
}

/* Into the list after the word is ours: until then it is pending, which serves as well. */
static void enter(cshm_life *life, void *word, uint32_t mine) {
    know(word, mine);
    struct robust_list *entry = entry_of(life, word);
    entry->next = life->head.list.next;
    atomic_signal_fence(memory_order_seq_cst);
    life->head.list.next = entry;
    atomic_signal_fence(memory_order_seq_cst);
    life->head.list_op_pending = NULL;
}

int cshm_life_take(cshm_life *life, void *word) {
    uint32_t seen = cshm_load32(word), mine = cshm_robust_own()->thread | FUTEX_WAITERS;
    life->head.list_op_pending = entry_of(life, word);
    atomic_signal_fence(memory_order_seq_cst);
    while (!cshm_life_is_taken(seen))
        if (atomic_compare_exchange_strong((_Atomic uint32_t *)word, &seen, mine)) {
            enter(life, word, mine);
            return 1;
        }
    life->head.list_op_pending = NULL;
    return 0;
}

void cshm_life_claim(cshm_life *life, void *word) {
    life->head.list_op_pending = entry_of(life, word);
    atomic_signal_fence(memory_order_seq_cst);
    uint32_t mine = cshm_robust_own()->thread | FUTEX_WAITERS;
    cshm_store32(word, mine);
    enter(life, word, mine);
}

void cshm_life_give_back(cshm_life *life, void *word) {
    struct robust_list *gone = entry_of(life, word), *at = &life->head.list;
    life->head.list_op_pending = gone;
    atomic_signal_fence(memory_order_seq_cst);
    while (at->next != &life->head.list && at->next != gone) at = at->next;
    if (at->next == gone) at->next = gone->next;
    atomic_signal_fence(memory_order_seq_cst);
    uint32_t mine = cshm_robust_own()->thread | FUTEX_WAITERS;
    forget(word, mine);
    if (atomic_compare_exchange_strong((_Atomic uint32_t *)word, &mine, 0)) cshm_futex_wake(word, INT32_MAX);
    life->head.list_op_pending = NULL;
}

static void end(void *word, uint32_t value) {
    if (atomic_compare_exchange_strong((_Atomic uint32_t *)word, &value, FUTEX_OWNER_DIED)) cshm_futex_wake(word, INT32_MAX);
}

void cshm_life_end_all(void) {
    int error = errno;
    uint32_t process = (uint32_t)getpid();
    for (int place = 0; place < MOST_KNOWN; place++) {
        void *word = atomic_load(&known[place].word);
        if (word && known[place].process == process) end(word, known[place].value);
    }
    /* The lock, if this thread broke down with it: the next one repairs. */
    if (cshm_robust.held) {
        void *word = (void *)cshm_robust.held;
        uint32_t seen = cshm_load32(word);
        if (seen == cshm_robust.thread || seen == (cshm_robust.thread | FUTEX_WAITERS)) end(word, seen);
    }
    errno = error;
}

void cshm_life_await(cshm_life *life, const void *word) { life->head.list_op_pending = word ? entry_of(life, word) : NULL; }

void cshm_life_end(cshm_life *life) {
    cshm_robust_leave();
    munmap(life, life->mapped);
}

int cshm_life_is_mine(const void *word) { return (cshm_load32(word) & FUTEX_TID_MASK) == cshm_robust_own()->thread; }
int cshm_life_is_taken(uint32_t word) { return (word & FUTEX_TID_MASK) != 0; }
int cshm_life_has_ended(uint32_t word) { return (word & FUTEX_OWNER_DIED) != 0 && !cshm_life_is_taken(word); }

void cshm_life_mark_ended(void *word) { cshm_store32(word, FUTEX_OWNER_DIED); }

uint32_t cshm_life_prepare_wait(void *word) {
    uint32_t seen = cshm_load32(word);
    while (cshm_life_is_taken(seen) && !(seen & FUTEX_WAITERS))
        if (atomic_compare_exchange_strong((_Atomic uint32_t *)word, &seen, seen | FUTEX_WAITERS)) return seen | FUTEX_WAITERS;
    return seen;
}
