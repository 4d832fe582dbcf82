/*
 * `oneway` and `throughput` for Python: the loops of all transports, which call back for each message that is to be sent. All calls hold
 * the interpreter's lock: it is forked with it.
 */
#include "cbench_loop.h"

void fan_part(cbench_part *part, int argc, char *argv[]) { cbench_part_begin(part, argc, argv); }

size_t fan_part_bytes(void) { return sizeof(cbench_part); }

void fan_run(
    const cbench_part *part, void (*listen)(void *context, cbench_hearing *hearing), void (*open)(void *context),
    void (*send)(void *context, const void *payload), void (*flush)(void *context)) {
    cbench_fan fan = {.listen = listen, .open = open, .send = send, .flush = flush};
    cbench_run_fan(part, &fan, NULL);
}

void fan_ready(cbench_hearing *hearing) { cbench_add(cbench_ready(hearing->area), 1); }

int fan_hear(cbench_hearing *hearing, const void *payload) { return cbench_hear(hearing, payload); }
