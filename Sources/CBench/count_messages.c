#include "cbench_counts.h"

#include <dlfcn.h>

__attribute__((noinline)) void cbench_counted(
    const cbench_part *part, void (*message)(void *context, uint64_t number), void *context) {
    for (size_t i = 1; i <= part->samples; i++) message(context, i);
}

void cbench_count_messages(const cbench_part *part, void (*message)(void *context, uint64_t number), void *context) {
    void (*read)(struct cbench_tally *) = (void (*)(struct cbench_tally *))dlsym(RTLD_DEFAULT, "cbench_tally_read");
    struct cbench_tally before = {0}, after = {0};
    for (size_t i = 1; i <= part->samples; i++) message(context, i);
    if (read != NULL) read(&before);
    cbench_counted(part, message, context);
    if (read != NULL) read(&after);
    uint64_t counts[3] = {
        part->samples, after.allocations - before.allocations, after.copied_bytes - before.copied_bytes,
    };
    cbench_write(part, counts, 3);
}
