/*
 * What this library offers beyond the original: error texts, time limits, messages in place, counters, buses.
 *
 * Times are nanoseconds; a negative one is for ever, 0 is now. Returns as in kbus.h: -errno on failure, errno set.
 *
 * To be quick, the calls that carry messages here (send, receive, request, loan) trust the number they are given: a Ksock whose
 * descriptor the program has closed with close(2), instead of kbus_ksock_close, may go unnoticed by them for a while. Those
 * of kbus.h look each time.
 */
#ifndef KBUS_SHM_H
#define KBUS_SHM_H

#include "kbus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ---- */

/* What the call that failed last in this thread found, in words; "" if none has. Valid until the thread's next failure. */
const char *kbus_last_error(void);
/* What to do about it. */
const char *kbus_last_remedy(void);

/* ---- With a time limit ---- */

/*
 * Sends a message and, if it has to wait for room (KBUS_BIT_ALL_OR_WAIT), waits with it. -ETIMEDOUT: the time is up; the message is dropped, nobody got it. Else as kbus_ksock_send_msg.
 */
int kbus_send_within(kbus_ksock_t ksock, const kbus_message_t *msg, int64_t timeout_ns, kbus_msg_id_t *msg_id);
/* The same with a message that waits already (-EAGAIN), of this id. If none of this id waits any more it was sent: 0. */
int kbus_wait_until_sent(kbus_ksock_t ksock, const kbus_msg_id_t *msg_id, int64_t timeout_ns);
/* Takes the next message as a copy of its own, to be freed with kbus_msg_delete. Returns 1, or 0 if the time is up. */
int kbus_receive_within(kbus_ksock_t ksock, int64_t timeout_ns, kbus_message_t **msg);
/*
 * Sends a Request and waits for its answer, a Reply or a status by the bus, to be freed with kbus_msg_delete. Other
 * messages stay queued, in order. Returns 0. -ETIMEDOUT: no answer in time; a late one is refused.
 */
int kbus_request_within(kbus_ksock_t ksock, const kbus_message_t *request, int64_t timeout_ns, kbus_message_t **reply);
/* As kbus_wait_for_message. Returns 0 if the time is up. */
int kbus_wait_within(kbus_ksock_t ksock, int wait_for, int64_t timeout_ns);
/*
 * Waits for several Ksocks, also of different buses, and tells of each in ready[i] what it is ready for: 0, or bits of `wait_for`. Returns
 * how many are ready, 0 if the time is up. Quicker than poll on their numbers.
 */
int kbus_wait_any(const kbus_ksock_t *ksocks, size_t count, int wait_for, int64_t timeout_ns, int *ready);
/*
 * A second descriptor, for event loops: readable from when a message is queued until a read finds none, and woken in two thirds of the
 * time. It belongs to the Ksock: it is closed with it, and not to be read from. From the first call on the Ksock's own descriptor tells
 * of room to write only; it remains the one to call with. Negative on failure: -EBADF for a Ksock that only writes.
 */
int kbus_ksock_fast_descriptor(kbus_ksock_t ksock);
/* Waits until a Request of this name would find a Replier, and tells its id. -ETIMEDOUT. */
int kbus_wait_for_replier(kbus_ksock_t ksock, const char *name, int64_t timeout_ns, uint32_t *replier_ksock_id);
/* How long a wait spins before it sleeps: until this is called 20 us, and less while that is in vain, as where the program has one processor.
 * Spinning answers sooner, and costs a core. */
int kbus_set_spin_budget(kbus_ksock_t ksock, int64_t budget_ns);
/*
 * Says whether the program waits for this Ksock in poll, select, epoll or the like: it is taken to until it says 0. Then nobody makes its
 * descriptors readable, which saves both sides system calls with every message; they stay unreadable, whatever is queued, until it says 1.
 * For programs that only wait in the calls of this library. Returns 0.
 */
int kbus_set_polled(kbus_ksock_t ksock, uint32_t is_polled);

/* ---- Requests, and their answers later ---- */

/*
 * Sends a Request without waiting for its answer, and tells its id. The answer is kept for kbus_request_answer: no other call returns it.
 * Fails as kbus_ksock_send_msg, but that a Request that waits for room (KBUS_BIT_ALL_OR_WAIT) has begun: 0.
 */
int kbus_request_begin(kbus_ksock_t ksock, const kbus_message_t *request, kbus_msg_id_t *msg_id);
/*
 * Waits for the next answer to any such Request, a Reply or a status by the bus, and takes it, to be freed with kbus_msg_delete:
 * (*reply)->in_reply_to says which Request it ends. Other messages stay queued, in order. Returns 1, or 0 if the time is up, or no Request is
 * left that could be answered.
 */
int kbus_request_answer(kbus_ksock_t ksock, int64_t timeout_ns, kbus_message_t **reply);
/*
 * Ends such a Request: a late answer is refused, and the place reserved for it is given back. Returns 0, or 1 and the answer if that has come
 * already.
 */
int kbus_request_withdraw(kbus_ksock_t ksock, const kbus_msg_id_t *msg_id, kbus_message_t **reply);

/* ---- Reading in place ---- */

/* A message whose data stays in shared memory, unchanged, until it is released. A Ksock can hold 64. One thread at a time. */
typedef struct kbus_received kbus_received_t;

/* Takes the next message in place. Returns 1, or 0 if the time is up. -ENOMEM: 64 are held. Release it when done. */
int kbus_receive_in_place(kbus_ksock_t ksock, int64_t timeout_ns, kbus_received_t **received);
/* The message, in pointy form; `name` is terminated, `data` points into shared memory and is null if there is none. Valid
 * until the release; not to be written to. */
const kbus_message_t *kbus_received_message(const kbus_received_t *received);
/* Ends it. May be called after the Ksock is closed. Null is allowed. */
void kbus_received_release(kbus_received_t *received);

/* ---- Filling in place ---- */

/* A message to be filled in shared memory and sent without a copy. One thread at a time. */
typedef struct kbus_loan kbus_loan_t;

/*
 * Borrows room for a message like `msg`, of which the data is not looked at, with msg->data_len bytes of data. Fails as writing
 * does; also -ENOMEM and -ENOSPC. End it with kbus_loan_send or kbus_loan_drop.
 */
int kbus_loan_make(kbus_ksock_t ksock, const kbus_message_t *msg, kbus_loan_t **loan);
/*
 * Borrows room for the Reply to a Request that is held in place, with data_len bytes of data. -EBADMSG: it is not a Request that its reader
 * is to answer.
 */
int kbus_loan_reply(const kbus_received_t *request, uint32_t data_len, kbus_loan_t **loan);
/* Where to put the data: data_len bytes, whose content is anything at first. */
void *kbus_loan_data(kbus_loan_t *loan);
/* Sends it. Ends the loan, also on failure. Fails as kbus_ksock_send. */
int kbus_loan_send(kbus_loan_t *loan, kbus_msg_id_t *msg_id);
/* Ends it without sending. Null is allowed. */
void kbus_loan_drop(kbus_loan_t *loan);

/* ---- Several at a time ---- */

/*
 * Sends messages under one lock and with one wake-up for each recipient: the first `count` of them, 64 at most, in order, with nobody else's
 * in between, each entirely or not at all. Returns how many were sent, and their ids in msg_ids[] (which may be null). Fewer than asked for:
 * the one behind could not be sent; a call that begins with it says why. Negative, as kbus_ksock_send_msg, if the first could not.
 */
int kbus_send_many(kbus_ksock_t ksock, const kbus_message_t *const *msgs, size_t count, kbus_msg_id_t *msg_ids);
/*
 * The same with messages that were filled in place: `count` loans of one Ksock, 64 at most. They all end, sent or not, but for -EINVAL: too
 * many, or of several Ksocks; and -EFAULT: no array, or no first loan.
 */
int kbus_loan_send_many(kbus_loan_t *const *loans, size_t count, kbus_msg_id_t *msg_ids);
/*
 * Takes what is queued, up to `count` messages, and waits for the first of them as kbus_receive_within and kbus_receive_in_place do. Returns
 * how many it took, 0 if the time is up.
 */
int kbus_receive_many(kbus_ksock_t ksock, int64_t timeout_ns, kbus_message_t **msgs, size_t count);
int kbus_receive_many_in_place(kbus_ksock_t ksock, int64_t timeout_ns, kbus_received_t **received, size_t count);

/* ---- Counters and listings ---- */

typedef struct kbus_counters {
    uint32_t queued;          /* messages in the queue                                        */
    uint32_t max_messages;
    uint32_t set_aside;       /* bind events set aside for this Ksock                         */
    uint32_t outstanding;     /* Requests it sent that have no answer yet                     */
    uint32_t outstanding_max; /* the most there ever were                                     */
    uint32_t unreplied;       /* Requests it took and has not answered                        */
    uint64_t missed;          /* copies that it did not get because its queue was full        */
    uint64_t bus_recoveries;  /* locks of the bus taken over from a dead process               */
    uint64_t bus_lock_stalls; /* waits for the lock of the bus that ran into a time-out        */
    uint64_t most_queued;     /* the most messages ever queued, but for the last 31 at most     */
    uint64_t oldest_unread_ns; /* how long the oldest message has waited, at least               */
    uint64_t newly_missed;    /* of `missed`: since kbus_ksock_newly_missed was last called      */
    uint64_t bus_pool_exhaustions; /* times that a pool of the bus was found used up            */
} kbus_counters_t;

/* Fills in at most `size` bytes of *counters, sizeof(kbus_counters_t): later versions may know more. */
int kbus_ksock_counters(kbus_ksock_t ksock, kbus_counters_t *counters, size_t size);
/*
 * How many messages this Ksock has missed because its queue was full, since this was last called: if not 0, there is a gap behind those
 * that are queued. For whoever takes them; the counters are for others, and change nothing about this. Never waits. Returns 0.
 */
int kbus_ksock_newly_missed(kbus_ksock_t ksock, uint64_t *count);

/*
 * The text of the original's /proc/kbus/bindings or /proc/kbus/stats, of one bus or of all (-1), in new memory to be freed
 * with free().
 */
int kbus_list_bindings(int device_number, char **text);
int kbus_list_statistics(int device_number, char **text);

/* ---- Buses ---- */

/* Makes a bus. `options` as for `kbus create` on a command line; null: those of $KBUS_CREATE. -EEXIST. -EINVAL: an option is wrong. */
int kbus_bus_create(uint32_t device_number, const char *options);
/* Removes a bus; whoever has it open keeps it. -ENOENT. */
int kbus_bus_remove(uint32_t device_number);

/* ---- Crashes ---- */

/*
 * For a handler of fatal signals: says at once that this process ends, so that requests sent to it are answered now, and not when
 * the kernel is done with the process: a core dump or a backtrace can put that off for seconds. Async-signal-safe. The process is
 * to use no Ksock of its own afterwards; calls on them fail with -EBADF.
 */
void kbus_owner_crashing(void);

/* The version of the library: "0.1.0". */
const char *kbus_version(void);

#ifdef __cplusplus
}
#endif

#endif
