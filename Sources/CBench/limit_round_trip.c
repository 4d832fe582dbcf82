/* Limits of a round trip: the cheapest ways to pass a number to another process and get it back. */
#include "cbench_limits.h"
#include "cbench_loop.h"
#include "queue.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

static const uint32_t END = UINT32_MAX;

/* ---- Words in shared memory ---- */

/* What a bus has to move at least, if it copies: both sides' own memory, and what they share. */
struct words {
    cbench_area *area;
    const cbench_part *part;
    void *payload, *shared;
    int sleeps; /* of those who copy */
};

static void spin_serve(void *context, cbench_area *area) {
    (void)context;
    cbench_add(cbench_ready(area), 1);
    for (uint32_t last = 0; last != END;) {
        uint32_t next;
        while ((next = cbench_load(cbench_ping(area))) == last) cbench_relax();
        last = next;
        cbench_store(cbench_pong(area), last);
    }
}

static inline void spin_trip(void *context, uint64_t number) {
    cbench_area *area = ((struct words *)context)->area;
    cbench_store(cbench_ping(area), (uint32_t)number);
    while (cbench_load(cbench_pong(area)) != (uint32_t)number) cbench_relax();
}

static void spin_end(void *context) { cbench_store(cbench_ping(((struct words *)context)->area), END); }

static void sleep_serve(void *context, cbench_area *area) {
    (void)context;
    cbench_add(cbench_ready(area), 1);
    for (uint32_t last = 0; last != END;) {
        while (cbench_load(cbench_ping(area)) == last) cbench_futex_wait(cbench_ping(area), last);
        last = cbench_load(cbench_ping(area));
        cbench_store(cbench_pong(area), last);
        cbench_futex_wake(cbench_pong(area));
    }
}

/* Always one FUTEX_WAKE to send, and one FUTEX_WAIT to receive unless the word has changed already; never process-private, as
 * shared memory demands. */
static inline void sleep_trip(void *context, uint64_t number) {
    cbench_area *area = ((struct words *)context)->area;
    cbench_store(cbench_ping(area), (uint32_t)number);
    cbench_futex_wake(cbench_ping(area));
    uint32_t seen;
    while ((seen = cbench_load(cbench_pong(area))) != (uint32_t)number) cbench_futex_wait(cbench_pong(area), seen);
}

static void sleep_end(void *context) {
    cbench_area *area = ((struct words *)context)->area;
    cbench_store(cbench_ping(area), END);
    cbench_futex_wake(cbench_ping(area));
}

/* memcpy in on one side and out on the other, and a cache line or a futex to say so. */
static void copy_serve(void *context, cbench_area *area) {
    struct words *words = context;
    size_t bytes = words->part->payload_bytes;
    cbench_add(cbench_ready(area), 1);
    for (uint32_t last = 0; last != END;) {
        uint32_t next;
        while ((next = cbench_load(cbench_ping(area))) == last)
            if (words->sleeps) cbench_futex_wait(cbench_ping(area), last);
            else cbench_relax();
        if (next != END) {
            memcpy(words->payload, words->shared, bytes);
            if (!cbench_is_stamped(words->payload, bytes, next)) cbench_fail("a copied payload is not what was sent", 0);
        }
        last = next;
        cbench_store(cbench_pong(area), last);
        if (words->sleeps) cbench_futex_wake(cbench_pong(area));
    }
}

static inline void copy_trip(void *context, uint64_t number) {
    struct words *words = context;
    cbench_stamp(words->payload, words->part->payload_bytes, number);
    memcpy(words->shared, words->payload, words->part->payload_bytes);
    if (words->sleeps) sleep_trip(context, number);
    else spin_trip(context, number);
}

static void *private_memory(size_t bytes) {
    void *memory = malloc(bytes);
    if (memory == NULL) cbench_fail("no memory for a payload", 0);
    memset(memory, 1, bytes);
    return memory;
}

/* ---- Descriptors ---- */

/* One side's ends, and what one message is. */
struct side {
    int read, write, epoll;
    int is_queue; /* POSIX: its own calls */
};
struct channel {
    const cbench_part *part;
    struct side client, server;
    size_t bytes;
    uint8_t *buffer;
};

static void await_readable(const struct side *side) {
    if (side->epoll >= 0) cbench_epoll_await(side->epoll);
}

static void put(const struct channel *channel, const struct side *side, size_t bytes) {
    for (size_t sent = 0; sent < bytes;) {
        ssize_t count = side->is_queue ? mq_send(side->write, (char *)channel->buffer, bytes, 0) == 0 ? (ssize_t)bytes : -1
                                       : write(side->write, channel->buffer + sent, bytes - sent);
        if (count < 0 && errno != EINTR) cbench_fail("cannot send", errno);
        if (count > 0) sent += (size_t)count;
    }
}

static void get(const struct channel *channel, const struct side *side, size_t bytes) {
    for (size_t got = 0; got < bytes;) {
        await_readable(side);
        ssize_t count = side->is_queue ? mq_receive(side->read, (char *)channel->buffer, channel->bytes, NULL)
                                       : read(side->read, channel->buffer + got, bytes - got);
        if (count < 0 && errno != EINTR) cbench_fail("cannot receive", errno);
        if (count > 0) got += (size_t)count;
    }
}

static void channel_serve(void *context, cbench_area *area) {
    struct channel *channel = context;
    size_t reply = channel->bytes < CBENCH_REPLY_BYTES ? channel->bytes : CBENCH_REPLY_BYTES;
    cbench_add(cbench_ready(area), 1);
    for (;;) {
        get(channel, &channel->server, channel->bytes);
        uint64_t number = cbench_number(channel->buffer);
        if (number == UINT64_MAX - 1) return;
        if (!cbench_is_stamped(channel->buffer, channel->bytes, number)) cbench_fail("a request is not what was sent", 0);
        cbench_stamp(channel->buffer, reply, number);
        put(channel, &channel->server, reply);
    }
}

static void channel_trip(void *context, uint64_t number) {
    struct channel *channel = context;
    size_t reply = channel->bytes < CBENCH_REPLY_BYTES ? channel->bytes : CBENCH_REPLY_BYTES;
    cbench_stamp(channel->buffer, channel->bytes, number);
    put(channel, &channel->client, channel->bytes);
    get(channel, &channel->client, reply);
    if (!cbench_is_stamped(channel->buffer, reply, number)) cbench_fail("a reply is not to the request", 0);
}

static void channel_end(void *context) {
    struct channel *channel = context;
    cbench_stamp(channel->buffer, channel->bytes, UINT64_MAX - 1);
    put(channel, &channel->client, channel->bytes);
}

static void open_fifo(const cbench_part *part, const char *name, int *end) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", part->directory, name);
    if (mkfifo(path, 0600) != 0) cbench_fail("cannot make a FIFO", errno);
    *end = open(path, O_RDWR | O_CLOEXEC);
    if (*end < 0) cbench_fail("cannot open a FIFO", errno);
}

static void watch(struct side *side) {
    side->epoll = cbench_epoll(side->read);
    if (side->epoll < 0) cbench_fail("cannot use epoll", side->epoll);
}

/* Makes a channel of the kind; 0 if there is none of that name. */
static int open_channel(struct channel *channel, const char *kind) {
    struct side *client = &channel->client, *server = &channel->server;
    channel->bytes = channel->part->payload_bytes;
    *client = *server = (struct side){.epoll = -1};
    if (strcmp(kind, "limit.eventfd") == 0) {
        channel->bytes = 8;
        client->write = server->read = eventfd(0, EFD_CLOEXEC);
        server->write = client->read = eventfd(0, EFD_CLOEXEC);
        if (client->write < 0 || server->write < 0) cbench_fail("cannot make an eventfd", errno);
    } else if (strcmp(kind, "limit.pipe") == 0) {
        int there[2], back[2];
        if (pipe2(there, O_CLOEXEC) != 0 || pipe2(back, O_CLOEXEC) != 0) cbench_fail("cannot make a pipe", errno);
        server->read = there[0], client->write = there[1], client->read = back[0], server->write = back[1];
    } else if (strcmp(kind, "limit.fifo") == 0) {
        open_fifo(channel->part, "there", &client->write);
        open_fifo(channel->part, "back", &server->write);
        server->read = client->write, client->read = server->write;
    } else if (strcmp(kind, "limit.seqpacket") == 0 || strcmp(kind, "limit.datagram") == 0 || strcmp(kind, "peer.unix") == 0) {
        int ends[2], type = kind[6] == 's' ? SOCK_SEQPACKET : kind[6] == 'd' ? SOCK_DGRAM : SOCK_STREAM;
        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) cbench_fail("cannot make sockets", errno);
        client->read = client->write = ends[0], server->read = server->write = ends[1];
    } else if (strcmp(kind, "peer.mq") == 0) {
        client->write = server->read = cbench_open_queue(channel->bytes);
        server->write = client->read = cbench_open_queue(channel->bytes);
        client->is_queue = server->is_queue = 1;
    } else {
        return 0;
    }
    if (strcmp(channel->part->mode, "fd") == 0) watch(client), watch(server);
    channel->buffer = private_memory(channel->bytes);
    return 1;
}

int cbench_limit_round_trip(const cbench_part *part) {
    struct words words = {.part = part};
    int spins = strcmp(part->transport, "limit.cacheline") == 0, sleeps = strcmp(part->transport, "limit.futex") == 0;
    int copies = strcmp(part->transport, "limit.copy") == 0;
    if (!spins && !sleeps && !copies) {
        struct channel channel = {.part = part};
        if (!open_channel(&channel, part->transport)) return 0;
        cbench_round_trips(part, channel_serve, NULL, channel_trip, channel_end, &channel);
        return 1;
    }
    if (copies) {
        words.payload = private_memory(part->payload_bytes);
        words.shared = cbench_shared(part->payload_bytes);
        words.sleeps = strcmp(part->mode, "sleep") == 0;
    }
    cbench_area *area = cbench_fork_server(part, spins ? spin_serve : sleeps ? sleep_serve : copy_serve, &words);
    words.area = area;
    if (spins) cbench_time_round_trips(part, spin_trip, &words), spin_end(&words);
    if (sleeps) cbench_time_round_trips(part, sleep_trip, &words), sleep_end(&words);
    if (copies) cbench_time_round_trips(part, copy_trip, &words), sleep_end(&words);
    cbench_join(-1);
    return 1;
}
