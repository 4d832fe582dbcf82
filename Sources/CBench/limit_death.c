/* Limits of learning that a process has died: what the kernel itself has to offer. */
#include "cbench_limits.h"
#include "cbench_loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static pthread_mutex_t *make_lock(void) {
    pthread_mutex_t *mutex = cbench_shared(sizeof *mutex);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(mutex, &attributes);
    return mutex;
}

/* Returns when the victim's death is known by its lock, or by its pidfd if there is no lock. */
static uint64_t await_death(pid_t victim, pthread_mutex_t *mutex) {
    if (mutex != NULL) {
        int result = pthread_mutex_lock(mutex);
        uint64_t now = cbench_now();
        if (result != EOWNERDEAD) cbench_fail("the lock does not tell of its owner's death", result);
        pthread_mutex_consistent(mutex);
        pthread_mutex_unlock(mutex);
        return now;
    }
    int fd = (int)syscall(SYS_pidfd_open, victim, 0);
    if (fd < 0) cbench_unavailable("there are no pidfds here");
    struct pollfd end = {.fd = fd, .events = POLLIN};
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    uint64_t now = cbench_now();
    close(fd);
    return now;
}

int cbench_limit_death(const cbench_part *part) {
    int is_robust = strcmp(part->transport, "limit.robust") == 0;
    if (!is_robust && strcmp(part->transport, "limit.pidfd") != 0) return 0;
    cbench_area *area = cbench_shared(sizeof *area);
    pthread_mutex_t *mutex = is_robust ? make_lock() : NULL;
    cbench_pin_to(part->client_cpu);
    uint64_t *times = malloc(part->samples * sizeof *times), limit = cbench_now() + part->time_limit_ns;
    if (times == NULL) cbench_fail("no memory for figures", 0);
    size_t count = 0;
    while (count < part->samples && (count == 0 || cbench_now() < limit)) {
        cbench_store(cbench_ready(area), 0);
        pid_t victim = cbench_fork();
        if (victim == 0) {
            cbench_pin_to(part->server_cpu);
            cbench_touch_memory(part->memory_bytes);
            if (mutex != NULL) pthread_mutex_lock(mutex);
            cbench_store(cbench_ready(area), 1);
            for (;;) pause();
        }
        cbench_await(cbench_ready(area), 1);
        uint64_t killed;
        cbench_kill_soon(part, victim, &killed);
        uint64_t known = await_death(victim, mutex);
        times[count++] = known - __atomic_load_n(&killed, __ATOMIC_ACQUIRE);
        while (waitpid(victim, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    cbench_write(part, times, count);
    cbench_write(part, NULL, 0);
    free(times);
    return 1;
}
