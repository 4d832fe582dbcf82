/*
 * The bus lock: a robust futex word with a thread id, a bit that says that somebody may sleep (FUTEX_WAITERS), and a bit that the
 * kernel sets when a holder dies (FUTEX_OWNER_DIED); taken with a time limit always (lock.c; DESIGN R7).
 *
 * Four threads take the lock once each, and may be killed between any two steps, asleep in the kernel or between the kernel's waking
 * them and their next step as well.
 *
 * Shown: two never hold it; whoever takes it from a dead holder knows; a live thread always gets it. (Somebody waiting for
 * ever is an invalid end state.)
 *
 * configuration: -DTHREADS=3 -DKILLS=2
 * configuration: -DTHREADS=4 -DKILLS=1
 */

#ifndef THREADS
#define THREADS 4
#endif
#ifndef KILLS
#define KILLS   1
#endif

/* The word. */
byte owner;                /* thread + 1, or 0 */
bool waiters, died;

bool asleep[THREADS];      /* in FUTEX_WAIT */
bool listed[THREADS];      /* list_op_pending: the kernel will look at the word when it dies */
bool dead[THREADS], done[THREADS];
byte kills = KILLS;

/* Ghosts. */
byte inside;               /* live holders */
bool torn;                 /* a holder died, and nobody has recovered yet */

inline wake_one() {
    atomic {
        if
        :: asleep[0] -> asleep[0] = false
        :: asleep[1] -> asleep[1] = false
        :: asleep[2] -> asleep[2] = false
        :: asleep[THREADS - 1] -> asleep[THREADS - 1] = false
        :: !asleep[0] && !asleep[1] && !asleep[2] && !asleep[THREADS - 1]
        fi
    }
}

proctype Thread(byte me) {
    bool has_waited, must_recover, seen_waiters;
    {
        do
        :: owner == 0 ->
#ifndef TWIN_LISTED_LATE            /* killed in between, it holds the lock for ever */
           listed[me] = true;
#endif
           if
           :: atomic {
                owner == 0 ->
                /* One compare-and-swap. Who has slept can't know whether others do: it says that they may. */
                owner = me + 1;
                waiters = waiters || has_waited;
#ifdef TWIN_DIED_IGNORED            /* a word without an owner is taken to be free */
                must_recover = false;
#else
                must_recover = died;
#endif
                died = false;
                assert(inside == 0);
                assert(must_recover == torn);
                inside++
              };
              break
           :: owner != 0 -> listed[me] = false
           fi
        :: owner != 0 && !waiters -> atomic { if :: owner != 0 -> waiters = true :: else fi }
        :: d_step { owner != 0 && waiters -> asleep[me] = true; has_waited = true };
#ifdef TWIN_UNTIMED                 /* a waiter killed after it was woken takes the wake along */
           !asleep[me]
#else
           /* Woken; or the time limit passes, of which only those times matter that find the lock free. */
           atomic { !asleep[me] || owner == 0 -> asleep[me] = false }
#endif
        od;
#ifdef TWIN_LISTED_LATE
        listed[me] = true;
#endif
        if
        :: must_recover -> torn = false
        :: else
        fi;
#ifdef TWIN_UNLISTED_EARLY          /* killed in between, it holds the lock for ever */
        listed[me] = false;
#endif
        atomic { assert(owner == me + 1); inside--; owner = 0; seen_waiters = waiters; waiters = false };
        if
        :: seen_waiters -> wake_one()
        :: else
        fi;
        listed[me] = false;
        done[me] = true
    } unless { dead[me] }
}

/* kill -9, and what the kernel does with list_op_pending. */
inline strike(p) {
    kills > 0 && !dead[p] && !done[p] ->
    dead[p] = true;
    kills--;
    asleep[p] = false;
    if
    :: listed[p] && owner == p + 1 ->
        owner = 0; died = true; torn = true; inside--;
        if :: waiters -> wake_one() :: else fi
    :: listed[p] && owner == 0 && !died -> wake_one()   /* killed between unlocking and waking */
    :: else -> if :: owner == p + 1 -> inside--; torn = true :: else fi
    fi
}

proctype Killer() {
end:
    do
    :: atomic { strike(0) }
    :: atomic { strike(1) }
    :: atomic { strike(2) }
    :: atomic { strike(THREADS - 1) }
    od
}

init {
    atomic {
        byte n;
        do
        :: n < THREADS -> run Thread(n); n++
        :: else -> break
        od;
        run Killer()
    }
}
