/*
 * libkbus: the C face of the bus.
 *
 * A program written for the original's libkbus compiles against this unchanged. What goes beyond the original - time limits,
 * messages read and filled in place, error texts - is in kbus_shm.h.
 *
 * Every function that can fail returns 0, or what its comment says, and -errno on failure; errno is set as well.
 * kbus_last_error() says what was found, kbus_last_remedy() what to do (kbus_shm.h).
 * Nothing blocks but kbus_wait_for_message. Every function is safe from any thread; a message in pieces (write, read) is
 * one thread's business. Output parameters are written only on success unless stated.
 */
#ifndef _LKBUS_H_INCLUDED_
#define _LKBUS_H_INCLUDED_

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux/kbus_defns.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kbus_msg_id kbus_msg_id_t;
typedef struct kbus_orig_from kbus_orig_from_t;
typedef struct kbus_bind_request kbus_bind_request_t;
typedef struct kbus_bind_query kbus_bind_query_t;
typedef struct kbus_message_header kbus_message_t;
typedef struct kbus_entire_message kbus_entire_message_t;
typedef struct kbus_replier_bind_event_data kbus_replier_bind_event_data_t;

/*
 * A connection to a bus: a file descriptor that can be given to poll, select, epoll, dup and close. Ready for reading while a
 * message is queued; ready for writing while it is open for writing and no message waits in it. A process created by
 * fork can't use its parent's: every call gives -ECHILD, but for kbus_ksock_close, which closes the child's copy.
 */
typedef int kbus_ksock_t;

#define KBUS_KSOCK_READABLE 1
#define KBUS_KSOCK_WRITABLE 2

/* ---- Ksocks ---- */

/*
 * Opens a bus: O_RDONLY, O_WRONLY or O_RDWR; other flags have no meaning. Bus 0 is made if it is not there yet.
 * Returns the Ksock. -ENOENT: no such bus. -EACCES: no permission. -EMFILE: no descriptor is left.
 */
kbus_ksock_t kbus_ksock_open(uint32_t device_number, int flags);
/* The same; the bus is named "/dev/kbus<N>". -ENOENT for any other name. */
kbus_ksock_t kbus_ksock_open_by_name(const char *device_name, int flags);
/*
 * Closes: bindings go, requests sent to this Ksock are answered by the bus. With copies made by dup, the last one does it.
 * -EBADF: not an open Ksock.
 */
int kbus_ksock_close(kbus_ksock_t ksock);

/*
 * Binds to a name or wildcard. -EBADMSG: bad name. -ENAMETOOLONG. -EADDRINUSE: the name has a Replier.
 * -EAGAIN: bind reports are on, and a listener to them has no room.
 */
int kbus_ksock_bind(kbus_ksock_t ksock, const char *name, uint32_t is_replier);
/* Undoes the newest such binding. -EINVAL: there is none; else as kbus_ksock_bind. */
int kbus_ksock_unbind(kbus_ksock_t ksock, const char *name, uint32_t is_replier);
/* The Ksock's own id on its bus, never 0. */
int kbus_ksock_id(kbus_ksock_t ksock, uint32_t *ksock_id);

/*
 * Goes on to the next message: it is the one to be read now; what is left of the one before is dropped.
 * Returns 1 and the message's length in bytes (entire form), or 0 and 0 if none is queued.
 */
int kbus_ksock_next_msg(kbus_ksock_t ksock, uint32_t *message_length);
/* How many bytes of the message being read are left; 0 if none is being read. */
int kbus_ksock_len_left(kbus_ksock_t ksock, uint32_t *len_left);
/* The id of the message sent last; {0, 0} at first. */
int kbus_ksock_last_msg_id(kbus_ksock_t ksock, kbus_msg_id_t *msg_id);
/*
 * The Ksock that is bound as Replier to exactly this name, or 0. Returns 0 in both cases.
 * -ENAMETOOLONG, also for an empty name.
 */
int kbus_ksock_find_replier(kbus_ksock_t ksock, const char *name, uint32_t *replier_ksock_id);
/* In: 0 to ask, else the most messages that the queue may take. Out: what is in force. */
int kbus_ksock_max_messages(kbus_ksock_t ksock, uint32_t *max_messages);
/* How many messages are queued. The one being read does not count. */
int kbus_ksock_num_messages(kbus_ksock_t ksock, uint32_t *num_messages);
/* How many Requests this Ksock has taken as Replier and not answered. */
int kbus_ksock_num_unreplied_to(kbus_ksock_t ksock, uint32_t *num_messages);

/*
 * Sends the message that has been written. On success every recipient has it queued.
 * -ENOMSG: nothing is written. -EINVAL: not all of it is. -EBADMSG: bad name (pointy form). -ENOLCK: no room here for the
 * reply. -EADDRNOTAVAIL: no Replier, or the requester is gone. -ECONNREFUSED: nobody waits for this reply.
 * -EPIPE: another Replier than the stateful Request is meant for. -EBUSY: a queue is full.
 * -EAGAIN: a queue is full and the message waits (KBUS_BIT_ALL_OR_WAIT); *msg_id is filled in then too.
 * -ENOMEM: the bus has no memory left. -ENOSPC: its file system has none. Every failure but -EAGAIN loses the message.
 */
int kbus_ksock_send(kbus_ksock_t ksock, kbus_msg_id_t *msg_id);
/* Drops what has been written, or waits to be sent. */
int kbus_ksock_discard(kbus_ksock_t ksock);

/*
 * Settings: request 1 sets, 0 clears, 0xFFFFFFFF asks; else -EINVAL. Setting returns 0, asking the state.
 * Only once: this Ksock gets one copy of a message, however many of its bindings match.
 */
int kbus_ksock_only_once(kbus_ksock_t ksock, uint32_t request);
/* The whole bus: report when a Replier binds or unbinds. Setting it first queues, here, one report for each Replier there
 * is; -EBUSY: no room for them all. */
int kbus_ksock_report_replier_binds(kbus_ksock_t ksock, uint32_t request);
/* The whole bus: the original's debugging output; a flag without effect. */
int kbus_ksock_kernel_module_verbose(kbus_ksock_t ksock, uint32_t request);
/*
 * The longest message that the bus takes, in bytes of its entire form. In: 0 to ask, 1 to ask for the most that can be
 * set, else what to set. Out: the answer. -EINVAL: less than 100, or more than can be.
 */
int kbus_ksock_max_message_size(kbus_ksock_t ksock, uint32_t *max_bytes);
/* Makes another bus, and tells its number; it can be opened at once. -EINVAL: there are 256. */
int kbus_ksock_new_device(kbus_ksock_t ksock, uint32_t *device_number);

/*
 * Waits, as long as it takes, until the Ksock is ready for any of what is asked (KBUS_KSOCK_READABLE, KBUS_KSOCK_WRITABLE).
 * Returns what it is ready for. A message that waits to be sent is tried again meanwhile.
 */
int kbus_wait_for_message(kbus_ksock_t ksock, int wait_for);

/*
 * Reads msg_len bytes, what kbus_ksock_next_msg said, into new memory; free it with kbus_msg_delete. On failure *msg is null.
 * -EBADMSG: no message is being read, or msg_len is more than is left of it.
 */
int kbus_ksock_read_msg(kbus_ksock_t ksock, kbus_message_t **msg, size_t msg_len);
/* Goes on to the next message and reads it. Returns 0; *msg is null if none is queued. */
int kbus_ksock_read_next_msg(kbus_ksock_t ksock, kbus_message_t **msg);
/*
 * Writes a message, of either form, without sending it. The name and data of a pointy one must stay until it is sent.
 * -EALREADY: a message waits. -EINVAL: malformed. -EMSGSIZE: too long, or a message is written already.
 * -ENAMETOOLONG. -EBADMSG: bad name (entire form). -EBADF: not open for writing.
 */
int kbus_ksock_write_msg(kbus_ksock_t ksock, const kbus_message_t *msg);
/* Writes some bytes of a message; a message may be written in any number of pieces. Fails as kbus_ksock_write_msg. */
int kbus_ksock_write_data(kbus_ksock_t ksock, uint8_t *data, size_t data_len);
/* kbus_ksock_write_msg and kbus_ksock_send in one. */
int kbus_ksock_send_msg(kbus_ksock_t ksock, const kbus_message_t *msg, kbus_msg_id_t *msg_id);

/* ---- Messages ---- */

/* Makes a pointy message, which keeps the caller's pointers. All fields not named are 0. -ENOMEM. */
int kbus_msg_create(kbus_message_t **msg, const char *name, uint32_t name_len, const void *data, uint32_t data_len,
                    uint32_t flags);
/* Makes an entire message: a copy of name and data. */
int kbus_msg_create_entire(kbus_message_t **msg, const char *name, uint32_t name_len, const void *data,
                           uint32_t data_len, uint32_t flags);
/* The same for a Request: KBUS_BIT_WANT_A_REPLY is set besides `flags`. */
int kbus_msg_create_request(kbus_message_t **msg, const char *name, uint32_t name_len, const void *data,
                            uint32_t data_len, uint32_t flags);
int kbus_msg_create_entire_request(kbus_message_t **msg, const char *name, uint32_t name_len, const void *data,
                                   uint32_t data_len, uint32_t flags);
/* Makes the Reply to a Request; the pointy one borrows the Request's name. -EBADMSG: not a Request that we are to answer. */
int kbus_msg_create_reply_to(kbus_message_t **msg, const kbus_message_t *in_reply_to, const void *data,
                             uint32_t data_len, uint32_t flags);
int kbus_msg_create_entire_reply_to(kbus_message_t **msg, const kbus_message_t *in_reply_to, const void *data,
                                    uint32_t data_len, uint32_t flags);
/*
 * Makes a Request that only the Ksock behind `earlier_msg`, a Reply or a stateful Request, may take. `earlier_msg` is not
 * needed afterwards. -EBADMSG: it is neither.
 */
int kbus_msg_create_stateful_request(kbus_message_t **msg, const kbus_message_t *earlier_msg, const char *name,
                                     uint32_t name_len, const void *data, uint32_t data_len, uint32_t flags);
int kbus_msg_create_entire_stateful_request(kbus_message_t **msg, const kbus_message_t *earlier_msg, const char *name,
                                            uint32_t name_len, const void *data, uint32_t data_len, uint32_t flags);

/* Frees a message and sets *msg_p to null; what a pointy one points to stays. Null is allowed. */
void kbus_msg_delete(kbus_message_t **msg_p);
/* The same; of a pointy message name and data are freed as well. */
void kbus_msg_delete_all(kbus_message_t **msg_p);

/* How many bytes to write: of the header if the message is pointy, else of all of it. */
int kbus_msg_sizeof(const kbus_message_t *msg);
/*
 * Takes a $.KBUS.ReplierBindEvent apart; *name is new memory for the caller to free.
 * -EBADMSG: no data, or less than it claims. -ENOMEM.
 */
int kbus_msg_split_bind_event(const kbus_message_t *msg, uint32_t *is_bind, uint32_t *binder, char **name);

/* Of kbus_msg_print2: show the first 20 bytes of data only. */
#define KBUS_MSG_PRINT_FLAGS_ABBREVIATE 1
/* Prints a message on one line, without a newline; data is abbreviated. */
void kbus_msg_print(FILE *stream, const kbus_message_t *msg);
void kbus_msg_print2(FILE *stream, const kbus_message_t *msg, unsigned int flags);
/* Shows every field on stdout, on several lines; with dump_data the data too. */
void kbus_msg_dump(const kbus_message_t *msg, int dump_data);

static inline int kbus_msg_is_entire(const kbus_message_t *msg) { return msg->name == NULL; }

static inline int kbus_msg_is_reply(const kbus_message_t *msg) {
    return msg->in_reply_to.network_id != 0 || msg->in_reply_to.serial_num != 0;
}

static inline int kbus_msg_is_request(const kbus_message_t *msg) { return (msg->flags & KBUS_BIT_WANT_A_REPLY) != 0; }

static inline int kbus_msg_is_stateful_request(const kbus_message_t *msg) {
    return (msg->flags & KBUS_BIT_WANT_A_REPLY) != 0 && msg->to != 0;
}

static inline int kbus_msg_wants_us_to_reply(const kbus_message_t *msg) {
    return (msg->flags & KBUS_BIT_WANT_A_REPLY) != 0 && (msg->flags & KBUS_BIT_WANT_YOU_TO_REPLY) != 0;
}

/* -1, 0 or 1: networks first, then serials. */
static inline int kbus_msg_compare_ids(const kbus_msg_id_t *left, const kbus_msg_id_t *right) {
    if (left->network_id != right->network_id) return left->network_id < right->network_id ? -1 : 1;
    if (left->serial_num != right->serial_num) return left->serial_num < right->serial_num ? -1 : 1;
    return 0;
}

#ifdef __cplusplus
}
#endif

#endif
