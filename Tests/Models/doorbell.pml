/*
 * How a sender tells a reader that there is something, and how a reader sleeps until then (Doorbell.swift), with a kill between any
 * two steps, and with the one reordering that x86-64 allows: a store waits in its processor's buffer while later loads overtake it.
 *
 * Two threads of one Ksock sleep on its bell, each for an answer of its own; two senders bring them. After a death whoever notices
 * it rings, may be killed meanwhile, and is followed by another.
 *
 * Shown: no thread sleeps while its message is there, whoever was killed. (A sleep that nobody ends is an invalid end state.)
 */

#define SIDES 2

/* Of the Ksock. */
bool message[SIDES];
byte bell, sleepers;
/* A store of each sender that the others can't see yet. The bell is rung by an atomic addition, which no buffer holds back. */
bool message_buffered[SIDES];
/* In FUTEX_WAIT. */
bool asleep[SIDES];

/* Senders are 0 and 1, those who notice deaths 2 and 3. */
bool dead[4], done[4];
/* That a sender is dead has been dealt with: its Ksock is closed. */
bool closed[SIDES];
byte kills = 2;

inline wake() {
#ifdef TWIN_ONE_WOKEN               /* the wrong thread wakes, and sleeps again */
    atomic {
        if
        :: asleep[0] -> asleep[0] = false
        :: asleep[1] -> asleep[1] = false
        :: !asleep[0] && !asleep[1]
        fi
    }
#else
    d_step { asleep[0] = false; asleep[1] = false }
#endif
}

inline ring() {
#ifndef TWIN_WOKEN_WITHOUT_BELL     /* who is on its way to sleep is not asleep yet, and is not woken */
    bell++;
#endif
    wake()
}

proctype Sender(byte me) {
    {
        message_buffered[me] = true;
#ifndef TWIN_NO_FENCE               /* the look at the sleepers overtakes the message */
        !message_buffered[me];
#endif
        if
        :: sleepers != 0 ->
#ifdef TWIN_SENDER_CLEARS           /* only a sleeper may count itself out */
            sleepers = 0;
#endif
            ring()
        :: else
        fi;
        done[me] = true
    } unless { dead[me] }
}

/* Buffers empty themselves at some time; also those of the dead, whose executed stores all become visible. */
proctype Memory(byte who) {
end:
    do
    :: message_buffered[who] -> d_step { message[who] = true; message_buffered[who] = false }
    od
}

proctype Reader(byte me) {
    byte heard;
    do
    :: message[me] -> break
    :: !message[me] ->
       /* Counting itself is atomic: a full fence. */
#ifndef TWIN_COUNTED_LATE           /* a sender sees nobody asleep */
       sleepers++;
#endif
#ifdef TWIN_BELL_READ_LATE          /* a ring between the look and the reading is missed */
       if
       :: message[me] -> sleepers--; break
       :: else
       fi;
       heard = bell;
#else
       heard = bell;
#ifndef TWIN_NO_SECOND_LOOK         /* what came before it counted itself rings nobody */
       if
       :: message[me] -> sleepers--; break
       :: else
       fi;
#endif
#endif
       /* The kernel compares and sleeps in one. */
       d_step {
            if
            :: bell == heard -> asleep[me] = true
            :: else
            fi
       };
#ifdef TWIN_COUNTED_LATE
       sleepers++;
#endif
       !asleep[me];
       d_step { sleepers--; heard = 0 }
    od
}

#define unnoticed(p) (dead[p] && !closed[p])
#define settled(p)   (done[p] || closed[p])

/* Notices deaths. What the dead owed to sleepers is paid before the death counts as dealt with. */
proctype Undertaker(byte me) {
    byte p;
    {
        /* One at a time; the other goes on where the first was killed. */
        me == 2 || done[2] || dead[2];
        do
        :: settled(0) && settled(1) -> break
        :: d_step { unnoticed(0) || unnoticed(1) -> p = (unnoticed(0) -> 0 : 1) };
#ifdef TWIN_CLOSED_BEFORE_RUNG      /* if that is interrupted nobody does it again */
            closed[p] = true;
            if :: sleepers != 0 -> ring() :: else fi
#else
            /* The dead can't store any more: what they had stored is there. */
            !message_buffered[p];
#ifndef TWIN_DEATH_NOT_RUNG         /* a sender killed before its wake leaves a sleeper for ever */
            if :: sleepers != 0 -> ring() :: else fi;
#endif
            d_step { closed[p] = true; p = 0 }
#endif
        od;
        done[me] = true
    } unless { dead[me] }
}

inline strike(p) { kills > 0 && !dead[p] && !done[p] -> dead[p] = true; kills-- }

/* The senders are alike: it is enough to kill the first. */
proctype Killer() {
end:
    do
    :: atomic { strike(0) }
    :: atomic { strike(2) }
    od
}

/* A thread whose sender died before it sent anything waits rightly; its message comes from somewhere else in the end. */
proctype Bus() {
end:
    do
    :: closed[0] && !message[0] && !message_buffered[0] -> d_step { message[0] = true; bell++; asleep[0] = false; asleep[1] = false }
    :: closed[1] && !message[1] && !message_buffered[1] -> d_step { message[1] = true; bell++; asleep[0] = false; asleep[1] = false }
    od
}

init {
    atomic {
        run Sender(0); run Sender(1); run Memory(0); run Memory(1); run Reader(0); run Reader(1);
        run Undertaker(2); run Undertaker(3); run Bus(); run Killer()
    }
}
