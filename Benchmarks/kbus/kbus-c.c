/*
 * The bus as a C program meets it: the transport kbus.c.
 *
 * The same work for each message as the Swift transport does: a request is filled, or copied in, and stamped; the server checks its
 * stamps and stamps its reply; the client checks those.
 */
#include "cbench_counts.h"
#include "kbus-c.h"

static const char NAME[] = "$.Bench.RoundTrip";
static const int64_t AN_HOUR = 3600000000000;

void open_end(struct end *end) {
    end->ksock = kbus_ksock_open(0, O_RDWR);
    check(end->ksock, "cannot open a Ksock");
    end->lends = strcmp(end->part->api, "loan") == 0;
    end->epoll = -1;
    end->is_fast = strcmp(end->part->mode, "fast") == 0;
    if (end->is_fast || strcmp(end->part->mode, "fd") == 0) {
        int descriptor = end->is_fast ? kbus_ksock_fast_descriptor(end->ksock) : end->ksock;
        check(descriptor, "cannot have a fast descriptor");
        end->epoll = cbench_epoll(descriptor);
        if (end->epoll < 0) cbench_fail("cannot use epoll", end->epoll);
    } else {
        int64_t budget = strcmp(end->part->mode, "spin") == 0 ? AN_HOUR : 0;
        check(kbus_set_spin_budget(end->ksock, budget), "cannot set the spin budget");
        check(kbus_set_polled(end->ksock, 0), "cannot leave the descriptor alone");
    }
    end->payload = malloc(end->part->payload_bytes);
    if (end->payload == NULL) cbench_fail("no memory for a payload", 0);
    memset(end->payload, 1, end->part->payload_bytes);
}

/* The time limit to be given to the library: it waits, unless we wait in epoll. */
static int64_t limit(const struct end *end) { return end->epoll < 0 ? -1 : 0; }

/*
 * A loop takes messages until there are none, and then waits. Of the full descriptor a program may also wait first: taking the last
 * message makes it unreadable at once.
 */
static void await_before(const struct end *end) {
    if (end->epoll >= 0 && !end->is_fast) cbench_epoll_await(end->epoll);
}
static void await_after(const struct end *end, int result) {
    if (result == 0 && end->is_fast) cbench_epoll_await(end->epoll);
}

/* ---- In place ---- */

kbus_received_t *take(const struct end *end) {
    kbus_received_t *received;
    int result;
    do {
        await_before(end);
        result = kbus_receive_in_place(end->ksock, limit(end), &received);
        check(result, "cannot receive");
        await_after(end, result);
    } while (result == 0);
    return received;
}

static kbus_msg_id_t send_loan(kbus_loan_t *loan, uint32_t bytes, uint64_t number) {
    kbus_msg_id_t id;
    cbench_stamp(kbus_loan_data(loan), bytes, number);
    check(kbus_loan_send(loan, &id), "cannot send");
    return id;
}

kbus_msg_id_t lend(const struct end *end, const kbus_message_t *message, uint64_t number) {
    kbus_loan_t *loan;
    check(kbus_loan_make(end->ksock, message, &loan), "cannot borrow room");
    return send_loan(loan, message->data_len, number);
}

/* ---- As copies ---- */

kbus_message_t *receive(const struct end *end) {
    kbus_message_t *message;
    int result;
    do {
        await_before(end);
        result = kbus_receive_within(end->ksock, limit(end), &message);
        check(result, "cannot receive");
        await_after(end, result);
    } while (result == 0);
    return message;
}

/* ---- The server ---- */

uint64_t answer(const struct end *end) {
    if (end->lends) {
        kbus_received_t *received = take(end);
        const kbus_message_t *request = kbus_received_message(received);
        uint64_t number = cbench_number(request->data);
        if (request->data_len != end->part->payload_bytes || !cbench_is_stamped(request->data, request->data_len, number))
            cbench_fail("a request is not what was sent", 0);
        kbus_loan_t *reply;
        check(kbus_loan_reply(received, CBENCH_REPLY_BYTES, &reply), "cannot borrow room for a reply");
        send_loan(reply, CBENCH_REPLY_BYTES, number);
        kbus_received_release(received);
        return number;
    }
    kbus_message_t *request = receive(end), *reply;
    const uint8_t *data = kbus_msg_data_ptr(request);
    uint64_t number = cbench_number(data);
    if (request->data_len != end->part->payload_bytes || !cbench_is_stamped(data, request->data_len, number))
        cbench_fail("a request is not what was sent", 0);
    uint8_t payload[CBENCH_REPLY_BYTES] = {0};
    cbench_stamp(payload, sizeof payload, number);
    check(kbus_msg_create_reply_to(&reply, request, payload, sizeof payload, 0), "cannot make a reply");
    kbus_msg_id_t id;
    check(kbus_send_within(end->ksock, reply, -1, &id), "cannot reply");
    kbus_msg_delete(&reply);
    kbus_msg_delete(&request);
    return number;
}

static void serve(void *context, cbench_area *area) {
    struct end *end = context;
    open_end(end);
    check(kbus_ksock_bind(end->ksock, NAME, 1), "cannot bind");
    cbench_add(cbench_ready(area), 1);
    while (answer(end) != UINT64_MAX) {
    }
    check(kbus_ksock_close(end->ksock), "cannot close");
}

/* ---- The client ---- */

void open_client(void *context) {
    struct end *end = context;
    open_end(end);
    check(
        kbus_msg_create_request(
            &end->request, NAME, sizeof NAME - 1, end->lends ? NULL : end->payload, end->lends ? 0 : end->part->payload_bytes, 0),
        "cannot make a request");
    end->request->data_len = end->part->payload_bytes;
}

kbus_msg_id_t ask(const struct end *end, uint64_t number) {
    if (end->lends) return lend(end, end->request, number);
    kbus_msg_id_t id;
    cbench_stamp(end->payload, end->part->payload_bytes, number);
    check(kbus_send_within(end->ksock, end->request, -1, &id), "cannot send");
    return id;
}

void hear_answer(const struct end *end, kbus_msg_id_t id, uint64_t number) {
    int is_reply;
    if (end->lends) {
        kbus_received_t *received = take(end);
        const kbus_message_t *reply = kbus_received_message(received);
        is_reply = kbus_msg_compare_ids(&reply->in_reply_to, &id) == 0 && reply->data_len == CBENCH_REPLY_BYTES
            && cbench_is_stamped(reply->data, reply->data_len, number);
        kbus_received_release(received);
    } else {
        kbus_message_t *reply = receive(end);
        is_reply = kbus_msg_compare_ids(&reply->in_reply_to, &id) == 0 && reply->data_len == CBENCH_REPLY_BYTES
            && cbench_is_stamped(kbus_msg_data_ptr(reply), reply->data_len, number);
        kbus_msg_delete(&reply);
    }
    if (!is_reply) cbench_fail("a reply is not to the request", 0);
}

static void round_trip(void *context, uint64_t number) { hear_answer(context, ask(context, number), number); }

static void end_round_trips(void *context) {
    struct end *end = context;
    round_trip(end, UINT64_MAX);
    check(kbus_ksock_close(end->ksock), "cannot close");
}

int main(int argc, char **argv) {
    cbench_part part;
    cbench_part_begin(&part, argc, argv);
    if (setenv("KBUS_DIR", part.directory, 1) != 0) cbench_fail("cannot set KBUS_DIR", errno);
    struct end end = {.part = &part};
    if (strcmp(part.scenario, "footprint") == 0) {
        kbus_ksock_t ksock = kbus_ksock_open(0, O_RDWR);
        check(ksock, "cannot open a Ksock");
        check(kbus_ksock_bind(ksock, "$.Bench.Idle", 0), "cannot bind");
        cbench_idle(&part);
    }
    if (strcmp(part.scenario, "calls") == 0) {
        cbench_count_system_calls(&part, serve, open_client, round_trip, end_round_trips, &end);
        return 0;
    }
    if (strcmp(part.scenario, "messages") == 0) {
        play_messages(&part);
        return 0;
    }
    if (strcmp(part.scenario, "wakes") == 0) {
        play_wakes(&part);
        return 0;
    }
    if (strcmp(part.scenario, "oneway") == 0 || strcmp(part.scenario, "throughput") == 0) {
        play_fan(&part);
        return 0;
    }
    if (strcmp(part.scenario, "rtt") != 0) cbench_unavailable("kbus.c has no part in this");
    cbench_round_trips(&part, serve, open_client, round_trip, end_round_trips, &end);
    return 0;
}
