/* Limits of memory and of the system: copying, first touch, the clock, the cheapest system call. */
#include "cbench_limits.h"
#include "cbench_loop.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { RING = 8 };

static void *map(int fd, size_t bytes) {
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (start == MAP_FAILED) cbench_fail("cannot map memory", errno);
    return start;
}

static int make_file(size_t bytes) {
    int fd = memfd_create("kbus-bench", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0) cbench_fail("cannot make a file in memory", errno);
    return fd;
}

/* From private memory to shared memory: the same buffer each time, one of eight, or one that nobody has touched before. */
int cbench_limit_memory(const cbench_part *part) {
    int is_fresh = strcmp(part->transport, "limit.memcpy.fresh") == 0, is_ring = strcmp(part->transport, "limit.memcpy.ring") == 0;
    if (!is_fresh && !is_ring && strcmp(part->transport, "limit.memcpy") != 0) return 0;
    cbench_pin_to(part->client_cpu);

    size_t bytes = part->payload_bytes, buffers = is_ring ? RING : 1, count = 0;
    uint8_t *source = malloc(bytes), *target = NULL;
    uint64_t *singles = malloc(part->samples * sizeof *singles);
    if (source == NULL || singles == NULL) cbench_fail("no memory", 0);
    memset(source, 1, bytes);
    if (!is_fresh) {
        int fd = make_file(bytes * buffers);
        target = map(fd, bytes * buffers);
        memset(target, 2, bytes * buffers);
        close(fd);
    }
    uint64_t limit = cbench_now() + part->time_limit_ns;
    do {
        int fd = is_fresh ? make_file(bytes) : -1;
        uint64_t start = cbench_now();
        uint8_t *to = is_fresh ? map(fd, bytes) : target + bytes * (count % buffers);
        memcpy(to, source, bytes);
        __asm__ volatile("" ::: "memory");
        singles[count++] = cbench_now() - start;
        if (is_fresh) munmap(to, bytes), close(fd);
    } while (count < part->samples && cbench_now() < limit);
    cbench_write(part, singles, count);
    cbench_write(part, NULL, 0);
    return 1;
}

int cbench_limit_call(const cbench_part *part) {
    enum { BATCHES = 100, CALLS = 1000 };
    int is_clock = strcmp(part->transport, "limit.clock") == 0;
    if (!is_clock && strcmp(part->transport, "limit.syscall") != 0) return 0;
    cbench_pin_to(part->client_cpu);
    uint64_t times[1 + BATCHES] = {CALLS}, last = 0;
    for (int batch = 1; batch <= BATCHES; batch++) {
        uint64_t start = cbench_now();
        for (int i = 0; i < CALLS; i++) last = is_clock ? cbench_now() : (uint64_t)syscall(SYS_getppid);
        times[batch] = cbench_now() - start;
    }
    if (last == 0) cbench_fail("there is no clock", 0);
    cbench_write(part, NULL, 0);
    cbench_write(part, times, 1 + BATCHES);
    return 1;
}
