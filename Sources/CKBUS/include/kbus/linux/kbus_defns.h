/*
 * What goes over a bus: the structures, flags and names that all programs on it share.
 *
 * Layout and values are those of the original KBUS, so that a program written for it compiles unchanged.
 */
#ifndef _kbus_defns
#define _kbus_defns

#ifdef __linux__
#include <linux/types.h>
#else
#include <stdint.h>
typedef uint32_t __u32;
#endif
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef BIT
#define BIT(n) (((unsigned)1) << (n))
#endif

/* A message's id: {0, 0} is no id. */
struct kbus_msg_id {
    __u32 network_id;
    __u32 serial_num;
};

/* A Ksock on another bus, as a limpet knows it. Network 0: not used. */
struct kbus_orig_from {
    __u32 network_id;
    __u32 local_id;
};

struct kbus_bind_request {
    __u32 is_replier;
    __u32 name_len;
    char *name;
};

struct kbus_bind_query {
    __u32 return_id;
    __u32 name_len;
    char *name;
};

/*
 * The header of a message.
 *
 * Pointy form: `name` is not null; name and data lie elsewhere and stay the writer's until the message is sent.
 * Entire form: `name` and `data` are null; both follow the header (struct kbus_entire_message).
 *
 * What is read from a bus has the entire form.
 */
struct kbus_message_header {
    __u32 start_guard;                 /* KBUS_MSG_START_GUARD                                                   */
    struct kbus_msg_id id;             /* given by the bus when the message is sent; reader: what it was given    */
    struct kbus_msg_id in_reply_to;    /* writer of a Reply: the id of the Request; else {0, 0}                   */
    __u32 to;                          /* Reply: the requester; stateful Request: its Replier; else 0             */
    __u32 from;                        /* the sender's Ksock id; the bus fills it in                              */
    struct kbus_orig_from orig_from;   /* limpets: where the message came from                                   */
    struct kbus_orig_from final_to;    /* limpets: where it is to end                                            */
    __u32 extra;                       /* 0                                                                      */
    __u32 flags;                       /* KBUS_BIT_...                                                           */
    __u32 name_len;                    /* bytes, without the terminating zero                                     */
    __u32 data_len;                    /* bytes                                                                  */
    char *name;
    void *data;
    __u32 end_guard;                   /* KBUS_MSG_END_GUARD                                                     */
};

/* C++ has no array of open length, but every compiler of it does: no warning when asked to be pedantic. */
#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#endif

/*
 * A message in one piece. `rest` holds the name, terminated and padded with zeros to a multiple of 4 bytes, then the data,
 * padded likewise (nothing at all if there is none), then the end guard once more.
 */
struct kbus_entire_message {
    struct kbus_message_header header;
    __u32 rest[];
};

/* The data of a $.KBUS.ReplierBindEvent. `rest` holds the name, terminated and padded. */
struct kbus_replier_bind_event_data {
    __u32 is_bind;   /* 1: bound, 0: unbound            */
    __u32 binder;    /* the Ksock id                    */
    __u32 name_len;  /* bytes, without terminating zero */
    __u32 rest[];
};

#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif

#define KBUS_MSG_START_GUARD 0x7375624B
#define KBUS_MSG_END_GUARD   0x4B627573
#define KBUS_MAX_NAME_LEN    1000

/* Set by the sender: this is a Request. */
#define KBUS_BIT_WANT_A_REPLY      BIT(0)
/* Set by the bus: the reader of this copy is the Replier and owes the Reply. */
#define KBUS_BIT_WANT_YOU_TO_REPLY BIT(1)
/* Set by the bus: it made this message itself. */
#define KBUS_BIT_SYNTHETIC         BIT(2)
/* Goes to the front of each recipient's queue. */
#define KBUS_BIT_URGENT            BIT(3)
/* If any recipient's queue is full nobody gets the message: the send fails with EAGAIN, and the message waits. */
#define KBUS_BIT_ALL_OR_WAIT       BIT(8)
/* If any recipient's queue is full nobody gets the message: the send fails with EBUSY. */
#define KBUS_BIT_ALL_OR_FAIL       BIT(9)

#define KBUS_MSG_NAME_REPLIER_GONEAWAY    "$.KBUS.Replier.GoneAway"
#define KBUS_MSG_NAME_REPLIER_IGNORED     "$.KBUS.Replier.Ignored"
#define KBUS_MSG_NAME_REPLIER_UNBOUND     "$.KBUS.Replier.Unbound"
#define KBUS_MSG_NAME_REPLIER_DISAPPEARED "$.KBUS.Replier.Disappeared"
#define KBUS_MSG_NAME_ERROR_SENDING       "$.KBUS.ErrorSending"
#define KBUS_MSG_NAME_UNBIND_EVENTS_LOST  "$.KBUS.UnbindEventsLost"
#define KBUS_MSG_NAME_REPLIER_BIND_EVENT  "$.KBUS.ReplierBindEvent"

#define KBUS_PADDED_NAME_LEN(name_len) (4 * (((name_len) + 1 + 3) / 4))
#define KBUS_PADDED_DATA_LEN(data_len) (4 * (((data_len) + 3) / 4))
/* The length of a message in its entire form: bytes, a size_t. */
#define KBUS_ENTIRE_MSG_LEN(name_len, data_len) \
    (sizeof(struct kbus_entire_message) + KBUS_PADDED_NAME_LEN(name_len) + KBUS_PADDED_DATA_LEN(data_len) + 4)
/* Where in `rest` the data begins, and where the end guard is. */
#define KBUS_ENTIRE_MSG_DATA_INDEX(name_len) (((name_len) + 1 + 3) / 4)
#define KBUS_ENTIRE_MSG_END_GUARD_INDEX(name_len, data_len) ((((name_len) + 1 + 3) / 4) + (((data_len) + 3) / 4))

/* The name of a message of either form. */
static inline char *kbus_msg_name_ptr(const struct kbus_message_header *header) {
    return header->name ? header->name : (char *)(uintptr_t)&header[1];
}

/* The data of a message of either form. Never null; has a meaning only if data_len is not 0. */
static inline void *kbus_msg_data_ptr(const struct kbus_message_header *header) {
    if (header->data) return header->data;
    return (void *)((uintptr_t)&header[1] + 4 * (uintptr_t)KBUS_ENTIRE_MSG_DATA_INDEX(header->name_len));
}

/* The last end guard of an entire message. */
static inline uint32_t *kbus_msg_end_ptr(struct kbus_entire_message *message) {
    return (uint32_t *)&message->rest[KBUS_ENTIRE_MSG_END_GUARD_INDEX(message->header.name_len, message->header.data_len)];
}

/*
 * The request numbers of the original's device. No device answers them here; they are for shims and for reading old
 * programs.
 */
#define KBUS_IOC_MAGIC 'k'
#define KBUS_IOC_RESET              _IO(KBUS_IOC_MAGIC, 1)
#define KBUS_IOC_BIND               _IOW(KBUS_IOC_MAGIC, 2, char *)
#define KBUS_IOC_UNBIND             _IOW(KBUS_IOC_MAGIC, 3, char *)
#define KBUS_IOC_KSOCKID            _IOR(KBUS_IOC_MAGIC, 4, char *)
#define KBUS_IOC_REPLIER            _IOWR(KBUS_IOC_MAGIC, 5, char *)
#define KBUS_IOC_NEXTMSG            _IOR(KBUS_IOC_MAGIC, 6, char *)
#define KBUS_IOC_LENLEFT            _IOR(KBUS_IOC_MAGIC, 7, char *)
#define KBUS_IOC_SEND               _IOR(KBUS_IOC_MAGIC, 8, char *)
#define KBUS_IOC_DISCARD            _IO(KBUS_IOC_MAGIC, 9)
#define KBUS_IOC_LASTSENT           _IOR(KBUS_IOC_MAGIC, 10, char *)
#define KBUS_IOC_MAXMSGS            _IOWR(KBUS_IOC_MAGIC, 11, char *)
#define KBUS_IOC_NUMMSGS            _IOR(KBUS_IOC_MAGIC, 12, char *)
#define KBUS_IOC_UNREPLIEDTO        _IOR(KBUS_IOC_MAGIC, 13, char *)
#define KBUS_IOC_MSGONLYONCE        _IOWR(KBUS_IOC_MAGIC, 14, char *)
#define KBUS_IOC_VERBOSE            _IOWR(KBUS_IOC_MAGIC, 15, char *)
#define KBUS_IOC_NEWDEVICE          _IOR(KBUS_IOC_MAGIC, 16, char *)
#define KBUS_IOC_REPORTREPLIERBINDS _IOWR(KBUS_IOC_MAGIC, 17, char *)
#define KBUS_IOC_MAXMSGSIZE         _IOWR(KBUS_IOC_MAGIC, 18, char *)
#define KBUS_IOC_MAXNR 18

#ifdef __cplusplus
}
#endif

#endif
