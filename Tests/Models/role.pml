/*
 * Who watches over a bus: the role word, which one thread has, and which the kernel frees when that thread ends (Watch.swift, life.c).
 *
 * Helpers take the role when it is free, and leave it to a reaper that asks for it. Whoever waits for it sleeps on the word; a death
 * wakes one of them, a giving back all. Each may be killed between any two steps, asleep as well, or end by itself.
 *
 * Shown: two never have the role; and never is it free while whoever wants it sleeps without a time limit, unless somebody is on
 * the way to it. (The minute after which helpers look anyway is left out: nothing may depend on it.)
 *
 * configuration: -DHELPERS=3 -DREAPERS=0 -DKILLS=2 -DENDS=1
 * configuration: -DHELPERS=1 -DREAPERS=2 -DKILLS=1 -DENDS=0
 * configuration: -DHELPERS=2 -DREAPERS=1 -DKILLS=2 -DENDS=0
 */

#define THREADS (HELPERS + REAPERS)
#define is_helper (me < HELPERS)

/* The word: thread + 1, or 0. */
byte role;
bool wanted;               /* a reaper asks for it */
bool watcher_is_reaper;    /* what its last taker said that it is */

bool asleep[THREADS];      /* in FUTEX_WAIT on the word, and on the bells */
bool limited[THREADS];     /* with a time limit */
bool rung[THREADS];        /* the helpers' bell */
bool pending[THREADS];     /* list_op_pending: the kernel will look at the word when the thread ends */
bool listed[THREADS];      /* the word is in the list of the thread's words */
bool over[THREADS];        /* the kernel is done with it */
byte kills = KILLS, ends = ENDS;
bool dead[THREADS];

inline wake_one() {
    atomic {
        if
        :: asleep[0] -> asleep[0] = false
        :: asleep[1 % THREADS] -> asleep[1 % THREADS] = false
        :: asleep[2 % THREADS] -> asleep[2 % THREADS] = false
        :: !asleep[0] && !asleep[1 % THREADS] && !asleep[2 % THREADS]
        fi
    }
}

inline wake_all() { d_step { asleep[0] = false; asleep[1 % THREADS] = false; asleep[2 % THREADS] = false } }

/* Every helper's thread hears it, asleep or not. */
inline ring_helpers() {
    d_step {
        rung[0] = true; asleep[0] = false;
        if :: HELPERS > 1 -> rung[1 % THREADS] = true; asleep[1 % THREADS] = false :: else fi;
        if :: HELPERS > 2 -> rung[2 % THREADS] = true; asleep[2 % THREADS] = false :: else fi
    }
}

inline give_back() {
    pending[me] = true;
    listed[me] = false;
    atomic { assert(role == me + 1); role = 0 };
#ifndef TWIN_GIVEN_BACK_SILENTLY    /* who waits for the role sleeps on */
    wake_all();
#endif
    pending[me] = false
}

proctype Thread(byte me) {
    byte seen;
    bool is_patient, is_limited;
    {
        do
        :: true ->
#ifdef TWIN_LOCKED_BEFORE           /* who has the bus lock has that pending, and not the role */
           if
           :: is_helper && pending[me] -> pending[me] = false; pending[me] = true
           :: else
           fi;
#endif
           d_step { rung[me] = false; is_limited = false };
           /* One look: what changes afterwards wakes, or is seen by the next. */
           atomic {
               seen = role;
               if
               :: ends > 0 -> ends--; break
               /* Another reaper works: nothing to do for this one. */
               :: !is_helper && role != 0 && role != me + 1 && watcher_is_reaper -> break
               :: true
               fi
           };
           if
           :: seen == me + 1 && is_helper && wanted ->
              give_back();
              is_patient = true;
              goto next
           :: seen == me + 1 && !(is_helper && wanted) -> goto sleep    /* watching, until something happens */
           :: seen != me + 1 && seen != 0 ->
              is_patient = false;
#ifndef TWIN_NOT_PENDING            /* the one that was woken is killed, and nobody else knows */
              pending[me] = true;
#endif
              if
              :: !is_helper && !watcher_is_reaper -> wanted = true; ring_helpers(); is_limited = true
              :: else
              fi;
              goto sleep
           :: seen == 0 && is_helper && wanted && is_patient ->
#ifndef TWIN_PATIENT_NOT_PENDING    /* so is one that leaves the role to a reaper */
              pending[me] = true;
#endif
              is_limited = true;
              goto sleep
           :: seen == 0 && is_helper && wanted && !is_patient ->
              if
              :: is_patient = true
              /* The reaper that asked may have been killed. */
              :: wanted = false
              fi
           :: seen == 0 && !(is_helper && wanted) ->
#ifndef TWIN_TAKEN_NOT_PENDING      /* killed before the word is in its list, it has the role for ever */
              pending[me] = true;
#else
              pending[me] = false;
#endif
              atomic { if :: role == 0 -> role = me + 1 :: else fi };
              if
              :: role == me + 1 -> listed[me] = true; pending[me] = false; watcher_is_reaper = !is_helper;
                 if :: !is_helper -> wanted = false :: else fi
              :: else -> pending[me] = false
              fi
           fi;
           goto next;
sleep:
           /* A helper does other work first, with the bus lock, which is pending meanwhile; but not while it leaves the role to a
            * reaper. */
           if
#ifndef TWIN_PATIENT_AT_WORK        /* it may be the only one that was woken */
           :: is_helper && pending[me] && !is_limited -> pending[me] = false; pending[me] = true
#else
           :: is_helper && pending[me] -> pending[me] = false; pending[me] = true
#endif
           :: else
           fi;
           /* The kernel compares and sleeps in one. */
           atomic {
                if
                :: role == seen && !rung[me] -> asleep[me] = true; limited[me] = is_limited
                :: else
                fi
           };
end_asleep:
           if
           :: !asleep[me]
           :: is_limited && asleep[me] -> asleep[me] = false; is_patient = false
           fi;
           limited[me] = false;
next:
           seen = 0
        od;
        /* It ends by itself. */
        if
        :: role == me + 1 -> give_back()
#ifndef TWIN_ENDS_WOKEN             /* the one that was woken does not need the role any more */
        :: else -> wake_one()
#else
        :: else
#endif
        fi;
        pending[me] = false
    } unless { dead[me] };
    /* The kernel's part: it leaves the sleepers, then its words are looked at. */
    d_step { asleep[me] = false; limited[me] = false; is_limited = false; is_patient = false; seen = 0 };
    if
    :: listed[me] && role == me + 1 -> role = 0; wake_one()
    :: else
    fi;
    if
    :: pending[me] && role == me + 1 -> role = 0; wake_one()
    :: pending[me] && role == 0 -> wake_one()
    :: else
    fi;
    over[me] = true
}

#define on_its_way(t)  (!over[t] && (!asleep[t] || limited[t] || dead[t]))
#define sleeps_long(t) (!over[t] && !dead[t] && asleep[t] && !limited[t])

proctype Judge() {
end:
    do
    :: atomic {
        role == 0 && (sleeps_long(0) || sleeps_long(1 % THREADS) || sleeps_long(2 % THREADS)) &&
        !on_its_way(0) && !on_its_way(1 % THREADS) && !on_its_way(2 % THREADS) -> assert(false)
       }
    od
}

inline strike(t) { kills > 0 && !dead[t] && !over[t] -> dead[t] = true; kills-- }

/* Those of one kind are alike: it is enough to kill these. */
proctype Killer() {
end:
    do
    :: atomic { strike(0) }
    :: atomic { strike(2 % THREADS) }
    od
}

init {
    atomic {
        byte t;
        for (t : 0 .. THREADS - 1) { run Thread(t) };
        run Judge(); run Killer()
    }
}
