/*
 * One process of the C face: reads commands, one a line, and makes one call of libkbus for each.
 *
 * A command is words with one space between; bytes are `x` and hexadecimal digits, and `-` is a null pointer. The
 * answer is one line: what the call returned, then its output parameters. The process ends when its input closes, when
 * its parent dies, or, if it hangs, by an alarm.
 *
 * Messages and buffers are kept until the end, because a pointy message's name and data have to outlive its send.
 *
 * It compiles as C++ too, which is how C++ takes part in test_mixed_languages.py.
 */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>

#include "kbus/kbus.h"
#include "kbus/kbus_shm.h"

enum { longest_life_s = 120, most_words = 24 };
static const int64_t patience_ns = 60000000000;

/* The messages built so far; commands name them by their index. */
static kbus_message_t **messages;
static uint32_t message_count;

/* ---- Words ---- */

typedef struct bytes {
    unsigned char *start; /* terminated by a zero; null for `-` */
    size_t count;
} bytes;

static uint32_t number(const char *word) { return (uint32_t)strtoul(word, NULL, 10); }

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

static bytes bytes_of(const char *word) {
    if (word[0] == '-') return (bytes){NULL, 0};
    size_t count = (strlen(word) - 1) / 2;
    unsigned char *start = (unsigned char *)calloc(1, count + 1);
    if (!start) abort();
    for (size_t i = 0; i < count; i++) start[i] = (unsigned char)(digit(word[1 + 2 * i]) << 4 | digit(word[2 + 2 * i]));
    return (bytes){start, count};
}

static void print_bytes(const void *start, size_t count) {
    fputs(" x", stdout);
    for (size_t i = 0; i < count; i++) printf("%02x", ((const unsigned char *)start)[i]);
}

static void print_id(int result, kbus_msg_id_t id) { printf("%d %u %u", result, id.network_id, id.serial_num); }

static uint32_t keep(kbus_message_t *message) {
    messages = (kbus_message_t **)realloc(messages, (message_count + 1) * sizeof *messages);
    if (!messages) abort();
    messages[message_count] = message;
    return message_count++;
}

/* What a builder made: its index, its header, name and data. */
static void print_built(int result, kbus_message_t *message) {
    printf("%d", result);
    if (result < 0) return;
    printf(" %u", keep(message));
    print_bytes(message, sizeof *message);
    print_bytes(kbus_msg_name_ptr(message), message->name_len);
    print_bytes(kbus_msg_data_ptr(message), message->data_len);
}

/* ---- Ksocks ---- */

static void do_open(char **w) { printf("%d", kbus_ksock_open(number(w[0]), (int)number(w[1]))); }
static void do_close(char **w) { printf("%d", kbus_ksock_close((int)number(w[0]))); }

static void do_bind(char **w) {
    printf("%d", kbus_ksock_bind((int)number(w[0]), (char *)bytes_of(w[1]).start, number(w[2])));
}

static void do_unbind(char **w) {
    printf("%d", kbus_ksock_unbind((int)number(w[0]), (char *)bytes_of(w[1]).start, number(w[2])));
}

static void do_find_replier(char **w) {
    uint32_t id = 0;
    int result = kbus_ksock_find_replier((int)number(w[0]), (char *)bytes_of(w[1]).start, &id);
    printf("%d %u", result, id);
}

static void do_id(char **w) {
    uint32_t id = 0;
    int result = kbus_ksock_id((int)number(w[0]), &id);
    printf("%d %u", result, id);
}

static void do_next_msg(char **w) {
    uint32_t length = 0;
    int result = kbus_ksock_next_msg((int)number(w[0]), &length);
    printf("%d %u", result, length);
}

static void do_len_left(char **w) {
    uint32_t left = 0;
    int result = kbus_ksock_len_left((int)number(w[0]), &left);
    printf("%d %u", result, left);
}

static void do_last_msg_id(char **w) {
    kbus_msg_id_t id = {0, 0};
    int result = kbus_ksock_last_msg_id((int)number(w[0]), &id);
    print_id(result, id);
}

static void do_max_messages(char **w) {
    uint32_t count = number(w[1]);
    int result = kbus_ksock_max_messages((int)number(w[0]), &count);
    printf("%d %u", result, count);
}

static void do_num_messages(char **w) {
    uint32_t count = 0;
    int result = kbus_ksock_num_messages((int)number(w[0]), &count);
    printf("%d %u", result, count);
}

static void do_num_unreplied_to(char **w) {
    uint32_t count = 0;
    int result = kbus_ksock_num_unreplied_to((int)number(w[0]), &count);
    printf("%d %u", result, count);
}

static void do_only_once(char **w) { printf("%d", kbus_ksock_only_once((int)number(w[0]), number(w[1]))); }

static void do_report_replier_binds(char **w) {
    printf("%d", kbus_ksock_report_replier_binds((int)number(w[0]), number(w[1])));
}

static void do_verbose(char **w) { printf("%d", kbus_ksock_kernel_module_verbose((int)number(w[0]), number(w[1]))); }

static void do_max_message_size(char **w) {
    uint32_t size = number(w[1]);
    int result = kbus_ksock_max_message_size((int)number(w[0]), &size);
    printf("%d %u", result, size);
}

static void do_new_device(char **w) {
    uint32_t device = 0;
    int result = kbus_ksock_new_device((int)number(w[0]), &device);
    printf("%d %u", result, device);
}

/* ---- Reading ---- */

static void do_read_msg(char **w) {
    size_t length = number(w[1]);
    kbus_message_t *message = NULL;
    int result = kbus_ksock_read_msg((int)number(w[0]), &message, length);
    printf("%d", result);
    if (message) print_bytes(message, length);
    kbus_msg_delete(&message);
}

static void print_read(int result, kbus_message_t *message) {
    printf("%d", result);
    if (message) print_bytes(message, KBUS_ENTIRE_MSG_LEN(message->name_len, message->data_len));
    kbus_msg_delete(&message);
}

static void do_read_next_msg(char **w) {
    kbus_message_t *message = NULL;
    int result = kbus_ksock_read_next_msg((int)number(w[0]), &message);
    print_read(result, message);
}

static void do_receive_within(char **w) {
    kbus_message_t *message = NULL;
    int result = kbus_receive_within((int)number(w[0]), strtoll(w[1], NULL, 10), &message);
    print_read(result, message);
}

/* ---- Messages ---- */

typedef int builder(kbus_message_t **, const char *, uint32_t, const void *, uint32_t, uint32_t);

static void build(builder *create, char **w) {
    bytes name = bytes_of(w[0]), data = bytes_of(w[1]);
    kbus_message_t *message = NULL;
    int result = create(&message, (char *)name.start, (uint32_t)name.count, data.start, (uint32_t)data.count,
                        number(w[2]));
    print_built(result, message);
}

static void do_create(char **w) { build(kbus_msg_create, w); }
static void do_create_entire(char **w) { build(kbus_msg_create_entire, w); }
static void do_create_request(char **w) { build(kbus_msg_create_request, w); }
static void do_create_entire_request(char **w) { build(kbus_msg_create_entire_request, w); }

static void do_create_reply_to(char **w) {
    bytes data = bytes_of(w[1]);
    kbus_message_t *message = NULL;
    int result = kbus_msg_create_reply_to(&message, messages[number(w[0])], data.start, (uint32_t)data.count,
                                          number(w[2]));
    print_built(result, message);
}

static void do_create_stateful_request(char **w) {
    bytes name = bytes_of(w[1]), data = bytes_of(w[2]);
    kbus_message_t *message = NULL;
    int result = kbus_msg_create_stateful_request(&message, messages[number(w[0])], (char *)name.start,
                                                  (uint32_t)name.count, data.start, (uint32_t)data.count, number(w[3]));
    print_built(result, message);
}

/* No call: takes bytes for a message, as a program does that has read them elsewhere. */
static void do_take(char **w) { printf("0 %u", keep((kbus_message_t *)bytes_of(w[0]).start)); }

/* No call: sets the fields for which no builder has a parameter. */
static void do_fields(char **w) {
    kbus_message_t *message = messages[number(w[0])];
    message->id = (kbus_msg_id_t){number(w[1]), number(w[2])};
    message->in_reply_to = (kbus_msg_id_t){number(w[3]), number(w[4])};
    message->to = number(w[5]);
    message->from = number(w[6]);
    message->orig_from = (kbus_orig_from_t){number(w[7]), number(w[8])};
    message->final_to = (kbus_orig_from_t){number(w[9]), number(w[10])};
    message->extra = number(w[11]);
    message->flags = number(w[12]);
    printf("0");
}

/* ---- Sending ---- */

static void do_write_msg(char **w) { printf("%d", kbus_ksock_write_msg((int)number(w[0]), messages[number(w[1])])); }

static void do_write_data(char **w) {
    bytes data = bytes_of(w[1]);
    printf("%d", kbus_ksock_write_data((int)number(w[0]), data.start, data.count));
}

static void do_send(char **w) {
    kbus_msg_id_t id = {0, 0};
    int result = kbus_ksock_send((int)number(w[0]), &id);
    print_id(result, id);
}

static void do_send_msg(char **w) {
    kbus_msg_id_t id = {0, 0};
    int result = kbus_ksock_send_msg((int)number(w[0]), messages[number(w[1])], &id);
    print_id(result, id);
}

/* Announces so many times, each with its number as data; while a recipient is full it waits for room. */
static void do_burst(char **w) {
    bytes name = bytes_of(w[1]);
    int result = 0;
    for (uint32_t i = 0; i < number(w[2]) && result == 0; i++) {
        kbus_message_t *message = NULL;
        kbus_msg_id_t id = {0, 0};
        result = kbus_msg_create(&message, (char *)name.start, (uint32_t)name.count, &i, sizeof i, KBUS_BIT_ALL_OR_WAIT);
        if (result == 0) result = kbus_send_within((int)number(w[0]), message, patience_ns, &id);
        kbus_msg_delete(&message);
    }
    printf("%d", result);
}

static void do_discard(char **w) { printf("%d", kbus_ksock_discard((int)number(w[0]))); }

/* ---- Readiness: Ksock, read, write, milliseconds; answers whether it is readable, writable, and anything else ---- */

static void print_ready(int error, unsigned readable, unsigned writable, unsigned other) {
    printf("%d %d %d %d", error, readable != 0, writable != 0, other != 0);
}

static void do_poll(char **w) {
    struct pollfd one = {(int)number(w[0]), (short)((*w[1] == '1' ? POLLIN : 0) | (*w[2] == '1' ? POLLOUT : 0)), 0};
    int result = poll(&one, 1, (int)number(w[3]));
    unsigned got = (unsigned short)one.revents;
    int error = result < 0 ? -errno : got & POLLNVAL ? -EBADF : 0;
    print_ready(error, got & POLLIN, got & POLLOUT, got & ~(unsigned)(POLLIN | POLLOUT));
}

static void do_epoll(char **w) {
    int ksock = (int)number(w[0]), set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {0, {.fd = ksock}};
    if (*w[1] == '1') event.events |= EPOLLIN;
    if (*w[2] == '1') event.events |= EPOLLOUT;
    int result = epoll_ctl(set, EPOLL_CTL_ADD, ksock, &event);
    event.events = 0;
    if (result == 0) result = epoll_wait(set, &event, 1, (int)number(w[3]));
    int error = result < 0 ? -errno : 0;
    uint32_t got = result > 0 ? event.events : 0;
    close(set);
    print_ready(error, got & EPOLLIN, got & EPOLLOUT, got & ~(uint32_t)(EPOLLIN | EPOLLOUT));
}

static void do_select(char **w) {
    int ksock = (int)number(w[0]);
    unsigned milliseconds = number(w[3]);
    struct timeval limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
    if (ksock >= FD_SETSIZE) {
        print_ready(-EINVAL, 0, 0, 0);
        return;
    }
    fd_set sets[3];
    for (int i = 0; i < 3; i++) {
        FD_ZERO(&sets[i]);
        if (i == 2 || *w[1 + i] == '1') FD_SET(ksock, &sets[i]);
    }
    int result = select(ksock + 1, &sets[0], &sets[1], &sets[2], &limit);
    unsigned ready[3];
    for (int i = 0; i < 3; i++) ready[i] = result > 0 && FD_ISSET(ksock, &sets[i]);
    print_ready(result < 0 ? -errno : 0, ready[0], ready[1], ready[2]);
}

/* ---- Buses, and the process ---- */

static void do_bus_create(char **w) { printf("%d", kbus_bus_create(number(w[0]), (char *)bytes_of(w[1]).start)); }

static void list(int function(int, char **)) {
    char *text = NULL;
    int result = function(-1, &text);
    printf("%d", result);
    if (text) print_bytes(text, strlen(text));
    free(text);
}

static void do_list_bindings(char **w) { (void)w, list(kbus_list_bindings); }
static void do_list_statistics(char **w) { (void)w, list(kbus_list_statistics); }

static void do_descriptors(char **w) {
    struct rlimit limit = {number(w[0]), number(w[0])};
    printf("%d", setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0);
}

static void run(char *line);

/* Runs the rest of the line in a child, which answers. */
static void in_child(char *line) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(longest_life_s);
        run(line);
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "c_peer: the child ended with status %#x\n", (unsigned)status);
        exit(70);
    }
}

static const struct {
    const char *name;
    int words;
    void (*function)(char **words);
} commands[] = {
    {"open", 2, do_open}, {"close", 1, do_close}, {"bind", 3, do_bind}, {"unbind", 3, do_unbind},
    {"find_replier", 2, do_find_replier}, {"id", 1, do_id}, {"next_msg", 1, do_next_msg}, {"len_left", 1, do_len_left},
    {"last_msg_id", 1, do_last_msg_id}, {"max_messages", 2, do_max_messages}, {"num_messages", 1, do_num_messages},
    {"num_unreplied_to", 1, do_num_unreplied_to}, {"only_once", 2, do_only_once},
    {"report_replier_binds", 2, do_report_replier_binds}, {"verbose", 2, do_verbose},
    {"max_message_size", 2, do_max_message_size}, {"new_device", 1, do_new_device}, {"read_msg", 2, do_read_msg},
    {"read_next_msg", 1, do_read_next_msg}, {"receive_within", 2, do_receive_within}, {"create", 3, do_create},
    {"create_entire", 3, do_create_entire}, {"create_request", 3, do_create_request},
    {"create_entire_request", 3, do_create_entire_request}, {"create_reply_to", 3, do_create_reply_to},
    {"create_stateful_request", 4, do_create_stateful_request}, {"take", 1, do_take}, {"fields", 13, do_fields},
    {"write_msg", 2, do_write_msg}, {"write_data", 2, do_write_data}, {"send", 1, do_send},
    {"send_msg", 2, do_send_msg}, {"burst", 3, do_burst}, {"discard", 1, do_discard}, {"poll", 4, do_poll}, {"epoll", 4, do_epoll},
    {"select", 4, do_select}, {"bus_create", 2, do_bus_create}, {"list_bindings", 0, do_list_bindings},
    {"list_statistics", 0, do_list_statistics}, {"descriptors", 1, do_descriptors},
};

static void run(char *line) {
    char *words[most_words] = {0}, *rest = NULL;
    int count = 0;
    for (char *word = strtok_r(line, " ", &rest); word && count < most_words; word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(words[0], commands[i].name) != 0) continue;
        assert(count - 1 == commands[i].words);
        commands[i].function(words + 1);
        putchar('\n');
        return;
    }
    fprintf(stderr, "c_peer: no such command: %s\n", words[0]);
    exit(64);
}

int main(void) {
    static const char child[] = "in_child ";
    char *line = NULL;
    size_t capacity = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(longest_life_s);
    for (ssize_t length; (length = getline(&line, &capacity, stdin)) > 0;) {
        line[length - 1] = '\0';
        if (strncmp(line, child, sizeof child - 1) == 0) in_child(line + sizeof child - 1);
        else run(line);
        fflush(stdout);
    }
    return 0;
}
