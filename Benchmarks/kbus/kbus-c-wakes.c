/* A sender, and listeners that sleep whenever it sends. */
#include "cbench_counts.h"
#include "kbus-c.h"

static const char NAME[] = "$.Bench.Wakes";
enum { BATCH = 64 };

static void listen_asleep(void *context, cbench_area *area, cbench_line *heard) {
    struct end *end = context;
    open_end(end);
    check(kbus_ksock_bind(end->ksock, NAME, 0), "cannot bind");
    cbench_add(cbench_ready(area), 1);
    for (uint64_t number = 0; number != UINT64_MAX;) {
        kbus_received_t *received = take(end);
        number = cbench_number(kbus_received_message(received)->data);
        kbus_received_release(received);
        cbench_store_number(heard, cbench_load_number(heard) + 1);
    }
}

static void open_sender(void *context) {
    struct end *end = context;
    open_end(end);
    check(kbus_msg_create(&end->request, NAME, sizeof NAME - 1, end->payload, end->part->payload_bytes, 0), "cannot make a message");
}

static uint64_t send_to_sleepers(void *context) {
    const struct end *end = context;
    const kbus_message_t *batch[BATCH];
    uint64_t count = strcmp(end->part->api, "batch") == 0 ? BATCH : 1;
    for (size_t i = 0; i < count; i++) batch[i] = end->request;
    if (count == 1) check(kbus_send_within(end->ksock, end->request, -1, NULL), "cannot send");
    else check(kbus_send_many(end->ksock, batch, count, NULL), "cannot send");
    return count;
}

static void end_listeners(void *context) {
    const struct end *end = context;
    cbench_stamp(end->payload, end->part->payload_bytes, UINT64_MAX);
    check(kbus_send_within(end->ksock, end->request, -1, NULL), "cannot send");
}

void play_wakes(const cbench_part *part) {
    struct end end = {.part = part};
    cbench_count_wakes(part, listen_asleep, open_sender, send_to_sleepers, end_listeners, &end);
}
