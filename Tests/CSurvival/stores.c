#include "csurvival.h"
#include "cshm.h"
#include "sanitized.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __x86_64__

enum { TRAP_FLAG = 0x100, WRITE_FAULT = 2 };

static struct {
    char *base;
    size_t bytes;
    csurvival_store *stores;
    long count, room;
    int awaits_mapping;
} watched;

/* A store into an unwritable page: noted, and let through for one instruction. */
static void on_fault(int signal, siginfo_t *info, void *context) {
    ucontext_t *state = context;
    char *address = info->si_addr;
    if (!watched.base || address < watched.base || address >= watched.base + watched.bytes
        || !(state->uc_mcontext.gregs[REG_ERR] & WRITE_FAULT)) {
        struct sigaction ordinary = { .sa_handler = SIG_DFL };
        sigaction(signal, &ordinary, NULL);
        return;
    }
    if (watched.count < watched.room) {
        uint64_t place = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
        watched.stores[watched.count] = (csurvival_store){
            .offset = (uint64_t)(address - watched.base), .place = place, .fault_point = cshm_fault_count(),
        };
    }
    watched.count++;
    mprotect(watched.base, watched.bytes, PROT_READ | PROT_WRITE);
    state->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_step(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    ucontext_t *state = context;
    state->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
    if (watched.base) mprotect(watched.base, watched.bytes, PROT_READ);
}

static int find(const char *file) {
    FILE *maps = fopen("/proc/self/maps", "r");
    if (!maps) return -errno;
    char line[4600];
    int result = -ENOENT;
    while (result < 0 && fgets(line, sizeof line, maps)) {
        unsigned long begin, end;
        char access[8], path[4200] = "";
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %4199s", &begin, &end, access, path) < 3 || strcmp(path, file) != 0) continue;
        if (access[3] != 's') continue;
        watched.base = (char *)begin;
        watched.bytes = end - begin;
        result = 0;
    }
    fclose(maps);
    return result;
}

static int begin(void *base, size_t bytes) {
    watched.base = base;
    watched.bytes = bytes;
    return mprotect(base, bytes, PROT_READ) < 0 ? -errno : 0;
}

#ifndef SANITIZED
/* In place of the C library's, for the calls of this program. */
void *mmap(void *wanted, size_t bytes, int access, int flags, int file, off_t offset) {
    long result = syscall(SYS_mmap, wanted, bytes, access, flags, file, offset);
    if (result != -1 && watched.awaits_mapping && file >= 0 && flags & MAP_SHARED) {
        watched.awaits_mapping = 0;
        begin((void *)result, bytes);
    }
    return (void *)result;
}

int munmap(void *base, size_t bytes) {
    /* Something else may be there next. */
    if (base == watched.base) watched.base = NULL;
    return (int)syscall(SYS_munmap, base, bytes);
}
#endif

int csurvival_watch_stores(const char *file, csurvival_store *stores, long room) {
    struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
    struct sigaction step = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &fault, NULL);
    sigaction(SIGTRAP, &step, NULL);
    watched.stores = stores;
    watched.room = room;
    watched.count = 0;
    int result = find(file);
    watched.awaits_mapping = result == -ENOENT;
    return watched.awaits_mapping ? 0 : result < 0 ? result : begin(watched.base, watched.bytes);
}

long csurvival_unwatch_stores(void) {
    if (watched.base) mprotect(watched.base, watched.bytes, PROT_READ | PROT_WRITE);
    watched.base = NULL;
    watched.awaits_mapping = 0;
    long kept = watched.count < watched.room ? watched.count : watched.room;
    Dl_info object;
    for (long n = 0; n < kept; n++)
        watched.stores[n].is_library =
            dladdr((void *)watched.stores[n].place, &object) && strstr(object.dli_fname, "libc.so") != NULL;
    return watched.count;
}

#else

int csurvival_watch_stores(const char *file, csurvival_store *stores, long room) {
    (void)file, (void)stores, (void)room;
    return -ENOSYS;
}
long csurvival_unwatch_stores(void) { return 0; }

#endif
