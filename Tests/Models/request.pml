/*
 * The record of an outstanding request, and who may answer it (Send.swift, Status.swift, Unqueue.swift, Departure.swift, Reaping.swift).
 *
 * A requester asks twice, through the one request record there is: first Replier 0; when that is over, Replier 0 or 1. Its
 * patience may end first. Replier 0 takes without the lock, replies (perhaps late), unbinds, or is killed at any moment; the early
 * notice of its death can come while a thread of it still runs. It is born again in the same Ksock record. Two reapers notice
 * deaths; one may be killed between two steps of a close, which whoever takes the lock next finishes first. Steps under the lock
 * are atomic here: publish.pml shows why they may be taken so.
 *
 * Shown: each request has exactly one answer - a reply, a status, or that time ran out - from its own Replier; what a Replier has
 * in its hands is not said to have gone unread; no live Ksock is closed.
 */

#define NOBODY 255

/* The request record. */
byte sequence;             /* 0: free; else which request */
byte replier_of_record;    /* incarnation */

/* Replier 0: a Ksock record with its queue. */
#define QUEUE 2
byte incarnation = 1, life = 1;   /* life: the incarnation of the process that runs now; 0 if none does */
bool bound = true;
bool closing;              /* cshm_ksock.special */
byte head, tail;
byte entry[QUEUE];         /* which request; 0 for a tombstone */

/* The long operation of the bus, 0 if none: closing the Ksock; and which step comes next. */
bool operation;
byte cursor;
byte step;

/* The bus lock. */
byte holder = NOBODY;
bool holder_died;

bool reaper_dead[2], requester_done, replier_may_die = true, reaper_may_die = true;
/* The owner is dying: early notice has been given, and yet a thread of it may run. */
bool dying;

/* Ghosts. */
byte meant[3];             /* for each request the incarnation that it went to: 1 and 2 Replier 0, 9 Replier 1 */
byte answers[3];
bool delivered[3];         /* Replier 0 has it in its hands */

/* ---- Answers, each in one transaction with the end of the record ---- */

inline answer(which, from) {
    answers[which]++;
    assert(answers[which] == 1);
    assert(from == meant[which])
}

/* A copy leaves the queue unread: a status, if it is still waited for. */
inline give_up(which) {
#ifdef TWIN_SEQUENCE_IGNORED        /* the record may serve another request by now */
    if
    :: which != 0 && sequence != 0 -> answer(sequence, incarnation); sequence = 0
#else
    if
    :: which != 0 && sequence == which -> answer(sequence, incarnation); sequence = 0
#endif
    :: else
    fi
}

/* ---- The lock ---- */

inline lock(me) {
    if
    :: atomic { holder == NOBODY -> holder = me }
    :: atomic { holder_died -> holder = me; holder_died = false };
       if
       :: operation -> finish_close()
       :: else
       fi
    fi
}

inline unlock() { holder = NOBODY }

/* ---- Closing Replier 0: queued requests, binding, requests taken, the record ---- */

inline finish_close() {
    do
    /* Decided once for all: what is before the head as it stands now counts as taken. */
    :: atomic { step == 0 -> step = 1;
#ifndef TWIN_HEAD_SETTLED_EARLY     /* what the owner took meanwhile is said never to have been read */
            cursor = head
#endif
       }
    :: atomic { step == 1 ->
            if
            :: cursor < tail ->
                assert(entry[cursor] == 0 || !delivered[entry[cursor]] || sequence != entry[cursor]);
                give_up(entry[cursor]);
                cursor++
            :: else -> step = 2
            fi
       }
    :: atomic { step == 2 -> bound = false; step = 3 }
#ifdef TWIN_ANSWERED_APART          /* killed in between, the next one answers again */
    :: atomic { step == 3 && sequence != 0 && replier_of_record == incarnation -> answer(sequence, incarnation) };
       sequence = 0
#else
    :: atomic { step == 3 && sequence != 0 && replier_of_record == incarnation -> answer(sequence, incarnation); sequence = 0 }
#endif
    :: atomic { step == 3 && (sequence == 0 || replier_of_record != incarnation) ->
            incarnation = 0; operation = false; closing = false; step = 0; cursor = 0; head = 0; tail = 0; entry[0] = 0; entry[1] = 0
       }; break
    od
}

/* ---- The processes. For the lock the requester is 0, Replier 0 is 1, the reapers 2 and 3; those who never die are 4. ---- */

proctype Requester() {
    byte which = 1;
    bool to_other;
    do
    :: which <= 2 ->
        lock(0);
        atomic {
            if
            :: bound && !closing ->
                sequence = which; replier_of_record = incarnation; meant[which] = incarnation;
                entry[tail] = which;
                tail++
            :: which == 2 -> sequence = which; replier_of_record = 9; meant[which] = 9; to_other = true
            /* Nobody to ask. */
            :: !bound || closing -> meant[which] = 0
            fi
        };
        unlock();
        if
        :: to_other ->
            /* Replier 1 does nothing but reply. */
            lock(4);
            atomic { if :: sequence == which -> answer(which, 9); sequence = 0 :: else fi };
            unlock()
        :: else
        fi;
        if
        :: meant[which] == 0 || answers[which] != 0
        :: meant[which] != 0 && answers[which] == 0 ->
            /* Patience may end; the answer may come just before. */
#ifdef TWIN_DEADLINE_BLIND          /* answered and timed out */
            atomic { answers[which]++; assert(answers[which] == 1) };
            lock(0);
            atomic { if :: sequence == which -> sequence = 0 :: else fi };
#else
            lock(0);
            atomic {
                if
                :: sequence == which -> answer(which, meant[which]); sequence = 0
                :: else
                fi
            };
#endif
            unlock()
        :: meant[which] != 0 && answers[which] != 0
        fi;
        which++
    :: else -> break
    od;
    requester_done = true
}

/* Replier 0, as its first process and then as its second. */
proctype Replier(byte born) {
    byte owed, taken;
    {
        do
        :: atomic { head < tail && incarnation == born && owed == 0 -> taken = entry[head]; head++ };
           /* Closing: what it has taken is not its own any more. */
           if
           :: atomic { !closing && taken != 0 -> owed = taken; delivered[taken] = true }
           :: else
           fi;
           taken = 0
        :: owed != 0 ->
            lock(1);
            atomic {
                if
#ifdef TWIN_REPLY_UNCHECKED         /* a late reply is a second answer */
                :: incarnation == born && !closing -> answers[owed]++; assert(answers[owed] == 1); sequence = (sequence == owed -> 0 : sequence)
#else
                :: incarnation == born && !closing && sequence == owed -> answer(owed, born); sequence = 0
#endif
                :: else
                fi;
                owed = 0
            };
            unlock()
        :: bound && incarnation == born ->
            /* Unbind: what its binding has queued goes, in one hold of the lock. */
            lock(1);
            atomic {
                if
                :: incarnation == born && !closing ->
                    bound = false;
                    if
                    :: head < tail -> give_up(entry[head]); entry[head] = 0
                    :: else
                    fi;
                    if
                    :: head + 1 < tail -> give_up(entry[head + 1]); entry[head + 1] = 0
                    :: else
                    fi
                :: else
                fi
            };
            unlock()
        :: requester_done && !dying -> break
        od
    } unless { life != born }
}

/* The early notice, and then the certain end; the kernel marks the lock. */
proctype Fate() {
    if
    :: dying = true
    :: skip
    fi;
    atomic { life = 0; dying = false; holder_died = (holder == 1 || holder_died) };
    /* Born again, in the same Ksock record. */
    lock(4);
    atomic {
        if
        :: incarnation == 0 -> incarnation = 2; life = 2; bound = true; run Replier(2)
        :: else
        fi
    };
    unlock()
}

#define abandoned (incarnation != 0 && (incarnation != life || dying))

proctype Reaper(byte me) {
    byte sighted, early;
    {
end:    do
        :: atomic { abandoned -> sighted = incarnation; early = head };
           lock(me);
           atomic {
                if
#ifdef TWIN_SIGHTING_BELIEVED       /* it may have been closed, and its record used again */
                :: incarnation != 0 && !operation ->
#else
                :: incarnation == sighted && !operation ->
#endif
                    assert(incarnation != life || dying);
                    closing = true; operation = true; step = 0;
                    cursor = early
                :: else
                fi
           };
           if
           :: operation -> finish_close()
           :: else
           fi;
           atomic { holder = NOBODY; sighted = 0; early = 0 }
        :: atomic { holder_died -> skip }; lock(me); unlock()
        od
    } unless { reaper_dead[me - 2] }
}

proctype Killer() {
end:
    do
    :: atomic { reaper_may_die -> reaper_may_die = false; reaper_dead[0] = true; holder_died = (holder == 2 || holder_died) }
    od
}

proctype Judge() {
    atomic {
        requester_done && holder == NOBODY && !holder_died && !abandoned ->
        assert(meant[1] == 0 || answers[1] == 1);
        assert(meant[2] == 0 || answers[2] == 1);
        assert(!operation && (sequence == 0))
    }
}

init {
    atomic {
        run Requester(); run Replier(1); run Fate(); run Reaper(2); run Reaper(3); run Killer(); run Judge()
    }
}
