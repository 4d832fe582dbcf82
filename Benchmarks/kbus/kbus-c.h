/* What the parts of the transport kbus.c have in common. */
#ifndef KBUS_C_H
#define KBUS_C_H

#include "cbench_loop.h"

#include <kbus/kbus.h>
#include <kbus/kbus_shm.h>

#include <stdio.h>

static inline void check(int result, const char *what) {
    if (result >= 0) return;
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%s: %s", what, kbus_last_error());
    cbench_fail(sentence, result);
}

/* One side of what is sent to and fro. */
struct end {
    const cbench_part *part;
    kbus_ksock_t ksock;
    int epoll, is_fast, lends;
    uint8_t *payload; /* private memory, where the interface is to copy */
    kbus_message_t *request;
};

void open_end(struct end *end);
/* Opens it, and makes the request that it will send again and again. */
void open_client(void *end);
/* Sends a stamped message in place. */
kbus_msg_id_t lend(const struct end *end, const kbus_message_t *message, uint64_t number);
/* Waits for the next message: in place, or a copy. */
kbus_received_t *take(const struct end *end);
kbus_message_t *receive(const struct end *end);

/* A round trip: sends a request; takes one, checks it, answers it and returns its number; takes the reply, and checks that. */
kbus_msg_id_t ask(const struct end *end, uint64_t number);
uint64_t answer(const struct end *end);
void hear_answer(const struct end *end, kbus_msg_id_t id, uint64_t number);

/* Plays `oneway` or `throughput`; `messages`; `wakes`. */
void play_fan(const cbench_part *part);
void play_messages(const cbench_part *part);
void play_wakes(const cbench_part *part);

#endif
