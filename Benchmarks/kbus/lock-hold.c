/*
 * How long a send holds the lock of the bus: from the moment at which the library has it to the one at which it lets go.
 *
 * This is linked from the objects that libkbus.so is made of, with the linker's --wrap between them and the two functions of the
 * lock. What the clock adds is in limit.hold: the same lock, held for nothing, measured in the same way.
 */
#include "cbench_loop.h"

#include <kbus/kbus.h>
#include <kbus/kbus_shm.h>

enum { BATCH = 50 };

int __real_cshm_lock_take(void *word, uint64_t nanoseconds);
int __real_cshm_lock_release(void *word);

/* The library has a thread of its own, which takes locks too. */
static _Thread_local int is_watching;
static _Thread_local uint64_t taken_ns, held_ns, holds;

int __wrap_cshm_lock_take(void *word, uint64_t nanoseconds);
int __wrap_cshm_lock_take(void *word, uint64_t nanoseconds) {
    int result = __real_cshm_lock_take(word, nanoseconds);
    if (is_watching) taken_ns = cbench_now();
    return result;
}

int __wrap_cshm_lock_release(void *word);
int __wrap_cshm_lock_release(void *word) {
    if (is_watching) {
        held_ns += cbench_now() - taken_ns;
        holds++;
    }
    return __real_cshm_lock_release(word);
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

int main(int argc, char **argv) {
    cbench_part part;
    cbench_part_begin(&part, argc, argv);
    cbench_pin_to(part.client_cpu);
    setenv("KBUS_DIR", part.directory, 1);
    uint64_t *singles = malloc(part.samples * sizeof *singles), limit = cbench_now() + part.time_limit_ns;
    if (singles == NULL) cbench_fail("no memory for figures", 0);
    size_t count = 0;

    if (strcmp(part.transport, "limit.hold") == 0) {
        uint32_t word = 0;
        while (count < part.samples) {
            start_watching();
            __wrap_cshm_lock_take(&word, 0);
            __wrap_cshm_lock_release(&word);
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
        do {
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
        } while (count < part.samples && cbench_now() < limit);
        kbus_msg_delete(&announcement);
        kbus_ksock_close(sender);
        kbus_ksock_close(listener);
    }
    cbench_write(&part, singles, count);
    cbench_write(&part, NULL, 0);
    return 0;
}
