/* What passes between two Ksocks of one process, so that what a message costs can be counted. */
#include "cbench_counts.h"
#include "kbus-c.h"

static const char NAME[] = "$.Bench.Message";
enum { BATCH = 64 };

struct pair {
    struct end sender, listener;
    kbus_message_t messages[BATCH];
    const kbus_message_t *batch[BATCH];
    uint8_t *payloads;
};

static void require(int is_whole) {
    if (!is_whole) cbench_fail("an announcement is not what was sent", 0);
}

/* ---- One announcement ---- */

static void pass_lent(void *context, uint64_t number) {
    const struct pair *pair = context;
    lend(&pair->sender, pair->sender.request, number);
    kbus_received_t *received = take(&pair->listener);
    const kbus_message_t *message = kbus_received_message(received);
    require(message->data_len == pair->sender.part->payload_bytes && cbench_is_stamped(message->data, message->data_len, number));
    kbus_received_release(received);
}

static void pass_copied(void *context, uint64_t number) {
    const struct pair *pair = context;
    ask(&pair->sender, number);
    kbus_message_t *message = receive(&pair->listener);
    require(
        message->data_len == pair->sender.part->payload_bytes
        && cbench_is_stamped(kbus_msg_data_ptr(message), message->data_len, number));
    kbus_msg_delete(&message);
}

/* ---- A batch of them ---- */

static void pass_batch(void *context, uint64_t number) {
    struct pair *pair = context;
    size_t bytes = pair->sender.part->payload_bytes;
    kbus_received_t *received[BATCH];
    for (size_t i = 0; i < BATCH; i++) cbench_stamp(pair->payloads + i * bytes, bytes, number);
    check(kbus_send_many(pair->sender.ksock, pair->batch, BATCH, NULL), "cannot send");
    require(kbus_receive_many_in_place(pair->listener.ksock, -1, received, BATCH) == BATCH);
    for (size_t i = 0; i < BATCH; i++) {
        require(cbench_is_stamped(kbus_received_message(received[i])->data, bytes, number));
        kbus_received_release(received[i]);
    }
}

/* ---- A request and its reply ---- */

static void pass_request(void *context, uint64_t number) {
    const struct pair *pair = context;
    kbus_msg_id_t id = ask(&pair->sender, number);
    answer(&pair->listener);
    hear_answer(&pair->sender, id, number);
}

/* ---- The same without the bus: stamping and checking, of so many messages ---- */

static void stamp_and_check(const struct pair *pair, uint64_t number, int messages) {
    for (int i = 0; i < messages; i++) {
        uint8_t *payload = pair->payloads + (size_t)i * pair->sender.part->payload_bytes;
        cbench_stamp(payload, pair->sender.part->payload_bytes, number);
        __asm__ volatile("" ::: "memory");
        require(cbench_is_stamped(payload, pair->sender.part->payload_bytes, number));
    }
}

static void pass_own_one(void *context, uint64_t number) { stamp_and_check(context, number, 1); }
static void pass_own_two(void *context, uint64_t number) { stamp_and_check(context, number, 2); }
static void pass_own_batch(void *context, uint64_t number) { stamp_and_check(context, number, BATCH); }

static void open_pair(struct pair *pair, const cbench_part *part, int is_request) {
    pair->sender.part = pair->listener.part = part;
    open_client(&pair->sender);
    open_end(&pair->listener);
    pair->payloads = calloc(BATCH, part->payload_bytes);
    if (pair->payloads == NULL) cbench_fail("no memory for payloads", 0);
    if (is_request) {
        check(kbus_ksock_bind(pair->listener.ksock, pair->sender.request->name, 1), "cannot bind");
        return;
    }
    check(kbus_ksock_bind(pair->listener.ksock, NAME, 0), "cannot bind");
    kbus_msg_delete(&pair->sender.request);
    void *data = pair->sender.lends ? NULL : pair->sender.payload;
    check(
        kbus_msg_create(&pair->sender.request, NAME, sizeof NAME - 1, data, data == NULL ? 0 : part->payload_bytes, 0),
        "cannot make an announcement");
    pair->sender.request->data_len = part->payload_bytes;
    for (size_t i = 0; i < BATCH; i++) {
        pair->messages[i] = *pair->sender.request;
        pair->messages[i].data = pair->payloads + i * part->payload_bytes;
        pair->batch[i] = &pair->messages[i];
    }
}

void play_messages(const cbench_part *part) {
    static struct pair pair;
    int is_request = strncmp(part->variant, "request", 7) == 0, is_batch = strcmp(part->api, "batch") == 0;
    open_pair(&pair, part, is_request);
    if (strstr(part->variant, "without the bus") != NULL)
        cbench_count_messages(part, is_request ? pass_own_two : is_batch ? pass_own_batch : pass_own_one, &pair);
    else
        cbench_count_messages(
            part, is_request ? pass_request : is_batch ? pass_batch : pair.sender.lends ? pass_lent : pass_copied, &pair);
}
