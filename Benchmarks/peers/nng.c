/* nng over ipc://: req and rep, pub and sub. Payloads are copied by the library. Its publisher drops what a subscriber is too slow
 * for, so that no more than a window of messages is on the way. */
#include "cbench_loop.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>

struct end {
    const cbench_part *part;
    char address[200];
    nng_socket socket;
    int flags; /* of receiving: spins, or blocks */
    uint8_t *payload;
};

enum { WINDOW = 64 };

static void check(int result, const char *what) {
    if (result == 0) return;
    char sentence[256];
    snprintf(sentence, sizeof sentence, "%s: %s", what, nng_strerror(result));
    cbench_fail(sentence, 0);
}

static void prepare(struct end *end) {
    nng_socket_set_size(end->socket, NNG_OPT_RECVMAXSZ, 0);
    end->flags = strcmp(end->part->mode, "spin") == 0 ? NNG_FLAG_NONBLOCK : 0;
    end->payload = calloc(1, end->part->payload_bytes);
}

static nng_msg *receive(const struct end *end) {
    nng_msg *message;
    for (;;) {
        int result = nng_recvmsg(end->socket, &message, end->flags);
        if (result == 0) return message;
        if (result != NNG_EAGAIN) check(result, "cannot receive");
    }
}

/* ---- Request and reply ---- */

static void serve(void *context, cbench_area *area) {
    struct end *end = context;
    check(nng_rep0_open(&end->socket), "cannot open");
    prepare(end);
    check(nng_listen(end->socket, end->address, NULL, 0), "cannot listen");
    cbench_add(cbench_ready(area), 1);
    uint8_t reply[CBENCH_REPLY_BYTES] = {0};
    for (uint64_t number = 0; number != UINT64_MAX;) {
        nng_msg *request = receive(end);
        number = cbench_number(nng_msg_body(request));
        if (nng_msg_len(request) != end->part->payload_bytes || !cbench_is_stamped(nng_msg_body(request), end->part->payload_bytes, number))
            cbench_fail("a request is not what was sent", 0);
        nng_msg_free(request);
        cbench_stamp(reply, sizeof reply, number);
        check(nng_send(end->socket, reply, sizeof reply, 0), "cannot send");
    }
    /* The last reply is sent by a thread of the library: the client says when it has come. */
    while (cbench_load(cbench_done(area)) == 0) {
        struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    nng_close(end->socket);
}

static void open_client(void *context) {
    struct end *end = context;
    check(nng_req0_open(&end->socket), "cannot open");
    prepare(end);
    check(nng_dial(end->socket, end->address, NULL, 0), "cannot dial");
}

static void round_trip(void *context, uint64_t number) {
    struct end *end = context;
    cbench_stamp(end->payload, end->part->payload_bytes, number);
    check(nng_send(end->socket, end->payload, end->part->payload_bytes, 0), "cannot send");
    nng_msg *reply = receive(end);
    if (nng_msg_len(reply) != CBENCH_REPLY_BYTES || !cbench_is_stamped(nng_msg_body(reply), CBENCH_REPLY_BYTES, number))
        cbench_fail("a reply is not to the request", 0);
    nng_msg_free(reply);
}

/* ---- Senders and listeners ---- */

static void listen_to_all(void *context, cbench_hearing *hearing) {
    struct end *end = context;
    check(nng_sub0_open(&end->socket), "cannot open");
    prepare(end);
    nng_socket_set_int(end->socket, NNG_OPT_RECVBUF, 1024);
    check(nng_socket_set(end->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0), "cannot subscribe");
    for (uint64_t deadline = cbench_now() + 10000000000u; nng_dial(end->socket, end->address, NULL, 0) != 0;) {
        if (cbench_now() > deadline) cbench_fail("cannot dial", 0);
        struct timespec pause = {0, 5000000};
        nanosleep(&pause, NULL);
    }
    for (int is_first = 1, was_last = 0; !was_last; is_first = 0) {
        nng_msg *message = receive(end);
        if (is_first) cbench_add(cbench_ready(hearing->area), 1);
        was_last = cbench_hear(hearing, nng_msg_body(message));
        nng_msg_free(message);
    }
}

static void open_publisher(void *context) {
    struct end *end = context;
    check(nng_pub0_open(&end->socket), "cannot open");
    prepare(end);
    nng_socket_set_int(end->socket, NNG_OPT_SENDBUF, 1024);
    check(nng_listen(end->socket, end->address, NULL, 0), "cannot listen");
}

static void publish(void *context, const void *payload) {
    const struct end *end = context;
    check(nng_send(end->socket, (void *)payload, end->part->payload_bytes, 0), "cannot send");
}

int main(int argc, char **argv) {
    cbench_part part;
    cbench_part_begin(&part, argc, argv);
    struct end end = {.part = &part};
    snprintf(end.address, sizeof end.address, "ipc://%s/nng", part.directory);
    if (strcmp(part.scenario, "rtt") == 0) {
        cbench_area *area = cbench_fork_server(&part, serve, &end);
        open_client(&end);
        cbench_time_round_trips(&part, round_trip, &end);
        round_trip(&end, UINT64_MAX);
        cbench_store(cbench_done(area), 1);
        cbench_join(-1);
    } else if (strcmp(part.scenario, "footprint") == 0) {
        struct end client = end;
        check(nng_rep0_open(&end.socket), "cannot open");
        prepare(&end);
        check(nng_listen(end.socket, end.address, NULL, 0), "cannot listen");
        open_client(&client);
        check(nng_send(client.socket, client.payload, part.payload_bytes, 0), "cannot send");
        nng_msg_free(receive(&end));
        cbench_idle(&part);
    } else if (part.senders == 1) {
        cbench_fan fan = {.listen = listen_to_all, .open = open_publisher, .send = publish, .window = WINDOW, .must_probe = 1};
        cbench_run_fan(&part, &fan, &end);
    } else {
        cbench_unavailable("measured with one sender only");
    }
    return 0;
}
