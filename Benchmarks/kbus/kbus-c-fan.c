/* From senders to Listeners over the bus, as a C program does it. Nothing is lost: a sender waits while a Listener has no room. */
#include "kbus-c.h"

static const char NAME[] = "$.Bench.Fan";
enum {
    ROOM = 1000, /* how many messages a Listener may be behind: as many as ZeroMQ takes by default */
    MOST = 64,   /* of a batch                                                                      */
};

struct fan {
    const cbench_part *part;
    kbus_ksock_t ksock;
    int lends;
    kbus_message_t *announcement;
    /* Of a batch, what is kept back: messages that differ in their data alone, and that. */
    const kbus_message_t *batch[MOST];
    kbus_message_t messages[MOST];
    uint8_t *payloads;
    size_t kept;
};

static void open_ksock(struct fan *fan) {
    fan->ksock = kbus_ksock_open(0, O_RDWR);
    check(fan->ksock, "cannot open a Ksock");
    check(kbus_set_polled(fan->ksock, 0), "cannot leave the descriptor alone");
    if (strcmp(fan->part->mode, "spin") == 0) check(kbus_set_spin_budget(fan->ksock, 3600000000000), "cannot set the spin budget");
    if (strcmp(fan->part->mode, "sleep") == 0) check(kbus_set_spin_budget(fan->ksock, 0), "cannot set the spin budget");
}

/* ---- A listener ---- */

static int hear_in_place(struct fan *fan, cbench_hearing *hearing, size_t most) {
    kbus_received_t *received[MOST];
    int is_done = 0, count = kbus_receive_many_in_place(fan->ksock, -1, received, most);
    check(count, "cannot receive");
    for (int i = 0; i < count; i++) {
        if (cbench_hear(hearing, kbus_received_message(received[i])->data)) is_done = 1;
        kbus_received_release(received[i]);
    }
    return is_done;
}

static int hear_one_in_place(struct fan *fan, cbench_hearing *hearing) {
    kbus_received_t *received;
    check(kbus_receive_in_place(fan->ksock, -1, &received), "cannot receive");
    int is_done = cbench_hear(hearing, kbus_received_message(received)->data);
    kbus_received_release(received);
    return is_done;
}

static int hear_copy(struct fan *fan, cbench_hearing *hearing) {
    kbus_message_t *message;
    check(kbus_receive_within(fan->ksock, -1, &message), "cannot receive");
    int is_done = cbench_hear(hearing, kbus_msg_data_ptr(message));
    kbus_msg_delete(&message);
    return is_done;
}

static void listen_to_all(void *context, cbench_hearing *hearing) {
    struct fan *fan = context;
    uint32_t room = ROOM;
    open_ksock(fan);
    check(kbus_ksock_bind(fan->ksock, NAME, 0), "cannot bind");
    check(kbus_ksock_max_messages(fan->ksock, &room), "cannot have so much room");
    cbench_add(cbench_ready(hearing->area), 1);
    if (fan->payloads != NULL) while (!hear_in_place(fan, hearing, MOST)) {}
    else if (fan->lends) while (!hear_one_in_place(fan, hearing)) {}
    else while (!hear_copy(fan, hearing)) {}
    check(kbus_ksock_close(fan->ksock), "cannot close");
}

/* ---- A sender ---- */

static void open_sender(void *context) {
    struct fan *fan = context;
    open_ksock(fan);
    check(
        kbus_msg_create(&fan->announcement, NAME, sizeof NAME - 1, NULL, 0, KBUS_BIT_ALL_OR_WAIT), "cannot make an announcement");
    fan->announcement->data_len = fan->part->payload_bytes;
    for (size_t i = 0; fan->payloads != NULL && i < MOST; i++) {
        fan->messages[i] = *fan->announcement;
        fan->messages[i].data = fan->payloads + i * fan->part->payload_bytes;
        fan->batch[i] = &fan->messages[i];
    }
}

/* Returns what was sent, of which the last may wait for room. It is sent as soon as there is some. */
static int sent(struct fan *fan, int result) {
    if (result != -EAGAIN) {
        check(result, "cannot send");
        return result;
    }
    check(kbus_wait_within(fan->ksock, KBUS_KSOCK_WRITABLE, -1), "cannot wait for room");
    return 1;
}

static void flush(void *context) {
    struct fan *fan = context;
    for (size_t done = 0; done < fan->kept;) done += sent(fan, kbus_send_many(fan->ksock, fan->batch + done, fan->kept - done, NULL));
    fan->kept = 0;
}

static void send_one(void *context, const void *payload) {
    struct fan *fan = context;
    size_t bytes = fan->part->payload_bytes;
    kbus_msg_id_t id;
    if (fan->payloads != NULL) {
        memcpy(fan->payloads + fan->kept * bytes, payload, bytes);
        if (++fan->kept == MOST) flush(fan);
    } else if (fan->lends) {
        kbus_loan_t *loan;
        check(kbus_loan_make(fan->ksock, fan->announcement, &loan), "cannot borrow room");
        memcpy(kbus_loan_data(loan), payload, bytes);
        sent(fan, kbus_loan_send(loan, &id));
    } else {
        fan->announcement->data = (void *)payload;
        sent(fan, kbus_ksock_send_msg(fan->ksock, fan->announcement, &id));
    }
}

void play_fan(const cbench_part *part) {
    struct fan fan = {.part = part, .lends = strcmp(part->api, "loan") == 0};
    if (strcmp(part->api, "batch") == 0) {
        fan.payloads = malloc(MOST * part->payload_bytes);
        if (fan.payloads == NULL) cbench_fail("no memory for payloads", 0);
    }
    cbench_fan means = {.listen = listen_to_all, .open = open_sender, .send = send_one, .flush = fan.payloads != NULL ? flush : NULL};
    cbench_run_fan(part, &means, &fan);
    check(kbus_ksock_close(fan.ksock), "cannot close");
}
