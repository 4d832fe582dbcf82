#include "csurvival.h"
#include "sanitized.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int csurvival_fork(void) {
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* It may have gone just before. */
        if (getppid() != parent) _exit(70);
    }
    return child;
}

void *csurvival_shared(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void csurvival_sleep(int microseconds) {
    struct timespec span = { microseconds / 1000000, microseconds % 1000000 * 1000L };
    nanosleep(&span, NULL);
}

int csurvival_wait(int pid, int milliseconds) {
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int pause = 20;; pause = pause < 2000 ? pause * 2 : pause) {
        int status;
        if (waitpid(pid, &status, WNOHANG | __WALL) == pid) {
            if (WIFEXITED(status)) return WEXITSTATUS(status);
            if (WIFSIGNALED(status)) return -WTERMSIG(status);
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        if ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 > milliseconds) return -1000;
        csurvival_sleep(pause);
    }
}

char csurvival_state(int pid) {
    char path[32], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t bytes = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[bytes] = 0;
    char *name = strrchr(line, ')');
    return name && name[1] ? name[2] : 0;
}

int csurvival_share_processor(int idle) {
    static int processor = -1;
    cpu_set_t set;
    /* A child takes over what its parent has chosen. */
    if (processor < 0) processor = sched_getcpu();
    CPU_ZERO(&set);
    CPU_SET(processor < 0 ? 0 : processor, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0) return -errno;
    struct sched_param none = { 0 };
    return idle && sched_setscheduler(0, SCHED_IDLE, &none) < 0 ? -errno : 0;
}

static int threads_are_forbidden;

void csurvival_forbid_threads(int forbid) { threads_are_forbidden = forbid; }

#ifndef SANITIZED
/* In place of the C library's, for the whole program. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (threads_are_forbidden) return EAGAIN;
    if (!real) real = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, body, argument);
}
#endif
