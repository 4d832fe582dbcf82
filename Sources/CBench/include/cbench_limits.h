/*
 * The physical limits of communication on one machine, and the kernel's own ways to communicate: what a bus can be held
 * against. None of this uses the bus.
 *
 * Each plays its part (cbench_part.h) and writes its figures. Returns 0 if there is no such transport.
 */
#ifndef CBENCH_LIMITS_H
#define CBENCH_LIMITS_H

#include "cbench_part.h"

/*
 * There and back: limit.cacheline, limit.copy, limit.futex, limit.eventfd, limit.pipe, limit.fifo, limit.seqpacket, limit.datagram,
 * peer.unix (a stream socket), peer.mq. In mode `fd` both sides wait with epoll before they read.
 */
int cbench_limit_round_trip(const cbench_part *part);

/* From senders to listeners: limit.ring. In mode `spin` listeners spin, else they sleep when there is nothing. */
int cbench_limit_fan(const cbench_part *part);
/* The same, one socket or POSIX queue for each listener: peer.unix, peer.mq. */
int cbench_kernel_fan(const cbench_part *part);

/* Robust locks: limit.lock, limit.lock.alternating, limit.lock.contended, limit.lock.handover. */
int cbench_limit_lock(const cbench_part *part);

/* limit.memcpy (to the same shared buffer), limit.memcpy.ring (of eight), limit.memcpy.fresh (first touch). */
int cbench_limit_memory(const cbench_part *part);

/*
 * From kill -9 of a process until another that sleeps knows: limit.robust, by a robust lock that it held; limit.pidfd. The victim has
 * touched part->memory_bytes.
 */
int cbench_limit_death(const cbench_part *part);

/* limit.clock, limit.syscall: what the cheapest of each costs. */
int cbench_limit_call(const cbench_part *part);

#endif
