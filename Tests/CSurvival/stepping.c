#include "csurvival.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>

#ifdef __x86_64__

int csurvival_can_step(void) { return 1; }

void csurvival_mark(void) { __asm__ volatile("int3"); }

int csurvival_seize(int pid) { return ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL) < 0 ? -errno : 0; }

/* The signal that the tracee stopped for; -1 if it is over. */
static int stop_of(int pid) {
    int status;
    pid_t result;
    do result = waitpid(pid, &status, __WALL);
    while (result < 0 && errno == EINTR);
    return result == pid && WIFSTOPPED(status) ? WSTOPSIG(status) : -1;
}

int csurvival_run_to_mark(int pid) {
    for (int signal = 0;;) {
        signal = stop_of(pid);
        if (signal < 0) return -1;
        if (signal == SIGTRAP) return 0;
        if (ptrace(PTRACE_CONT, pid, 0, signal) < 0) return -1;
    }
}

long csurvival_step(int pid, long count, const uint32_t *ended, uint64_t *places) {
    for (long n = 0; n < count; n++) {
        if (__atomic_load_n(ended, __ATOMIC_ACQUIRE)) return n;
        if (places) places[n] = (uint64_t)ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, regs.rip), 0);
        int signal = SIGTRAP;
        do {
            if (ptrace(PTRACE_SINGLESTEP, pid, 0, signal == SIGTRAP ? 0 : signal) < 0) return -1;
            signal = stop_of(pid);
            if (signal < 0) return -1;
        } while (signal != SIGTRAP);
    }
    return count;
}

static int set_debug_register(int pid, int number, uint64_t value) {
    return ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg) + (size_t)number * sizeof(uint64_t), value) < 0 ? -errno : 0;
}

/* A breakpoint of the processor: it changes no memory, which the victim shares with its like. */
int csurvival_run_to(int pid, uint64_t place, long hits) {
    enum { CONTROL = 7, EXECUTE_0 = 1 };
    if (set_debug_register(pid, 0, place) < 0 || set_debug_register(pid, CONTROL, EXECUTE_0) < 0) return -1;
    while (hits > 0) {
        if (ptrace(PTRACE_CONT, pid, 0, 0) < 0) return -1;
        int signal = stop_of(pid);
        if (signal < 0) return -1;
        if (signal == SIGTRAP) hits--;
    }
    return set_debug_register(pid, CONTROL, 0);
}

int csurvival_let_go(int pid) { return ptrace(PTRACE_DETACH, pid, 0, 0) < 0 ? -errno : 0; }

#else

int csurvival_can_step(void) { return 0; }
void csurvival_mark(void) {}
int csurvival_seize(int pid) { (void)pid; return -ENOSYS; }
int csurvival_run_to_mark(int pid) { (void)pid; return -1; }
long csurvival_step(int pid, long count, const uint32_t *ended, uint64_t *places) {
    (void)pid, (void)count, (void)ended, (void)places;
    return -1;
}
int csurvival_run_to(int pid, uint64_t place, long hits) {
    (void)pid, (void)place, (void)hits;
    return -1;
}
int csurvival_let_go(int pid) { (void)pid; return -ENOSYS; }

#endif
