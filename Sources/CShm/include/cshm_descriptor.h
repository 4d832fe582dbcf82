/*
 * The full descriptor, which can be readable, writable, both or neither. Two kinds of socket can be neither:
 *
 * For writers a datagram socket: readable while a datagram waits in it, unwritable while a datagram of its own waits unread in
 * another socket, the sink. For those that only read, a listening socket, which is never writable: readable while a
 * connection waits.
 *
 * Sockets have names in the abstract name space of the network namespace, which vanish with the last copy of the
 * descriptor: who rings one that is gone is told so.
 */
#ifndef CSHM_DESCRIPTOR_H
#define CSHM_DESCRIPTOR_H

#include <stdint.h>

/* What the name of a socket is made of: the bus and the Ksock. And of which kind it is. */
typedef struct cshm_descriptor_name {
    uint64_t bus;
    uint64_t ksock;
    uint32_t listens;
} cshm_descriptor_name;

/* A new descriptor of this name, close-on-exec; *inode tells it from others. -EADDRINUSE, -EMFILE. */
int cshm_descriptor_open(cshm_descriptor_name name, uint64_t *inode);

/* Makes it readable. 0, or -ECONNREFUSED if no copy of it is open any more; anything else: it may not have been rung. */
int cshm_descriptor_ring(cshm_descriptor_name name);
/* Makes it unreadable. */
int cshm_descriptor_drain(int descriptor, uint32_t listens);
/* Takes one ring off one that does not listen. Negative if there was none. */
int cshm_descriptor_drain_once(int descriptor);
/* Makes it unwritable: returns a sink. */
int cshm_descriptor_block(int descriptor);
/* Makes it writable again, and closes the sink. */
void cshm_descriptor_unblock(int sink);

/* 1 while a copy of the descriptor is open in some process; 0 if none is. One that listens may be rung by this. */
int cshm_descriptor_exists(cshm_descriptor_name name);
/* 1 if this number is the socket with this inode, else 0. */
int cshm_descriptor_is(int descriptor, uint64_t inode);
/* Some number of this process that is the socket with this inode; -ENOENT. */
int cshm_descriptor_find(uint64_t inode);

#endif
