/* ZeroMQ over ipc://: REQ and REP, PUB and SUB. Payloads are copied by the library; nothing is lost, since the publisher is made to
 * wait (ZMQ_XPUB_NODROP) at its default limit of 1000 messages. */
#include "cbench_loop.h"

#include <errno.h>
#include <stdio.h>
#include <zmq.h>

struct end {
    const cbench_part *part;
    char address[200];
    void *context, *socket;
    int flags; /* of receiving: spins, or blocks */
    uint8_t *payload;
};

static void check(int result, const char *what) {
    if (result >= 0) return;
    char sentence[256];
    snprintf(sentence, sizeof sentence, "%s: %s", what, zmq_strerror(zmq_errno()));
    cbench_fail(sentence, 0);
}

static void open_socket(struct end *end, int kind) {
    int none = 0;
    end->context = zmq_ctx_new();
    end->socket = zmq_socket(end->context, kind);
    if (end->socket == NULL) cbench_fail("cannot make a socket", zmq_errno());
    check(zmq_setsockopt(end->socket, ZMQ_LINGER, &none, sizeof none), "cannot set an option");
    end->flags = strcmp(end->part->mode, "spin") == 0 ? ZMQ_DONTWAIT : 0;
    end->payload = calloc(1, end->part->payload_bytes);
}

static void close_socket(struct end *end) {
    zmq_close(end->socket);
    zmq_ctx_term(end->context);
}

static void send_bytes(const struct end *end, const void *bytes, size_t count) {
    int result;
    do result = zmq_send(end->socket, bytes, count, 0);
    while (result < 0 && zmq_errno() == EINTR);
    check(result, "cannot send");
}

static void receive(const struct end *end, zmq_msg_t *message) {
    zmq_msg_init(message);
    for (;;) {
        int result = zmq_msg_recv(message, end->socket, end->flags);
        if (result >= 0) return;
        if (zmq_errno() != EAGAIN && zmq_errno() != EINTR) check(result, "cannot receive");
    }
}

/* ---- Request and reply ---- */

static void serve(void *context, cbench_area *area) {
    struct end *end = context;
    open_socket(end, ZMQ_REP);
    check(zmq_bind(end->socket, end->address), "cannot bind");
    cbench_add(cbench_ready(area), 1);
    uint8_t reply[CBENCH_REPLY_BYTES] = {0};
    for (uint64_t number = 0; number != UINT64_MAX;) {
        zmq_msg_t request;
        receive(end, &request);
        number = cbench_number(zmq_msg_data(&request));
        if (zmq_msg_size(&request) != end->part->payload_bytes || !cbench_is_stamped(zmq_msg_data(&request), end->part->payload_bytes, number))
            cbench_fail("a request is not what was sent", 0);
        zmq_msg_close(&request);
        cbench_stamp(reply, sizeof reply, number);
        send_bytes(end, reply, sizeof reply);
    }
    /* The last reply is sent by a thread of the library: the client says when it has come. */
    while (cbench_load(cbench_done(area)) == 0) {
        struct timespec pause = {0, 1000000};
        nanosleep(&pause, NULL);
    }
    close_socket(end);
}

static void open_client(void *context) {
    struct end *end = context;
    open_socket(end, ZMQ_REQ);
    check(zmq_connect(end->socket, end->address), "cannot connect");
}

static void round_trip(void *context, uint64_t number) {
    struct end *end = context;
    cbench_stamp(end->payload, end->part->payload_bytes, number);
    send_bytes(end, end->payload, end->part->payload_bytes);
    zmq_msg_t reply;
    receive(end, &reply);
    if (zmq_msg_size(&reply) != CBENCH_REPLY_BYTES || !cbench_is_stamped(zmq_msg_data(&reply), CBENCH_REPLY_BYTES, number))
        cbench_fail("a reply is not to the request", 0);
    zmq_msg_close(&reply);
}

/* ---- Senders and listeners ---- */

static void listen_to_all(void *context, cbench_hearing *hearing) {
    struct end *end = context;
    open_socket(end, ZMQ_SUB);
    check(zmq_setsockopt(end->socket, ZMQ_SUBSCRIBE, "", 0), "cannot subscribe");
    check(zmq_connect(end->socket, end->address), "cannot connect");
    for (int is_first = 1, was_last = 0; !was_last; is_first = 0) {
        zmq_msg_t message;
        receive(end, &message);
        if (is_first) cbench_add(cbench_ready(hearing->area), 1);
        was_last = cbench_hear(hearing, zmq_msg_data(&message));
        zmq_msg_close(&message);
    }
    close_socket(end);
}

static void open_publisher(void *context) {
    struct end *end = context;
    int yes = 1;
    open_socket(end, ZMQ_PUB);
    check(zmq_setsockopt(end->socket, ZMQ_XPUB_NODROP, &yes, sizeof yes), "cannot set an option");
    check(zmq_bind(end->socket, end->address), "cannot bind");
}

static void publish(void *context, const void *payload) {
    const struct end *end = context;
    send_bytes(end, payload, end->part->payload_bytes);
}

int main(int argc, char **argv) {
    cbench_part part;
    cbench_part_begin(&part, argc, argv);
    struct end end = {.part = &part};
    snprintf(end.address, sizeof end.address, "ipc://%s/zeromq", part.directory);
    if (strcmp(part.scenario, "rtt") == 0) {
        cbench_area *area = cbench_fork_server(&part, serve, &end);
        open_client(&end);
        cbench_time_round_trips(&part, round_trip, &end);
        round_trip(&end, UINT64_MAX);
        cbench_store(cbench_done(area), 1);
        close_socket(&end);
        cbench_join(-1);
    } else if (strcmp(part.scenario, "footprint") == 0) {
        struct end client = end;
        open_socket(&end, ZMQ_REP);
        check(zmq_bind(end.socket, end.address), "cannot bind");
        open_client(&client);
        send_bytes(&client, client.payload, part.payload_bytes);
        zmq_msg_t request;
        receive(&end, &request);
        cbench_idle(&part);
    } else if (part.senders == 1) {
        cbench_fan fan = {.listen = listen_to_all, .open = open_publisher, .send = publish, .must_probe = 1};
        cbench_run_fan(&part, &fan, &end);
        close_socket(&end);
    } else {
        cbench_unavailable("measured with one sender only");
    }
    return 0;
}
