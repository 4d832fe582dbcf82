/*
 * How long a send holds the lock of the bus: from the moment at which the library has it to the one at which it lets go; and whether it
 * wakes anybody meanwhile.
 *
 * This is linked from the objects that libkbus.so is made of, with the linker's --wrap between them and the two functions of the
 * lock, and the one that wakes. What the clock adds is in limit.hold: the same lock, held for nothing, measured in the same way.
 */
#include "cbench_counts.h"
#include "cbench_loop.h"

#include <kbus/kbus.h>
#include <kbus/kbus_shm.h>

#include <pthread.h>
#include <sys/syscall.h>

enum { BATCH = 50 };

int __real_cshm_lock_take(void *word, uint64_t nanoseconds);
int __real_cshm_lock_release(void *word);
int __real_cshm_futex_wake(const void *word, int count);

/* The library has a thread of its own, which takes locks too. */
static _Thread_local int is_watching, is_held;
static _Thread_local uint64_t taken_ns, held_ns, holds, wakes, wakes_while_held;

int __wrap_cshm_lock_take(void *word, uint64_t nanoseconds);
int __wrap_cshm_lock_take(void *word, uint64_t nanoseconds) {
    int result = __real_cshm_lock_take(word, nanoseconds);
    is_held = 1;
    if (is_watching) taken_ns = cbench_now();
    return result;
}

int __wrap_cshm_lock_release(void *word);
int __wrap_cshm_lock_release(void *word) {
    if (is_watching) {
        held_ns += cbench_now() - taken_ns;
        holds++;
    }
    is_held = 0;
    return __real_cshm_lock_release(word);
}

int __wrap_cshm_futex_wake(const void *word, int count);
int __wrap_cshm_futex_wake(const void *word, int count) {
    if (is_watching) wakes++, wakes_while_held += is_held;
    return __real_cshm_futex_wake(word, count);
}

/* How long the lock was held during what was done since `start_watching`. */
static uint64_t stop_watching(void) {
    is_watching = 0;
    if (holds != 1) cbench_fail("the library does not take its lock once for each send", 0);
    uint64_t held = held_ns;
    held_ns = holds = 0;
    return held;
}

static void start_watching(void) { is_watching = 1; }

static void check(int result, const char *what) {
    if (result < 0) cbench_fail(what, result);
}

static void hold_for_nothing(const cbench_part *part, uint64_t *singles) {
    uint32_t word = 0;
    for (size_t count = 0; count < part->samples; count++) {
        start_watching();
        __wrap_cshm_lock_take(&word, 0);
        __wrap_cshm_lock_release(&word);
        singles[count] = stop_watching();
    }
    cbench_write(part, singles, part->samples);
}

struct pair {
    kbus_ksock_t sender, listener;
    kbus_message_t *announcement;
};

static struct pair open_pair(const cbench_part *part) {
    struct pair pair = {.sender = kbus_ksock_open(0, O_RDWR), .listener = kbus_ksock_open(0, O_RDWR)};
    check(pair.sender, "cannot open a Ksock");
    check(pair.listener, "cannot open a Ksock");
    check(kbus_ksock_bind(pair.listener, "$.Bench.Hold", 0), "cannot bind");
    check(kbus_msg_create(&pair.announcement, "$.Bench.Hold", 12, NULL, 0, 0), "cannot make a message");
    pair.announcement->data_len = part->payload_bytes;
    return pair;
}

/* What is done under the lock is watched, and nothing else. */
static void send(const cbench_part *part, const struct pair *pair, uint64_t number) {
    kbus_loan_t *loan;
    check(kbus_loan_make(pair->sender, pair->announcement, &loan), "cannot borrow room");
    cbench_stamp(kbus_loan_data(loan), part->payload_bytes, number);
    start_watching();
    check(kbus_loan_send(loan, NULL), "cannot send");
}

static void hold_while_sending(const cbench_part *part, uint64_t *singles) {
    struct pair pair = open_pair(part);
    uint64_t limit = cbench_now() + part->time_limit_ns;
    size_t count = 0;
    do {
        for (int i = 0; i < BATCH && count < part->samples; i++) {
            send(part, &pair, count);
            singles[count++] = stop_watching();
        }
        kbus_received_t *received;
        while (kbus_receive_in_place(pair.listener, 0, &received) == 1) kbus_received_release(received);
    } while (count < part->samples && cbench_now() < limit);
    cbench_write(part, singles, count);
}

/* ---- Waking ---- */

static struct pair woken;
/* word: the listener's thread; number: what it has heard. */
static cbench_line heard;

static void *listen_asleep(void *part) {
    cbench_store(&heard, (uint32_t)syscall(SYS_gettid));
    for (uint64_t number = 0; number < ((const cbench_part *)part)->samples;) {
        kbus_received_t *received;
        check(kbus_receive_in_place(woken.listener, -1, &received), "cannot receive");
        number = cbench_number(kbus_received_message(received)->data);
        kbus_received_release(received);
        cbench_store_number(&heard, number);
    }
    return NULL;
}

static void await_sleep(uint64_t number) {
    uint64_t deadline = cbench_now() + 30000000000u;
    while (cbench_load(&heard) == 0 || cbench_load_number(&heard) < number || !cbench_is_asleep((pid_t)cbench_load(&heard)))
        if (cbench_now() > deadline) cbench_fail("the listener did not go to sleep", 0);
}

/* Writes one list: messages, each sent to a listener that sleeps; wakes; those of them with the lock held. */
static void wake_while_sending(cbench_part *part) {
    woken = open_pair(part);
    check(kbus_set_polled(woken.listener, 0), "cannot leave the descriptor alone");
    check(kbus_set_spin_budget(woken.listener, 0), "cannot set the spin budget");
    pthread_t listener;
    int result = pthread_create(&listener, NULL, listen_asleep, part);
    if (result != 0) cbench_fail("cannot start a thread", result);
    for (uint64_t number = 1; number <= part->samples; number++) {
        await_sleep(number - 1);
        send(part, &woken, number);
        stop_watching();
    }
    pthread_join(listener, NULL);
    uint64_t counts[3] = {part->samples, wakes, wakes_while_held};
    cbench_write(part, counts, 3);
}

int main(int argc, char **argv) {
    cbench_part part;
    cbench_part_begin(&part, argc, argv);
    cbench_pin_to(part.client_cpu);
    setenv("KBUS_DIR", part.directory, 1);
    if (strcmp(part.scenario, "wakes") == 0) {
        wake_while_sending(&part);
        return 0;
    }
    uint64_t *singles = malloc(part.samples * sizeof *singles);
    if (singles == NULL) cbench_fail("no memory for figures", 0);
    if (strcmp(part.transport, "limit.hold") == 0) hold_for_nothing(&part, singles);
    else hold_while_sending(&part, singles);
    cbench_write(&part, NULL, 0);
    return 0;
}
