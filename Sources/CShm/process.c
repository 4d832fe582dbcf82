#include "cshm.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sched.h>
#include <unistd.h>

uint64_t cshm_page_bytes(void) { return (uint64_t)sysconf(_SC_PAGESIZE); }
uint32_t cshm_process_id(void) { return (uint32_t)getpid(); }
uint32_t cshm_user_id(void) { return (uint32_t)geteuid(); }

/* The set is as large as the kernel's, which may know of more processors than a cpu_set_t can say: 1024. */
uint32_t cshm_processors(void) {
    enum { MOST = 65536 };
    cpu_set_t *set = CPU_ALLOC(MOST);
    size_t bytes = CPU_ALLOC_SIZE(MOST);
    int n = set && sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 1;
    CPU_FREE(set);
    return (uint32_t)n;
}

uint32_t cshm_processors_online(void) { return (uint32_t)sysconf(_SC_NPROCESSORS_ONLN); }

static uint32_t inode_of(const char *path) {
    struct stat s;
    return stat(path, &s) < 0 ? 0 : (uint32_t)s.st_ino;
}

uint32_t cshm_pid_namespace(void) { return inode_of("/proc/self/ns/pid"); }

/* Asked for with each ring of a descriptor: the kernel is asked once, when the process first wants to know. */
uint32_t cshm_net_namespace(void) {
    static _Atomic uint32_t known;
    uint32_t inode = atomic_load_explicit(&known, memory_order_relaxed);
    if (!inode) atomic_store(&known, inode = inode_of("/proc/self/ns/net"));
    return inode;
}

static long read_file(const char *path, char *to, size_t room) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    long n = read(file, to, room - 1);
    close(file);
    to[n < 0 ? 0 : n] = 0;
    return n;
}

/* 0 and the start time; 1 if nothing is left of the process but its entry; negative if nothing can be read, for whatever reason. */
static int read_start_time(uint32_t process, uint64_t *ticks) {
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%u/stat", process);
    if (read_file(path, text, sizeof text) <= 0) return -ENOENT;
    /* The command in parentheses may hold anything; fields count from behind its last parenthesis. */
    char *field = strrchr(text, ')');
    if (!field || field[1] != ' ') return -ENOENT;
    char state = field[2];
    for (int skip = 0; field && skip < 18; skip++) field = strchr(field + 1, ' ');
    if (!field) return -ENOENT;
    /* A first thread that has ended while others run looks like a zombie, but for their number. */
    if ((state == 'Z' || state == 'X') && strtoul(field + 1, NULL, 10) <= 1) return 1;
    for (int skip = 0; field && skip < 2; skip++) field = strchr(field + 1, ' ');
    if (!field) return -ENOENT;
    *ticks = strtoull(field + 1, NULL, 10);
    return 0;
}

uint64_t cshm_start_time(uint32_t process) {
    uint64_t ticks = 0;
    return read_start_time(process, &ticks) == 0 ? ticks : 0;
}

int cshm_process_is_gone(uint32_t process, uint64_t start_time) {
    if (process == 0 || process > INT32_MAX) return 0;
    if (kill((pid_t)process, 0) < 0 && errno == ESRCH) return 1;
    uint64_t ticks = 0;
    int result = read_start_time(process, &ticks);
    /* /proc may be hidden, or not to be had for want of a descriptor: that says nothing. */
    return result == 1 || (result == 0 && start_time != 0 && ticks != start_time);
}

const char *cshm_environment(const char *name) { return secure_getenv(name); }

int64_t cshm_group_number(const char *name) {
    struct group group, *found;
    char room[4096];
    return getgrnam_r(name, &group, room, sizeof room, &found) == 0 && found ? (int64_t)found->gr_gid : -ENOENT;
}

int cshm_random(void *to, size_t bytes) { return getrandom(to, bytes, 0) == (ssize_t)bytes ? 0 : -EIO; }

int cshm_boot_id(uint8_t *to) {
    char text[64];
    if (read_file("/proc/sys/kernel/random/boot_id", text, sizeof text) < 36) return -EIO;
    for (int byte = 0, at = 0; byte < 16; byte++, at += 2) {
        if (text[at] == '-') at++;
        unsigned value;
        if (sscanf(text + at, "%2x", &value) != 1) return -EIO;
        to[byte] = (uint8_t)value;
    }
    return 0;
}

_Atomic(_Atomic uint64_t *) cshm_generation_page;

uint64_t cshm_fork_generation_anew(void) {
    _Atomic uint64_t *page = atomic_load_explicit(&cshm_generation_page, memory_order_acquire);
    if (!page) {
        page = mmap(NULL, cshm_page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) return (uint64_t)getpid();
        madvise((void *)page, cshm_page_bytes(), MADV_WIPEONFORK);
        _Atomic uint64_t *none = NULL;
        if (!atomic_compare_exchange_strong(&cshm_generation_page, &none, page)) {
            munmap((void *)page, cshm_page_bytes());
            page = none;
        }
    }
    uint64_t generation = atomic_load_explicit(page, memory_order_relaxed);
    if (generation == 0) {
        generation = (uint64_t)getpid() << 32 | (cshm_now() & UINT32_MAX);
        uint64_t none = 0;
        if (!atomic_compare_exchange_strong(page, &none, generation)) generation = none;
    }
    return generation;
}

const void *cshm_fork_mark(void) {
    static const uint64_t none;
    cshm_fork_generation();
    const void *page = (const void *)atomic_load_explicit(&cshm_generation_page, memory_order_acquire);
    return page ? page : &none;
}

size_t cshm_text_length(const char *text) { return strlen(text); }

void cshm_set_errno(int number) { errno = number; }

static _Thread_local struct { char found[512], remedy[256]; } kept;

static void keep(char *to, size_t room, const void *text, size_t bytes) {
    if (bytes >= room) bytes = room - 1;
    memcpy(to, text, bytes);
    to[bytes] = 0;
}

void cshm_keep_texts(const void *found, size_t found_bytes, const void *remedy, size_t remedy_bytes) {
    keep(kept.found, sizeof kept.found, found, found_bytes);
    keep(kept.remedy, sizeof kept.remedy, remedy, remedy_bytes);
}

const char *cshm_kept_text(int remedy) { return remedy ? kept.remedy : kept.found; }

const char *cshm_error_text(int number) {
    const char *text = strerrordesc_np(number);
    return text ? text : "Unknown error";
}
