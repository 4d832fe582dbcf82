/*
 * Publishing, taking and releasing, with a kill between any two stores, and recovery by whoever comes next, who may be killed as
 * well (Transaction.swift, DirectSend.swift, ReadingEnd.swift, Holders.swift, OwnSlots.swift, Burial.swift).
 *
 * One sender sends MESSAGES messages through SLOTS slots to two readers: the first to both, the others to the second reader alone,
 * so that holder bit 0 is not always the same reader's. Two janitors close the Ksocks of the dead. What the bus file holds is the
 * array `word`. Each statement changes one word of it, or words that nobody can see yet; a kill can fall before each.
 *
 * Shown: a message reaches all of its recipients or none; a reader sees messages whole, in order, and keeps each slot until it
 * releases it; at the end no slot is lost, whoever was killed.
 *
 * configuration: -DSLOTS=1
 * configuration: -DSLOTS=2
 */

#ifndef MESSAGES
#define MESSAGES 2
#endif
#ifndef SLOTS
#define SLOTS    1
#endif
#ifndef KILLS
#define KILLS    2
#endif
#define READERS  2
#define NOBODY   255

/* Ksocks: readers 0 and 1, sender 2. The janitors, who take the lock but have no Ksock, are 3 and 4. */
#define SENDER   2
#define KSOCKS   3
#define PROCESSES 5

/* The words of the bus file. An index is stored plus one. */
#define STAMP(r, k)   ((r) * MESSAGES + (k))
#define ENTRY(r, k)   (STAMP(READERS, 0) + (r) * MESSAGES + (k))   /* slot * 2 + holder */
#define TAIL(r)       (ENTRY(READERS, 0) + (r))
#define HEAD(r)       (TAIL(READERS) + (r))
#define HELD(r)       (HEAD(READERS) + (r))                        /* position of the held record, and what it names */
#define HELD_ENTRY(r) (HELD(READERS) + (r))
#define HELD_SEQ(r)   (HELD_ENTRY(READERS) + (r))
#define OWNER(s)      (HELD_SEQ(READERS) + (s))                    /* cshm_slot.sender: 0, FILLING or IDLE */
#define HOLDERS(s)    (OWNER(SLOTS) + (s))
#define CONTENT(s)    (HOLDERS(SLOTS) + (s))                       /* the message, and its sequence */
#define OPEN(p)       (CONTENT(SLOTS) + (p))                       /* cshm_ksock.incarnation */
#define OPERATION     (OPEN(KSOCKS))                               /* the Ksock being closed */
#define CURSOR        (OPERATION + 1)
#define JOURNAL       (CURSOR + 1)                                 /* 0: the wide one, 1: the sender's */
#define PHASE(j)      (JOURNAL + 1 + (j))                          /* 0, a slot about to be published + 1, or COMMITTED + n */
#define WORDS         (PHASE(2))

#define COMMITTED     64
#define FILLING       1
#define IDLE          2

byte word[WORDS];

/* Journal entries: a place, or CLEAR + a place of which bits are to be cleared; and a value. */
#define CLEAR    128
#define ENTRIES  8
byte place[ENTRIES * 2], value[ENTRIES * 2];

byte holder = NOBODY;      /* of the lock */
bool holder_died;
bool dead[PROCESSES], done[PROCESSES];
byte kills = KILLS;

/* Ghosts: for whom the sender meant each message; what each reader has taken, in order. */
byte meant[MESSAGES];
byte taken[READERS * MESSAGES];

/* What a process keeps for itself while it holds the lock. */
#define LOCALS byte journal, count, i, at, closing, entry
inline forget() { journal = 0; count = 0; i = 0; at = 0; closing = 0; entry = 0 }

/* ---- The lock: robust, so that a dead holder's can be had ---- */

inline lock(me) {
    if
    :: atomic { holder == NOBODY -> holder = me }
    :: atomic { holder_died -> holder = me; holder_died = false }; recover()
    fi
}

inline unlock() { atomic { holder = NOBODY; forget() } }

/* One copy is given back: a bit is cleared. */
#define release(s, copy) word[HOLDERS(s)] = word[HOLDERS(s)] & (255 - (1 << (copy)))

/* ---- Transactions: begin and log inside one d_step, since nobody sees an entry before the phase says so; then commit ---- */

inline begin(j) {
    journal = j;
    count = 0;
#ifndef TWIN_JOURNAL_NAMED_LATE     /* whoever recovers looks into the wrong journal */
    word[JOURNAL] = j
#endif
}

inline log(where, what) {
    place[journal * ENTRIES + count] = where;
    value[journal * ENTRIES + count] = what;
    count++
}

inline commit() {
#ifndef TWIN_APPLIED_BEFORE_COMMIT  /* a kill in between leaves half a transaction */
    word[PHASE(journal)] = COMMITTED + count;
#endif
#ifdef TWIN_JOURNAL_NAMED_LATE
    word[JOURNAL] = journal;
#endif
    apply()
}

inline apply() {
    do
    :: atomic {
            i < count ->
            if
            :: place[journal * ENTRIES + i] >= CLEAR ->
                word[place[journal * ENTRIES + i] - CLEAR] = word[place[journal * ENTRIES + i] - CLEAR] & (255 - value[journal * ENTRIES + i])
            :: else -> word[place[journal * ENTRIES + i]] = value[journal * ENTRIES + i]
            fi;
            i++
       }
    :: atomic { i == count -> clear_phase() }; break
    od
}

/* With the phase the entries are nothing: they are cleared too, which keeps equal states equal. */
#define clear_entry(n) place[journal * ENTRIES + n] = 0; value[journal * ENTRIES + n] = 0
inline clear_phase() {
    word[PHASE(journal)] = 0;
    clear_entry(0); clear_entry(1); clear_entry(2); clear_entry(3); clear_entry(4); clear_entry(5); clear_entry(6); clear_entry(7);
    i = 0;
    count = 0
}

inline recover() {
#ifdef TWIN_NO_RECOVERY             /* EOWNERDEAD is taken for success */
    skip
#else
    if
    :: atomic {
            word[PHASE(word[JOURNAL])] < COMMITTED ->
            journal = word[JOURNAL];
            if
            :: word[PHASE(journal)] != 0 -> word[HOLDERS(word[PHASE(journal)] - 1)] = 0
            :: else
            fi
       };
       d_step { clear_phase() }
    :: atomic { word[PHASE(word[JOURNAL])] >= COMMITTED -> journal = word[JOURNAL]; count = word[PHASE(journal)] - COMMITTED };
       apply()
    fi;
    if
    :: word[OPERATION] != 0 -> finish_close(word[OPERATION] - 1)
    :: else
    fi
#endif
}

/* ---- Closing the Ksock of a dead process: a long operation, each step a transaction ---- */

inline close(p) {
    d_step { begin(0); log(OPERATION, p + 1); log(CURSOR, 0) };
    commit();
    finish_close(p)
}

/* Everything here may be done twice: recovery begins from the beginning, before anybody else can use what was freed. */
inline finish_close(p) {
    /* Messages still queued: their copies are given back. The cursor says that it has been done. */
    atomic {
        closing = p;
        at = MESSAGES;
        if
        :: closing < READERS && word[CURSOR] == 0 -> at = word[HEAD(closing)]
        :: else
        fi
    };
    do
    :: atomic {
            closing < READERS && at < word[TAIL(closing)] ->
            release(word[ENTRY(closing, at)] / 2, word[ENTRY(closing, at)] % 2);
            at++
       }
    :: atomic { closing >= READERS || at >= word[TAIL(closing)] -> begin(0); log(CURSOR, 1); at = 0 }; commit(); break
    od;
    /* Slots that it was filling, or had for itself. */
    do
    :: at < SLOTS -> d_step { word[OWNER(at)] = (closing == SENDER -> 0 : word[OWNER(at)]); at++ }
    :: at == SLOTS -> break
    od;
    /* The message that it was still reading. */
    if
    :: closing < READERS && word[HELD(closing)] != 0 ->
        d_step {
            entry = word[HELD_ENTRY(closing)];
            if
#ifdef TWIN_SEQUENCE_IGNORED        /* the slot may hold another message by now */
            :: word[HELD(closing)] <= word[HEAD(closing)] ->
#else
            :: word[HELD(closing)] <= word[HEAD(closing)] && word[CONTENT(entry / 2)] == word[HELD_SEQ(closing)] ->
#endif
                release(entry / 2, entry % 2)
            :: else
            fi;
            entry = 0
        };
        word[HELD(closing)] = 0
    :: else
    fi;
    d_step { begin(0); log(OPEN(closing), 0); log(OPERATION, 0) };
    commit()
}

/* ---- The processes ---- */

#define is_free(s) (word[OWNER(s)] == 0 && word[HOLDERS(s)] == 0)
#define is_ours(s) (word[OWNER(s)] == IDLE && word[HOLDERS(s)] == 0)
#define some(what)  (what(0) || what(SLOTS - 1))
#define first(what) (what(0) -> 0 : SLOTS - 1)

proctype Sender() {
    LOCALS;
    byte message, slot = NOBODY, r, bits, copies;
    {
        do
        /* One of its own, without the lock; else one from the pool. */
        :: atomic { message < MESSAGES && slot == NOBODY && some(is_ours) -> slot = first(is_ours); word[OWNER(slot)] = FILLING }
        :: message < MESSAGES && slot == NOBODY && !some(is_ours) && some(is_free) ->
            lock(SENDER);
            atomic { slot = first(is_free); begin(1); log(OWNER(slot), FILLING) };
            commit();
            unlock()
        :: message < MESSAGES && slot != NOBODY ->
            lock(SENDER);
            atomic {
                /* What the bus says in the slot: direct. */
                word[CONTENT(slot)] = message + 1;
                begin(1);
                /* Each copy has a holder bit of its own. */
                r = (message == 0 -> 0 : 1);
                do
                :: r < READERS ->
                    if
                    :: word[OPEN(r)] != 0 ->
#ifdef TWIN_STAMP_UNLOGGED          /* a reader sees what may never be committed */
                        word[ENTRY(r, word[TAIL(r)])] = slot * 2 + copies;
                        word[STAMP(r, word[TAIL(r)])] = word[TAIL(r)] + 1;
#else
#ifdef TWIN_STAMP_FIRST             /* a quick reader finds an entry half written */
                        log(STAMP(r, word[TAIL(r)]), word[TAIL(r)] + 1);
                        log(ENTRY(r, word[TAIL(r)]), slot * 2 + copies);
#else
                        log(ENTRY(r, word[TAIL(r)]), slot * 2 + copies);
                        log(STAMP(r, word[TAIL(r)]), word[TAIL(r)] + 1);
#endif
#endif
                        log(TAIL(r), word[TAIL(r)] + 1);
                        bits = bits | (1 << copies);
                        copies++;
                        meant[message] = meant[message] | (1 << r)
                    :: else
                    fi;
                    r++
                :: else -> break
                od;
                r = 0
            };
            if
            :: copies == 0
            :: else ->
#ifdef TWIN_BITS_AFTER_COMMIT       /* a quick reader releases before the bit is set */
                commit();
                word[HOLDERS(slot)] = bits
#else
#ifndef TWIN_BITS_UNANNOUNCED       /* bits of a message that was never committed are never cleared */
                word[PHASE(1)] = slot + 1;
#endif
                word[HOLDERS(slot)] = bits;
                commit()
#endif
            fi;
            atomic { holder = NOBODY; forget() };
            /* Still its own, to be used again when the last reader has given it back. */
            d_step { word[OWNER(slot)] = IDLE; message++; slot = NOBODY; bits = 0; copies = 0 }
        :: message == MESSAGES -> break
        od;
        /* It leaves as the dead do: a janitor gives back what it has. */
        dead[SENDER] = true
    } unless { d_step { dead[SENDER] -> forget(); message = 0; slot = 0; r = 0; bits = 0; copies = 0 } }
}

proctype Reader(byte me) {
    byte head, entry;
    {
        do
        :: head == word[TAIL(me)] && word[OPEN(SENDER)] == 0 -> break
        :: atomic {
                head < MESSAGES && word[STAMP(me, head)] == head + 1 ->
                /* What is to be held, then its position, which makes it count. */
                entry = word[ENTRY(me, head)];
                word[HELD_ENTRY(me)] = entry;
                word[HELD_SEQ(me)] = word[CONTENT(entry / 2)];
                head++;
#ifndef TWIN_HEAD_BEFORE_HELD       /* in between nobody knows who has the copy */
                word[HELD(me)] = head
#endif
           };
           word[HEAD(me)] = head;
#ifdef TWIN_HEAD_BEFORE_HELD
           word[HELD(me)] = head;
#endif
           d_step {
                taken[me * MESSAGES + head - 1] = word[CONTENT(entry / 2)];
                assert(head == 1 || taken[me * MESSAGES + head - 1] > taken[me * MESSAGES + head - 2]);
                assert((meant[word[CONTENT(entry / 2)] - 1] & (1 << me)) != 0)
           };
           d_step {
                /* Still as it was, and still ours. */
                assert(word[CONTENT(entry / 2)] == taken[me * MESSAGES + head - 1]);
                assert((word[HOLDERS(entry / 2)] & (1 << (entry % 2))) != 0);
#ifdef TWIN_RECORD_BEFORE_BIT       /* in between nobody knows who has the copy */
                word[HELD(me)] = 0
           };
           d_step { release(entry / 2, entry % 2); entry = 0 }
#else
                release(entry / 2, entry % 2)
           };
           d_step { word[HELD(me)] = 0; entry = 0 }
#endif
        od;
        done[me] = true
    } unless { d_step { dead[me] -> head = 0; entry = 0 } }
}

#define gone(p)    (dead[p] && word[OPEN(p)] != 0)
#define settled(p) (done[p] || dead[p] && word[OPEN(p)] == 0)

proctype Janitor(byte me) {
    LOCALS;
    {
        do
        :: settled(0) && settled(1) && settled(SENDER) && !holder_died && (me == 3 || done[3] || dead[3]) -> break
        :: gone(0) || gone(1) || gone(SENDER) || holder_died ->
            lock(me);
            do
            :: gone(0) -> close(0)
            :: !gone(0) && gone(1) -> close(1)
            :: !gone(0) && !gone(1) && gone(SENDER) -> close(SENDER)
            :: else -> break
            od;
            unlock()
        od;
        done[me] = true
    } unless { d_step { dead[me] -> forget() } }
}

/* kill -9, at any moment, of anybody but the last janitor. The kernel marks the lock of a dead holder. */
inline strike(p) { kills > 0 && !dead[p] && !done[p] -> dead[p] = true; kills--; holder_died = (holder == p || holder_died) }

proctype Killer() {
end:
    do
    :: atomic { strike(0) }
    :: atomic { strike(1) }
    :: atomic { strike(SENDER) }
    :: atomic { strike(3) }
    od
}

/* When all are done: each message is with all whom it was for, or with none; every slot is free; nothing is left undone. */
#define has(r, m) (taken[(r) * MESSAGES] == (m) + 1 || taken[(r) * MESSAGES + MESSAGES - 1] == (m) + 1)

proctype Judge() {
    byte m;
    atomic {
        settled(0) && settled(1) && settled(SENDER) && done[4] && (done[3] || dead[3]) && !holder_died && holder == NOBODY ->
        do
        :: m < MESSAGES ->
            assert(dead[0] || dead[1] || (meant[m] & 1) == 0 || (meant[m] & 2) == 0 || has(0, m) == has(1, m));
            assert(dead[0] || dead[1] || kills < KILLS || ((meant[m] & 1) == 0 || has(0, m)) && ((meant[m] & 2) == 0 || has(1, m)));
            m++
        :: else -> break
        od;
        assert(is_free(0) && is_free(SLOTS - 1));
        assert(word[PHASE(0)] == 0 && word[PHASE(1)] == 0);
        assert(word[OPERATION] == 0)
    }
}

init {
    atomic {
        word[OPEN(0)] = 1; word[OPEN(1)] = 1; word[OPEN(SENDER)] = 1;
        run Sender(); run Reader(0); run Reader(1); run Janitor(3); run Janitor(4); run Killer(); run Judge()
    }
}
