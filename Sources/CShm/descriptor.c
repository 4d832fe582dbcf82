#include "cshm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t address_of(cshm_descriptor_name name, struct sockaddr_un *address) {
    enum { TAG = 5 };
    uint64_t parts[2] = { name.bus, name.ksock };
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, "\0kbus", TAG);
    memcpy(address->sun_path + TAG, parts, sizeof parts);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + TAG + sizeof parts);
}

static int new_socket(int kind) {
    int s = socket(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return s < 0 ? -errno : s;
}

/* Closes what could not be made use of, and passes the reason on. */
static int give_up(int s) {
    int error = -errno;
    close(s);
    return error;
}

int cshm_descriptor_open(cshm_descriptor_name name, uint64_t *inode) {
    struct sockaddr_un address;
    struct stat facts;
    int s = new_socket(name.listens ? SOCK_SEQPACKET : SOCK_DGRAM), least = 1;
    if (s < 0) return s;
    /* The least send buffer there is: one datagram in a sink fills it. */
    if (!name.listens) setsockopt(s, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    if (bind(s, (struct sockaddr *)&address, address_of(name, &address)) < 0) return give_up(s);
    if ((name.listens && listen(s, 8) < 0) || fstat(s, &facts) < 0) return give_up(s);
    *inode = facts.st_ino;
    return s;
}

/* Sockets of the process, made on first use: one to ring with, and one to ask with. A fork shares them, which does no harm. Each is
 * a number, +1. A program that closes all descriptors closes ours, and may have opened another with its number, to which nothing of ours
 * must go: ours are told by a signal that they would send, were they asked to send any, and that nobody else chooses. To ask for that
 * costs less than half of an fstat. */
enum { OURS = 63 };

static int shared_socket(_Atomic int *place) {
    int known = atomic_load_explicit(place, memory_order_acquire);
    if (known && fcntl(known - 1, F_GETSIG) == OURS) return known - 1;
    int s = new_socket(SOCK_DGRAM);
    if (s < 0) return s;
    if (fcntl(s, F_SETSIG, OURS) < 0) return give_up(s);
    if (atomic_compare_exchange_strong(place, &known, s + 1)) return s;
    close(s);
    return known - 1;
}

/* A connection: for the descriptors that listen. */
static int call(const struct sockaddr_un *address, socklen_t length) {
    int s = new_socket(SOCK_SEQPACKET);
    if (s < 0) return s;
    /* What waits at the other end stays when we close ours. Full: then it is readable. */
    int result = connect(s, (const struct sockaddr *)address, length) == 0 || errno == EAGAIN ? 0 : -errno;
    close(s);
    return result;
}

static int cast(int s, const struct sockaddr_un *address, socklen_t length) {
    return syscall(SYS_sendto, s, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL, address, length) < 0 ? -errno : 0;
}

/* What a socket has sent counts against it until it is read, so with hundreds of readers asleep the one that all threads share is
 * full. A new one is not: if that can't send either, the reader's queue is full, and it is readable. */
static int cast_anew(const struct sockaddr_un *address, socklen_t length) {
    int s = new_socket(SOCK_DGRAM);
    if (s < 0) return s;
    int result = cast(s, address, length);
    close(s);
    return result == -EAGAIN ? 0 : result;
}

static _Atomic int ringing, asking;

int cshm_descriptor_ring(cshm_descriptor_name name) {
    struct sockaddr_un address;
    socklen_t length = address_of(name, &address);
    if (name.listens) return call(&address, length);
    int s = shared_socket(&ringing);
    if (s < 0) return s;
    int result = cast(s, &address, length);
    return result == -EAGAIN ? cast_anew(&address, length) : result;
}

int cshm_descriptor_drain_once(int descriptor) {
    return syscall(SYS_recvfrom, descriptor, NULL, 0, MSG_DONTWAIT, NULL, NULL) < 0 ? -errno : 0;
}

int cshm_descriptor_drain(int descriptor, uint32_t listens) {
    if (listens) {
        int s;
        while ((s = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC)) >= 0) close(s);
        return errno == EAGAIN ? 0 : -errno;
    }
    struct mmsghdr messages[16];
    memset(messages, 0, sizeof messages);
    int n;
    do n = recvmmsg(descriptor, messages, 16, MSG_DONTWAIT, NULL);
    while (n == 16);
    return n >= 0 || errno == EAGAIN ? 0 : -errno;
}

int cshm_descriptor_block(int descriptor) {
    char nothing[1000];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t length = sizeof address;
    int sink = new_socket(SOCK_DGRAM);
    if (sink < 0) return sink;
    /* Bound to no name: the kernel chooses one. */
    if (bind(sink, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0) return give_up(sink);
    if (getsockname(sink, (struct sockaddr *)&address, &length) < 0) return give_up(sink);
    memset(nothing, 0, sizeof nothing);
    if (sendto(descriptor, nothing, sizeof nothing, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, length) < 0)
        return give_up(sink);
    return sink;
}

void cshm_descriptor_unblock(int sink) {
    char nothing;
    /* Closing would do, had not a child a copy of the sink. */
    recv(sink, &nothing, sizeof nothing, MSG_DONTWAIT);
    close(sink);
}

int cshm_descriptor_exists(cshm_descriptor_name name) {
    struct sockaddr_un address;
    socklen_t length = address_of(name, &address);
    if (name.listens) return call(&address, length) != -ECONNREFUSED;
    int s = shared_socket(&asking);
    return s < 0 || connect(s, (struct sockaddr *)&address, length) == 0 || errno != ECONNREFUSED;
}

int cshm_descriptor_is(int descriptor, uint64_t inode) {
    struct stat facts;
    return fstat(descriptor, &facts) == 0 && S_ISSOCK(facts.st_mode) && facts.st_ino == inode;
}

int cshm_descriptor_find(uint64_t inode) {
    DIR *numbers = opendir("/proc/self/fd");
    if (!numbers) return -errno;
    int found = -ENOENT;
    for (struct dirent *entry; found < 0 && (entry = readdir(numbers));) {
        int number = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && cshm_descriptor_is(number, inode)) found = number;
    }
    closedir(numbers);
    return found;
}
