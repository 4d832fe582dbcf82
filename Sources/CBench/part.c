#include "cbench_part.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void cbench_fail(const char *sentence, int error) {
    if (error != 0) fprintf(stderr, "%s: %s\n", sentence, strerror(error < 0 ? -error : error));
    else fprintf(stderr, "%s\n", sentence);
    _exit(1);
}

void cbench_unavailable(const char *sentence) {
    fprintf(stderr, "%s\n", sentence);
    _exit(CBENCH_UNAVAILABLE);
}

void cbench_part_begin(cbench_part *part, int argc, char *const argv[]) {
    static const struct option options[] = {
        {"transport", required_argument, NULL, 't'}, {"mode", required_argument, NULL, 'm'},
        {"api", required_argument, NULL, 'a'},       {"directory", required_argument, NULL, 'd'},
        {"output", required_argument, NULL, 'o'},    {"bytes", required_argument, NULL, 'b'},
        {"samples", required_argument, NULL, 'n'},   {"time-limit", required_argument, NULL, 'l'},
        {"memory", required_argument, NULL, 'y'},    {"client", required_argument, NULL, 'c'},
        {"server", required_argument, NULL, 's'},    {"listeners", required_argument, NULL, 'L'},
        {"senders", required_argument, NULL, 'S'},   {"rate", required_argument, NULL, 'r'},
        {"parent", required_argument, NULL, 'p'},    {"index", required_argument, NULL, 'i'},
        {"requests", required_argument, NULL, 'q'},
        {"bindings", required_argument, NULL, 'B'},  {"variant", required_argument, NULL, 'v'},
        {"bystanders", required_argument, NULL, 'K'}, {"backlog", required_argument, NULL, 'Q'},
        {NULL, 0, NULL, 0},
    };
    *part = (cbench_part){.mode = "sleep", .api = "copy", .variant = "", .payload_bytes = CBENCH_REPLY_BYTES, .samples = 1000,
                          .time_limit_ns = 1000000000, .client_cpu = -1, .server_cpu = -1, .listeners = 1, .senders = 1, .bindings = 1,
                          .bystanders = 1, .requests = 1};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 't': part->transport = optarg; break;
        case 'm': part->mode = optarg; break;
        case 'a': part->api = optarg; break;
        case 'd': part->directory = optarg; break;
        case 'o': part->output = optarg; break;
        case 'b': part->payload_bytes = strtoull(optarg, NULL, 10); break;
        case 'n': part->samples = strtoull(optarg, NULL, 10); break;
        case 'l': part->time_limit_ns = strtoull(optarg, NULL, 10); break;
        case 'y': part->memory_bytes = strtoull(optarg, NULL, 10); break;
        case 'c': part->client_cpu = atoi(optarg); break;
        case 's': part->server_cpu = atoi(optarg); break;
        case 'L': part->listeners = atoi(optarg); break;
        case 'S': part->senders = atoi(optarg); break;
        case 'r': part->rate = strtoull(optarg, NULL, 10); break;
        case 'B': part->bindings = atoi(optarg); break;
        case 'K': part->bystanders = atoi(optarg); break;
        case 'Q': part->backlog = atoi(optarg); break;
        case 'v': part->variant = optarg; break;
        case 'q': part->requests = atoi(optarg); break;
        case 'i': part->index = atoi(optarg); break;
        case 'p': part->parent = atoi(optarg); break;
        default: cbench_fail("an option is not understood: this was built from another version (make -C Benchmarks)", 0);
        }
    }
    part->scenario = optind < argc ? argv[optind] : "";
    if (part->transport == NULL || part->directory == NULL || part->output == NULL || part->samples < 1 || part->payload_bytes < 24
        || part->listeners < 1 || part->senders < 1 || part->listeners + part->senders > CBENCH_PEERS)
        cbench_fail("options are missing, or out of range", 0);
    if (part->parent > 0) {
        int result = cbench_die_with_parent(part->parent);
        if (result != 0) cbench_fail("cannot be tied to the process that started this", result);
    }
}

void cbench_pin_to(int cpu) {
    if (cpu < 0) return;
    int result = cbench_pin(&cpu, 1);
    if (result != 0) cbench_fail("cannot bind to a processor", result);
}

static void pin_to_both(const cbench_part *part) {
    int cpus[2] = {part->client_cpu, part->server_cpu};
    if (cpus[0] < 0 || cpus[1] < 0) return;
    int result = cbench_pin(cpus, 2);
    if (result != 0) cbench_fail("cannot bind to two processors", result);
}

void cbench_pin_sender(const cbench_part *part) {
    if (part->senders == 1) cbench_pin_to(part->client_cpu);
    else pin_to_both(part);
}

void cbench_pin_listener(const cbench_part *part) {
    if (part->listeners == 1 && part->senders == 1) cbench_pin_to(part->server_cpu);
    else pin_to_both(part);
}

void *cbench_shared(size_t bytes) {
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (start == MAP_FAILED) cbench_fail("cannot share memory", errno);
    return start;
}

pid_t cbench_fork(void) {
    pid_t parent = getpid(), child = fork();
    if (child < 0) cbench_fail("cannot fork", errno);
    if (child == 0 && cbench_die_with_parent(parent) != 0) _exit(1);
    return child;
}

void cbench_join(pid_t child) {
    int status;
    pid_t ended;
    do ended = waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
    if (ended < 0) cbench_fail("cannot wait for a peer", errno);
    /* It has said why. */
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0) _exit(WEXITSTATUS(status));
    if (!WIFEXITED(status)) cbench_fail("a peer was killed", 0);
}

void cbench_await(const cbench_line *line, uint32_t least) {
    uint64_t deadline = cbench_now() + 30000000000u;
    while (cbench_load(line) < least) {
        int status;
        /* Children are joined by those who started them; until then only failure ends one. */
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0 && info.si_status != 0) {
            while (waitpid(info.si_pid, &status, 0) < 0 && errno == EINTR) {
            }
            _exit(info.si_code == CLD_EXITED ? info.si_status : 1);
        }
        if (cbench_now() > deadline) cbench_fail("a peer did not get as far as it should in time", 0);
        struct timespec pause = {0, 50000};
        nanosleep(&pause, NULL);
    }
}

static int add_library(struct dl_phdr_info *info, size_t size, void *context) {
    static const char *const everybodys[] = {"/ld-linux", "/ld-musl", "/libc.so", "/libm.so", "/libstdc++.so", "/libgcc_s.so"};
    (void)size;
    struct stat facts;
    if (info->dlpi_name[0] != '/' || stat(info->dlpi_name, &facts) != 0) return 0;
    for (size_t i = 0; i < sizeof everybodys / sizeof *everybodys; i++)
        if (strstr(info->dlpi_name, everybodys[i]) != NULL) return 0;
    *(uint64_t *)context += (uint64_t)facts.st_size;
    return 0;
}

void cbench_idle(const cbench_part *part) {
    uint64_t bytes = 0;
    dl_iterate_phdr(add_library, &bytes);
    cbench_write(part, &bytes, 1);
    for (;;) pause();
}

struct murder {
    const cbench_part *part;
    pid_t victim;
    uint64_t *at_ns;
};

static void *murder(void *context) {
    struct murder murder = *(struct murder *)context;
    free(context);
    cbench_pin_to(murder.part->server_cpu);
    struct timespec pause = {0, 3000000};
    nanosleep(&pause, NULL);
    __atomic_store_n(murder.at_ns, cbench_now(), __ATOMIC_RELEASE);
    kill(murder.victim, SIGKILL);
    return NULL;
}

void cbench_kill_soon(const cbench_part *part, pid_t victim, uint64_t *at_ns) {
    struct murder *plan = malloc(sizeof *plan);
    if (plan == NULL) cbench_fail("no memory", 0);
    *plan = (struct murder){part, victim, at_ns};
    *at_ns = 0;
    pthread_t thread;
    int result = pthread_create(&thread, NULL, murder, plan);
    if (result != 0) cbench_fail("cannot start a thread", result);
    pthread_detach(thread);
}

void cbench_touch_memory(size_t bytes) {
    if (bytes == 0) return;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) cbench_fail("no memory to be touched", errno);
    memset(memory, 1, bytes);
}

void cbench_write(const cbench_part *part, const uint64_t *numbers, size_t count) {
    int fd = open(part->output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) cbench_fail("cannot write figures", errno);
    uint64_t head = count;
    const char *next[2] = {(const char *)&head, (const char *)numbers};
    size_t left[2] = {sizeof head, count * sizeof *numbers};
    for (int i = 0; i < 2; i++) {
        while (left[i] > 0) {
            ssize_t written = write(fd, next[i], left[i]);
            if (written < 0 && errno != EINTR) cbench_fail("cannot write figures", errno);
            if (written > 0) next[i] += written, left[i] -= (size_t)written;
        }
    }
    close(fd);
}
