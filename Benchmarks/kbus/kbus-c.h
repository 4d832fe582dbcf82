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

/* Plays `oneway` or `throughput`. */
void play_fan(const cbench_part *part);

#endif
