/*
 * The bus file, structure by structure. docs/LAYOUT.md tells the same at length.
 *
 * Everything that outlives a call lives in these structures; there are no pointers in the file, only indices and
 * offsets. Swift never reads a structure as a value: it reads single words, by the offsets at the end of this file,
 * through the bounds-checked accessors of BusMemory.swift.
 *
 * "Under the lock" means: as an entry of a committed journal, written by whoever holds the bus lock (DESIGN R3).
 * "Direct" means: stored at once, because nobody can see the word before a commit makes it reachable.
 * "Owner" means: the process that opened the Ksock, without the lock.
 *
 * An index is stored plus one, so that 0 says "none", wherever a comment says "+1".
 */
#ifndef CSHM_LAYOUT_H
#define CSHM_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

enum {
    CSHM_LAYOUT_VERSION = 1,
    CSHM_CLASSES = 8,         /* size classes of slots, at most                              */
    CSHM_DEPTHS = 512,        /* words in a name, at most (1000 bytes, two a word)            */
    CSHM_CHUNK_ENTRIES = 32,  /* delivery entries in one chunk of a queue                    */
    CSHM_HELD = 64,           /* messages that one Ksock can hold at once                     */
    CSHM_INLINE_NAME = 64,    /* bytes of a name that a binding holds in itself               */
    CSHM_SHORT_NAME = 40,     /* bytes of a name that a slot holds in itself                  */
    CSHM_LONG_NAME = 1000,
    CSHM_SET_ASIDE = 1000,    /* bind events set aside on one bus (specification, 16.4)       */
};

static const uint64_t CSHM_MAGIC = UINT64_C(0x314D48535355424B); /* "KBUSSHM1", little-endian */

/* One size class of slots. Immutable; recomputed from the limits and compared when a bus is opened (H2). */
typedef struct cshm_class {
    uint64_t payload_bytes;  /* room for data and a name of more than CSHM_SHORT_NAME bytes */
    uint64_t count;
    uint64_t headers;        /* offset of the first slot header      */
    uint64_t payloads;       /* offset of the first payload          */
    uint64_t payload_stride;
} cshm_class;

/*
 * The first page: what kind of bus this is. Written once, before the file gets its name; immutable but for `corrupt`.
 *
 *  H1  magic, layout_version and fingerprint are those of the program that has the file open.
 *  H2  every offset and count is the one that Geometry.swift computes from the limits; file_bytes is the file's size.
 */
typedef struct cshm_header {
    uint64_t magic;
    uint32_t layout_version;
    uint32_t page_bytes;
    uint64_t fingerprint;
    uint64_t file_bytes;
    uint8_t  boot_id[16];      /* the machine's boot in which the bus was made */
    uint8_t  uuid[16];
    uint64_t hash_seed;        /* of the name hashes                           */
    uint32_t max_ksocks;
    uint32_t max_bindings;
    uint32_t max_requests;
    uint32_t class_count;
    uint64_t absolute_max_message; /* bytes, entire length (specification, 18)     */
    uint32_t mode;             /* access bits the creator asked for            */
    uint32_t number;           /* of the bus, as it was when it was made       */
    uint32_t corrupt;          /* 0, or the code of the invariant that was found broken */
    uint32_t reserved;
    cshm_class classes[CSHM_CLASSES];
} cshm_header;

/*
 * The state of the bus that is not on every message's way. Written under the lock.
 *
 *  T1  operation is 0 or names an unfinished long operation of a Ksock in use; only its steps may run (DESIGN R3).
 *  T2  star_depths[d] is the number of bindings ending in `*` whose prefix has d words.
 *  T3  set_aside is the number of set-aside nodes in use; tragic only while it is not 0.
 */
typedef struct cshm_state {
    uint32_t next_ksock_id;    /* one more than the last given out; 0 at first */
    uint32_t report_binds;
    uint32_t verbose;
    uint32_t tragic;
    uint64_t max_message;      /* bytes, entire length                         */
    uint32_t set_aside;
    uint32_t pending_senders;  /* Ksocks with a message in PENDING state       */
    uint64_t operation;        /* kind << 32 | Ksock index + 1                 */
    uint64_t operation_cursor;
    uint64_t operation_detail;
    uint64_t lost_announced;   /* tragic: sequence since which losses were announced */
    uint64_t recoveries;       /* locks taken over from a dead holder          */
    uint32_t binds;            /* futex word: one more with each bind as Replier; direct */
    uint32_t bind_waiters;     /* threads that sleep on it; each counts itself           */
    uint32_t helpers_bell;     /* futex word: one more when helper threads are to look at their Ksocks; direct */
    uint32_t helpers_reserved;
    uint64_t exhaustions;      /* times that a pool was found used up; direct, under the lock */
    uint64_t reserved[4];
    uint32_t star_depths[CSHM_DEPTHS];
} cshm_state;

/*
 * The bus lock, and what every sender changes while it has it: one cache line.
 *
 *  L1  whoever holds the lock and writes a journal has its number in `journal` first: 0 the wide one, n Ksock n-1's.
 *  L2  the thread id in `lock` is that of a thread in the pid namespace `pid_namespace`, but for the moment after taking.
 *  L3  routing grows by one with each bind and unbind: what a sender remembers of its recipients holds for one value.
 */
typedef struct cshm_lock_line {
    uint32_t lock;             /* futex word of the robust lock (cshm_lock.h)                 */
    uint32_t pid_namespace;    /* L2; direct                                                */
    uint64_t sequence;         /* total order of everything the bus accepts; under the lock  */
    uint32_t last_serial;      /* the serial given out last; 0 at first; under the lock      */
    uint32_t journal;          /* L1; direct                                                */
    uint64_t stalls;           /* times somebody waited longer than one time-out; direct      */
    uint64_t routing;          /* L3; under the lock                                          */
    uint64_t reserved[3];
} cshm_lock_line;

/*
 * A journal: what one transaction changes, as absolute values (DESIGN R3). Behind it lies its log, entry after entry: a
 * word that says where, then the value, or the values of a run of 64-bit words.
 *
 *  J1  phase is CSHM_COMMITTED | n: the entries in the first n words of the log are to be stored, again if need be.
 *  J2  or it is below CSHM_COMMITTED: 0, or 1 + a slot whose holder bits were set for a message not yet committed.
 *
 * A crash before the commit leaves the bus as it was, but for J2, which recovery undoes; after it recovery stores every
 * entry again.
 */
typedef struct cshm_journal {
    uint64_t phase;
    uint64_t reserved[3];
} cshm_journal;

enum {  /* the first word of a log entry: offset | kind | CSHM_RUN times the values beyond the first */
    CSHM_STORE_32 = 1,    /* the word has 32 bits                                                       */
    CSHM_CLEAR_BITS = 2,  /* clear these bits, atomically: the owner of the other bits may do so as well */
    CSHM_LONGEST_RUN = 4,
    CSHM_JOURNAL_WORDS = 252,
};
static const uint64_t CSHM_RUN = UINT64_C(1) << 48;
static const uint64_t CSHM_COMMITTED = UINT64_C(1) << 32;

/*
 * Who watches over the bus, and is told when owners come and go: one cache line, before the owners.
 *
 *  W1  role is 0, or as cshm_life.h has it: of the thread that watches. Taken and given back without the bus lock, by
 *      compare-and-swap; two that work at once do no harm, since what they do they do under the lock.
 */
typedef struct cshm_watch_line {
    uint32_t role;             /* W1                                                                */
    uint32_t role_wanted;      /* 1: a reaper asks the helper that has the role for it; direct      */
    uint32_t owners_bell;      /* futex word: one more when an owner comes or goes, or a large slot gets pages; direct */
    uint32_t watcher;          /* what kind of program has the role (Watch.swift); direct           */
    uint64_t reaps;            /* owners that ended without leaving; under the lock                 */
    uint64_t reserved[5];
} cshm_watch_line;

/*
 * One process that has Ksocks on the bus. Under the lock, but for life.
 *
 *  O1  incarnation is 0 if the record is free, else the sequence at which the process came, never used again.
 *  O2  a Ksock in use names an owner in use; whoever is an owner holds the mark on the record's first byte in the file
 *      (cshm_file_mark), as long as its descriptor is open.
 *  O3  departed is 1 when the owner was seen to end: then each of its Ksocks is departed (K11).
 *  O4  life is 0, or as cshm_life.h has it: of the owner's helper thread.
 */
typedef struct cshm_owner {
    uint64_t incarnation;
    uint64_t start_time;       /* of the process, in clock ticks since boot   */
    uint32_t pid;
    uint32_t pid_namespace;
    uint32_t life;             /* O4; the owner's helper thread, and the kernel */
    uint32_t departed;
    uint64_t reserved[4];
} cshm_owner;

/*
 * One Ksock. Line by line, by who writes it, so that sender and reader disturb each other as little as can be.
 *
 *  K1  incarnation is 0 if the record is free, else the sequence at which it was opened, never used again.
 *  K2  head <= tail < end; chunks hold positions from first_chunk's base (<= head) to end without a gap.
 *  K3  end - tail > reserved: a reply or a status always has an entry waiting for it (DESIGN R8).
 *  K4  reserved is the number of request records whose requester is this Ksock.
 *  K5  passed <= tail - tombstones: messages taken so far, of those put into the ring.
 *  K6  urgent_count is the length of the list at urgent_head.
 *  K7  special has a bit for each reason why a take must go under the lock.
 *  K8  set_aside_count is the length of the list from set_aside_head to set_aside_tail.
 *  K9  passed_seen <= passed: as far as senders have looked. They look again only when the queue seems full, so that the
 *      reader's line stays with the reader.
 *  K10 has_descriptor is 0, CSHM_DESCRIPTOR_DATAGRAM or _LISTENS, each perhaps with _FAST; polled and watched are 0 or 1.
 *  K11 a Ksock with CSHM_SPECIAL_CLOSING is departed: it has no bindings, no requests, nothing urgent, set aside or pending,
 *      and waits for the certain end of its owner, who may still touch what it holds. If a close of its was cut short, head may be at
 *      tail already: what was queued has been given back, which must not happen twice.
 *  K12 fast_inode is not 0 once has_descriptor says CSHM_DESCRIPTOR_FAST; it is stored before.
 *  K13 backlog_tail <= tail: a message before it has been there since backlog_since, if head has not passed it.
 *
 * count, the number of messages queued, is (tail - tombstones) - passed + urgent_count.
 */
typedef struct cshm_ksock {
    /* Identity; under the lock, when opened and closed. Every sender reads this line, and nobody writes it. */
    uint64_t incarnation;
    uint32_t id;
    uint32_t mode;
    uint32_t owner;            /* +1: the process that opened it                 */
    uint32_t identity_padding;
    uint64_t identity_reserved[5];

    /* What sending and binding change; under the lock, mostly by the owner. */
    uint64_t last_sent;        /* message id; direct, by the owner               */
    uint32_t bindings;         /* +1: newest of this Ksock's bindings            */
    uint32_t struck;           /* popped requests that this Ksock has answered; direct, by the owner */
    uint32_t first_chunk;      /* +1: oldest chunk of the queue; one word of 64 bits with the next */
    uint32_t last_chunk;       /* +1: newest chunk                               */
    uint32_t pending;          /* 1 while a message is in PENDING state          */
    uint32_t reserved_max;     /* most requests outstanding ever; direct, by the owner */
    uint64_t sending_reserved[4];

    /* The writing end of the queue; under the lock. The first three words change with every message, as one run. */
    uint64_t tail;
    uint64_t last_pushed;      /* id of the message most recently queued         */
    uint32_t reserved;
    uint32_t tail_chunk;       /* +1: the chunk that holds position tail         */
    uint64_t tombstones;       /* entries before tail that were taken out by unbind or out of order */
    uint64_t end;
    uint64_t passed_seen;      /* K9; direct                                     */
    uint32_t max_messages;
    uint32_t only_once;
    uint32_t urgent_count;
    uint32_t urgent_head;      /* +1: front of the urgent messages, newest first */

    /* How a reader waits. Everybody looks here, and stores only if there is somebody to be woken or something special. */
    uint32_t bell;             /* futex word; rung by adding 1, direct, if somebody sleeps; goes on where the last Ksock here left it */
    uint32_t special;          /* under the lock                                 */
    uint32_t sleepers;         /* owner: threads in, or on their way into, a futex wait */
    uint32_t polled;           /* owner: 1 while its descriptor is to be rung        */
    uint32_t rung;             /* of the descriptor: CSHM_RUNG_...; direct          */
    uint32_t inside;           /* owner: threads in a waiting call, which look into the queue before they leave it */
    uint32_t watched;          /* 1 while the owner's helper looks whether the descriptor is still open; direct */
    uint32_t net_namespace;    /* owner: where the descriptor has its name          */
    uint64_t fast_inode;       /* K12; owner: of the fast descriptor's FIFO         */
    uint32_t has_descriptor;   /* owner: CSHM_DESCRIPTOR_...; 0 while there is none */
    uint32_t signal_reserved[5];

    /* The reading end; owner. */
    uint64_t head;
    uint64_t passed;           /* stored before head: one ahead of it for a moment */
    uint32_t popped;           /* requests to answer that were taken; stored before head */
    uint32_t reading_reserved[11];

    /* Set-aside events and counters; under the lock. */
    uint32_t set_aside_head;   /* +1 */
    uint32_t set_aside_tail;   /* +1 */
    uint32_t set_aside_count;
    uint32_t most_queued;      /* direct: the most messages queued that anybody noted */
    uint64_t missed;           /* copies not delivered because the queue was full */
    uint64_t lost_since;       /* sequence of the UnbindEventsLost it has, or 0   */
    uint64_t backlog_since;    /* direct: CLOCK_MONOTONIC when the tail was backlog_tail; stored before it */
    uint64_t backlog_tail;     /* K13; direct                                     */
    uint64_t cold_reserved[2];
} cshm_ksock;

enum {  /* bits of cshm_ksock.special */
    CSHM_SPECIAL_URGENT = 1, CSHM_SPECIAL_SET_ASIDE = 2, CSHM_SPECIAL_ROOM_WANTED = 4, CSHM_SPECIAL_CLOSING = 8,
};

enum {  /* cshm_ksock.rung and has_descriptor */
    CSHM_RUNG_NOT = 0,     /* the descriptor need not be readable                                       */
    CSHM_RUNG_SOON = 1,    /* somebody is about to make it readable: who comes meanwhile does so as well */
    CSHM_RUNG = 2,         /* it is readable                                                            */
    CSHM_RUNG_BY_HELPER = 3,  /* its owner's helper is asked to: the asker lives in another network namespace */
    CSHM_RUNG_MASK = 3,    /* above it a count of the times that the owner has drained it                   */
    CSHM_RUNG_ROUND = 4,
    CSHM_DESCRIPTOR_DATAGRAM = 1, CSHM_DESCRIPTOR_LISTENS = 2,  /* cshm_ksock.has_descriptor */
    CSHM_DESCRIPTOR_FAST = 4,  /* besides: a FIFO, which is rung instead */
};

/*
 * A message held by its reader: what to give back if the reader dies. Owner; by a take under the lock, in its journal.
 *
 *  E1  position is 0 (free) or 1 + the ring position; void until head has passed it. CSHM_HELD_SPECIAL is never void.
 */
typedef struct cshm_held {
    uint64_t position;         /* stored last when taking */
    uint64_t sequence;         /* of the message in the slot */
    uint32_t slot;             /* +1 */
    uint32_t holder;
    uint64_t reserved;
} cshm_held;

/*
 * A chunk of a queue.
 *
 *  C1  owner is 0 if the chunk is free, else the Ksock's incarnation.
 *  C2  base is a multiple of CSHM_CHUNK_ENTRIES; next (+1) is the chunk whose base follows, or 0 at the end.
 *  C3  an entry is published when its stamp is its position + 1; when a chunk is linked in its stamps are 0, or of earlier positions of
 *      the same queue.
 */
typedef struct cshm_chunk {
    uint64_t owner;
    uint64_t base;
    uint32_t next;
    uint32_t reserved[11];
} cshm_chunk;

/* One delivered copy. A waiting reader looks at the stamp; what it reads next is in the same cache line. An entry is one run of
 * a journal, so that it is written all at once, stamp last; what pushes onto a queue otherwise writes all but the stamp
 * direct. meta changes under the lock. */
typedef struct cshm_entry {
    uint64_t binding;          /* sequence of the binding that queued it, 0 if none; of a status: in_reply_to */
    uint32_t slot;             /* +1; of a message without a slot: its serial                                 */
    uint32_t holder;           /* which holder bit of the slot; of a status: from                             */
    uint32_t meta;             /* kind | marks                                                                */
    uint32_t request;          /* +1: the request record of a copy marked WANT_YOU_TO_REPLY                    */
    uint64_t stamp;
} cshm_entry;

/* A copy apart from the ring: urgent, or set aside.
 *  N1  owner is 0 if the node is free, else the incarnation of the Ksock whose list it is in. */
typedef struct cshm_node {
    uint64_t owner;
    uint32_t next;             /* +1 */
    uint32_t reserved;
    cshm_entry entry;          /* stamp unused */
    uint64_t reserved2[2];
} cshm_node;

/*
 * A slot: one message, for all of its recipients.
 *
 *  S1  holders, and the extensions that name the slot, have a bit for each copy that is queued or held (DESIGN R5).
 *      sender is 0, or the incarnation of the Ksock that fills it, or CSHM_SLOT_IDLE | the incarnation of the Ksock that
 *      fills it next. While no bit is set, that Ksock may go from idle to filling without the lock, and anybody may take an
 *      idle slot away, or one whose sender is 0, under the lock: both by compare-and-swap.
 *  S2  sequence is that of the message; a held record of another one is void. It is stored before the holders.
 *  S3  name and data lie within the payload of the slot's class, or the name within `name`.
 *  S4  sender is CSHM_SLOT_RETURNING while the pages of a large slot go back to the system. Nobody has a copy then. Whoever has the
 *      role W1, and nobody else, makes it so, under the lock, and ends it; if it dies, whoever has the role next goes on.
 *  S5  backed is 1 only while all payload pages are there. It is cleared before the first of them goes back.
 *
 * A reader needs the first line, and the second for the name.
 */
typedef struct cshm_slot {
    uint64_t sender;           /* claimed under the lock; else by its owner, direct                 */
    uint64_t holders;          /* one bit for each of the first 64 copies delivered; set direct before the commit,
                                  cleared by each holder with one atomic operation                  */
    uint64_t sequence;
    uint64_t id;
    uint64_t in_reply_to;
    uint32_t to;
    uint32_t from;
    uint32_t flags;
    uint32_t data_bytes;
    uint32_t name_bytes;       /* up to CSHM_SHORT_NAME the name is in `name`, else in the payload, behind the data */
    uint32_t extensions;       /* holder words for further copies */
    uint64_t orig_from;
    uint64_t final_to;
    uint32_t extension;        /* +1: the first of them           */
    uint32_t backed;           /* S5; direct, by who has the slot */
    uint8_t  name[CSHM_SHORT_NAME];
} cshm_slot;
static const uint64_t CSHM_SLOT_IDLE = UINT64_C(1) << 63;
static const uint64_t CSHM_SLOT_RETURNING = UINT64_C(1) << 62;

/* Holder bits beyond the first 64 copies of a message.  X1: free when bits is 0; owner is slot + 1 << 32 | the message's
 * sequence, its lower half. */
typedef struct cshm_extension {
    uint64_t owner;
    uint64_t bits;
} cshm_extension;

/*
 * A binding. Under the lock, but for the name (direct).
 *
 *  B1  sequence is 0 if the record is free; newer bindings have larger ones.
 *  B2  it is in the chain of its hash's bucket, and in its Ksock's list, newest first in both.
 */
typedef struct cshm_binding {
    uint64_t sequence;
    uint64_t hash;
    uint64_t incarnation;      /* of the Ksock */
    uint32_t ksock;
    uint32_t kind;             /* CSHM_BINDING_... */
    uint32_t name_bytes;
    uint32_t long_name;        /* +1 */
    uint32_t chain_next, chain_prev;  /* +1 */
    uint32_t own_next, own_prev;      /* +1 */
    uint64_t reserved;
    uint8_t  name[CSHM_INLINE_NAME];
} cshm_binding;

enum {  /* cshm_binding.kind */
    CSHM_BINDING_REPLIER = 1, CSHM_BINDING_CHILD = 2, CSHM_BINDING_DESCENDANTS = 4,
};

/* A name of more than CSHM_INLINE_NAME bytes.  M1: owner is 0 if free, else the sequence of the binding. */
typedef struct cshm_long_name {
    uint64_t owner;
    uint8_t  bytes[CSHM_LONG_NAME];
} cshm_long_name;

/*
 * A Request that has reached its Replier and has had no answer yet. Under the lock.
 *
 *  R1  sequence is 0 if the record is free, else that of the request's message.
 *  R2  requester and replier are Ksocks in use, of these incarnations.
 */
typedef struct cshm_request {
    uint64_t sequence;
    uint64_t id;
    uint64_t requester_incarnation;
    uint64_t replier_incarnation;
    uint32_t requester;
    uint32_t replier;
    uint64_t position;         /* of the marked copy; CSHM_URGENT_QUEUED, or CSHM_URGENT_TAKEN and when */
    uint64_t reserved[2];
} cshm_request;

static const uint64_t CSHM_URGENT_QUEUED = UINT64_MAX;
static const uint64_t CSHM_URGENT_TAKEN = UINT64_C(1) << 63;
static const uint64_t CSHM_HELD_SPECIAL = UINT64_MAX;

/* What is in an entry: the low byte of meta, then marks. */
enum {
    CSHM_ENTRY_MESSAGE = 0, CSHM_ENTRY_GONE_AWAY = 1, CSHM_ENTRY_IGNORED = 2, CSHM_ENTRY_UNBOUND = 3,
    CSHM_ENTRY_DISAPPEARED = 4, CSHM_ENTRY_ERROR_SENDING = 5, CSHM_ENTRY_EVENTS_LOST = 6, CSHM_ENTRY_KIND_MASK = 0xFF,
    CSHM_ENTRY_YOURS = 0x100,      /* this copy asks its reader to reply        */
    CSHM_ENTRY_TOMBSTONE = 0x200,  /* taken out; the reader passes over it      */
};

_Static_assert(sizeof(cshm_header) <= 4096, "the header fits its page");
_Static_assert(sizeof(cshm_state) == 128 + 4 * CSHM_DEPTHS, "layout version 1");
_Static_assert(sizeof(cshm_lock_line) == 64, "the lock line is one cache line");
_Static_assert(sizeof(cshm_journal) + 8 * CSHM_JOURNAL_WORDS == 2048, "layout version 1");
_Static_assert(sizeof(cshm_watch_line) == 64 && sizeof(cshm_owner) == 64, "one cache line");
_Static_assert(offsetof(cshm_owner, life) % 8 == 0 && offsetof(cshm_watch_line, role) % 8 == 0, "list entries have 8 bytes");
_Static_assert(sizeof(cshm_ksock) == 384, "six cache lines");
_Static_assert(offsetof(cshm_ksock, first_chunk) % 8 == 0, "first and last chunk are one word");
_Static_assert(offsetof(cshm_ksock, tail) % 64 == 0, "the writing end has a cache line of its own");
_Static_assert(offsetof(cshm_ksock, bell) % 64 == 0, "what a waiting reader looks at has a cache line of its own");
_Static_assert(offsetof(cshm_ksock, sleepers) % 8 == 0 && offsetof(cshm_ksock, polled) == offsetof(cshm_ksock, sleepers) + 4,
               "one look tells a sender whether anybody waits");
_Static_assert(offsetof(cshm_ksock, head) % 64 == 0, "the reading end has a cache line of its own");
_Static_assert(offsetof(cshm_ksock, set_aside_head) % 64 == 0, "layout version 1");
_Static_assert(sizeof(cshm_held) == 32, "layout version 1");
_Static_assert(sizeof(cshm_chunk) == 64, "layout version 1");
_Static_assert(sizeof(cshm_entry) == 32, "two entries to a cache line");
_Static_assert(sizeof(cshm_node) == 64, "one cache line");
_Static_assert(offsetof(cshm_entry, stamp) == 24, "the stamp is the last word of its run");
_Static_assert(offsetof(cshm_slot, orig_from) == 64, "what every reader needs is in one cache line");
_Static_assert(sizeof(cshm_slot) == 128, "two cache lines");
_Static_assert(sizeof(cshm_binding) == 128, "two cache lines");
_Static_assert(sizeof(cshm_request) == 64, "one cache line");
_Static_assert(sizeof(cshm_long_name) % 8 == 0, "layout version 1");

/* Sizes and alignments that two programs must share to share a bus. */
static inline uint64_t cshm_fingerprint(void) {
    uint64_t print = sizeof(void *);
    print = print * 131 + sizeof(cshm_header);
    print = print * 131 + sizeof(cshm_ksock);
    print = print * 131 + sizeof(cshm_slot);
    print = print * 131 + sizeof(cshm_binding);
    print = print * 131 + CSHM_CHUNK_ENTRIES;
    print = print * 131 + (uint16_t)1 * (*(const uint8_t *)&(const uint16_t){1});
    return print;
}

#include "cshm_offsets.h"

#endif
