/*
 * How long a send holds the lock of the bus: between the moment at which the library has it and the one at which it lets go.
 *
 * The library takes its lock by pthread calls; this program stands between. What the clock adds is in limit.hold: a robust lock
 * that is held for nothing, measured in the same way.
 */
#include "cbench_loop.h"

#include <kbus/kbus.h>
#include <kbus/kbus_shm.h>

#include <dlfcn.h>
#include <pthread.h>

enum { BATCH = 50 };

static int (*real_trylock)(pthread_mutex_t *);
static int (*real_clocklock)(pthread_mutex_t *, clockid_t, const struct timespec *);
static int (*real_unlock)(pthread_mutex_t *);

/* The library has a thread of its own, which takes locks too. */
static _Thread_local int is_watching;
static _Thread_local uint64_t taken_ns, held_ns, holds;

static void find_real(void) {
    real_trylock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_trylock");
    real_clocklock =
        (int (*)(pthread_mutex_t *, clockid_t, const struct timespec *))dlsym(RTLD_NEXT, "pthread_mutex_clocklock");
    real_unlock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_unlock");
}

static int took(int result) {
    if (result == 0 && is_watching) taken_ns = cbench_now();
    return result;
}

int pthread_mutex_trylock(pthread_mutex_t *mutex) {
    if (real_trylock == NULL) find_real();
    return took(real_trylock(mutex));
}

int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *limit) {
    if (real_clocklock == NULL) find_real();
    return took(real_clocklock(mutex, clock, limit));
}

int pthread_mutex_unlock(pthread_mutex_t *mutex) {
    if (real_unlock == NULL) find_real();
    if (is_watching && taken_ns != 0) {
        held_ns += cbench_now() - taken_ns;
        holds++;
        taken_ns = 0;
    }
    return real_unlock(mutex);
}

/* How long the lock was held during what was done since `is_watching` was set. */
static uint64_t stop_watching(void) {
    is_watching = 0;
    if (holds != 1) cbench_unavailable("the library does not take its lock once for each send, by a call that can be watched");
    uint64_t held = held_ns;
    held_ns = holds = 0;
    return held;
}

static void start_watching(void) { is_watching = 1; }

static void check(int result, const char *what) {
    if (result < 0) cbench_fail(what, result);
}

int main(int argc, char **argv) {
    cbench_part part;
    cbench_part_begin(&part, argc, argv);
    cbench_pin_to(part.client_cpu);
    setenv("KBUS_DIR", part.directory, 1);
    uint64_t *singles = malloc(part.samples * sizeof *singles), limit = cbench_now() + part.time_limit_ns;
    if (singles == NULL) cbench_fail("no memory for figures", 0);
    size_t count = 0;

    if (strcmp(part.transport, "limit.hold") == 0) {
        pthread_mutexattr_t attributes;
        pthread_mutex_t *mutex = cbench_shared(sizeof *mutex);
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(mutex, &attributes);
        while (count < part.samples) {
            start_watching();
            pthread_mutex_trylock(mutex);
            pthread_mutex_unlock(mutex);
            singles[count++] = stop_watching();
        }
    } else {
        kbus_ksock_t sender = kbus_ksock_open(0, O_RDWR), listener = kbus_ksock_open(0, O_RDWR);
        check(sender, "cannot open a Ksock");
        check(listener, "cannot open a Ksock");
        check(kbus_ksock_bind(listener, "$.Bench.Hold", 0), "cannot bind");
        kbus_message_t *announcement;
        check(kbus_msg_create(&announcement, "$.Bench.Hold", 12, NULL, 0, 0), "cannot make a message");
        announcement->data_len = part.payload_bytes;
        while (count < part.samples && cbench_now() < limit) {
            for (int i = 0; i < BATCH && count < part.samples; i++) {
                kbus_loan_t *loan;
                check(kbus_loan_make(sender, announcement, &loan), "cannot borrow room");
                cbench_stamp(kbus_loan_data(loan), part.payload_bytes, count);
                start_watching();
                check(kbus_loan_send(loan, NULL), "cannot send");
                singles[count++] = stop_watching();
            }
            kbus_received_t *received;
            while (kbus_receive_in_place(listener, 0, &received) == 1) kbus_received_release(received);
        }
        kbus_msg_delete(&announcement);
        kbus_ksock_close(sender);
        kbus_ksock_close(listener);
    }
    cbench_write(&part, singles, count);
    cbench_write(&part, NULL, 0);
    return 0;
}
