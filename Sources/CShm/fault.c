#include "cshm.h"

#include <signal.h>
#include <unistd.h>

/* Of the thread that armed it: other threads of a test process don't move the count. */
static _Thread_local uint64_t stores, fatal;
static _Thread_local int action, armed;

void cshm_fault_arm(uint64_t n, int act) {
    stores = 0;
    fatal = n;
    action = act;
    armed = 1;
}

uint64_t cshm_fault_count(void) { return stores; }

uint64_t cshm_fault_disarm(void) {
    armed = 0;
    return stores;
}

void cshm_fault_point(void) {
    if (!armed || ++stores != fatal) return;
    if (action == CSHM_FAULT_KILL) kill(getpid(), SIGKILL);
    if (action == CSHM_FAULT_STOP) kill(getpid(), SIGSTOP);
}
