/* From senders to listeners through the kernel: a socket, or a POSIX message queue, for each listener. */
#include "cbench_limits.h"
#include "cbench_loop.h"
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

mqd_t cbench_open_queue(size_t message_bytes) {
    static int count;
    char name[64];
    /* Queues have no directory: the name is taken back at once. */
    snprintf(name, sizeof name, "/kbus-bench-%d-%d", (int)getpid(), count++);
    struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = (long)message_bytes};
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
    if (queue < 0 && errno == EINVAL)
        cbench_unavailable("POSIX message queues take no messages of this size here (fs.mqueue.msgsize_max)");
    if (queue < 0 && errno == EMFILE) cbench_unavailable("no more POSIX message queues may be made (RLIMIT_MSGQUEUE)");
    if (queue < 0) cbench_unavailable("POSIX message queues are not to be had here");
    mq_unlink(name);
    return queue;
}

struct queues {
    const cbench_part *part;
    int are_posix;
    int write[CBENCH_PEERS], read[CBENCH_PEERS];
};

static void open_queues(struct queues *queues) {
    for (int i = 0; i < queues->part->listeners; i++) {
        int ends[2];
        if (queues->are_posix) ends[0] = ends[1] = cbench_open_queue(queues->part->payload_bytes);
        else if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) cbench_fail("cannot make sockets", errno);
        queues->write[i] = ends[0], queues->read[i] = ends[1];
    }
}

static void listen_to_queue(void *context, cbench_hearing *hearing) {
    struct queues *queues = context;
    size_t bytes = queues->part->payload_bytes;
    int from = queues->read[hearing->part->index];
    uint8_t *payload = malloc(bytes);
    if (payload == NULL) cbench_fail("no memory for a payload", 0);
    cbench_add(cbench_ready(hearing->area), 1);
    do {
        ssize_t count;
        do count = queues->are_posix ? mq_receive(from, (char *)payload, bytes, NULL) : read(from, payload, bytes);
        while (count < 0 && errno == EINTR);
        if (count != (ssize_t)bytes) cbench_fail("cannot receive", count < 0 ? errno : 0);
    } while (!cbench_hear(hearing, payload));
    free(payload);
}

static void open_nothing(void *context) { (void)context; }

static void send_to_queues(void *context, const void *payload) {
    const struct queues *queues = context;
    size_t bytes = queues->part->payload_bytes;
    for (int i = 0; i < queues->part->listeners; i++) {
        ssize_t count;
        do count = queues->are_posix ? mq_send(queues->write[i], payload, bytes, 0) == 0 ? (ssize_t)bytes : -1
                                     : write(queues->write[i], payload, bytes);
        while (count < 0 && errno == EINTR);
        if (count != (ssize_t)bytes) cbench_fail("cannot send", count < 0 ? errno : 0);
    }
}

int cbench_kernel_fan(const cbench_part *part) {
    struct queues queues = {.part = part, .are_posix = strcmp(part->transport, "peer.mq") == 0};
    if (!queues.are_posix && strcmp(part->transport, "peer.unix") != 0) return 0;
    open_queues(&queues);
    cbench_fan fan = {.listen = listen_to_queue, .open = open_nothing, .send = send_to_queues};
    cbench_run_fan(part, &fan, &queues);
    return 1;
}
