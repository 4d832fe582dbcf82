#define _GNU_SOURCE
#include "bus.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

kbus_ksock_t new_ksock(void) {
    kbus_ksock_t ksock = kbus_ksock_open(0, O_RDWR);
    if (ksock < 0) CHECK_TEXT(kbus_last_error(), "a new Ksock");
    return ksock;
}

static kbus_ksock_t bound(const char *name, uint32_t is_replier) {
    kbus_ksock_t ksock = new_ksock();
    CHECK_EQUAL(kbus_ksock_bind(ksock, name, is_replier), 0);
    return ksock;
}

kbus_ksock_t new_listener(const char *name) { return bound(name, 0); }
kbus_ksock_t new_replier(const char *name) { return bound(name, 1); }

static int send_text(kbus_ksock_t ksock, const char *name, const char *data, uint32_t flags, kbus_msg_id_t *id) {
    kbus_message_t *message;
    uint32_t count = data ? (uint32_t)strlen(data) : 0;
    CHECK_EQUAL(kbus_msg_create(&message, name, (uint32_t)strlen(name), count ? data : NULL, count, flags), 0);
    int result = kbus_ksock_send_msg(ksock, message, id);
    kbus_msg_delete(&message);
    return result;
}

uint32_t announce(kbus_ksock_t ksock, const char *name, const char *data) {
    kbus_msg_id_t id;
    CHECK_EQUAL(send_text(ksock, name, data, 0, &id), 0);
    CHECK_EQUAL(id.network_id, 0);
    return id.serial_num;
}

uint32_t ask(kbus_ksock_t ksock, const char *name, const char *data) {
    kbus_msg_id_t id;
    CHECK_EQUAL(send_text(ksock, name, data, KBUS_BIT_WANT_A_REPLY, &id), 0);
    return id.serial_num;
}

uint32_t answer(kbus_ksock_t ksock, const kbus_message_t *request, const char *data) {
    kbus_msg_id_t id;
    kbus_message_t *reply;
    CHECK_EQUAL(kbus_msg_create_reply_to(&reply, request, data, data ? (uint32_t)strlen(data) : 0, 0), 0);
    CHECK_EQUAL(kbus_ksock_send_msg(ksock, reply, &id), 0);
    kbus_msg_delete(&reply);
    return id.serial_num;
}

int try_to_send(kbus_ksock_t ksock, const char *name, uint32_t flags, kbus_msg_id_t *id) {
    return send_text(ksock, name, "try", flags, id);
}

kbus_message_t *take(kbus_ksock_t ksock) {
    kbus_message_t *message = NULL;
    CHECK_EQUAL(kbus_ksock_read_next_msg(ksock, &message), 0);
    CHECK(message != NULL);
    return message;
}

void move_to_number(int descriptor, int number) {
    int copy;
    if (descriptor == number) return;
    while ((copy = fcntl(descriptor, F_DUPFD, number)) != number) {
        CHECK(copy > number);
        close(copy);
        sched_yield();
    }
    close(descriptor);
}

int put_foreign_socket_at(int number, int kind) {
    int ends[2];
    CHECK_EQUAL(socketpair(AF_UNIX, kind | SOCK_NONBLOCK, 0, ends), 0);
    if (ends[1] == number) return ends[0];
    move_to_number(ends[0], number);
    return ends[1];
}

uint32_t queued(kbus_ksock_t ksock) {
    uint32_t count;
    CHECK_EQUAL(kbus_ksock_num_messages(ksock, &count), 0);
    return count;
}

uint32_t ksock_id(kbus_ksock_t ksock) {
    uint32_t id;
    CHECK_EQUAL(kbus_ksock_id(ksock, &id), 0);
    return id;
}

uint32_t replier_of(kbus_ksock_t asking, const char *name) {
    uint32_t id;
    CHECK_EQUAL(kbus_ksock_find_replier(asking, name, &id), 0);
    return id;
}

void fill_up(kbus_ksock_t ksock, kbus_ksock_t sender, const char *name) {
    uint32_t most = 1;
    CHECK_EQUAL(kbus_ksock_max_messages(ksock, &most), 0);
    announce(sender, name, "filler");
    CHECK_EQUAL(queued(ksock), 1);
}

void check_next(kbus_ksock_t ksock, const char *printed, const char *file, int line) {
    char *text = NULL;
    size_t size;
    kbus_message_t *message = NULL;
    check_equal(kbus_ksock_read_next_msg(ksock, &message), 0, "kbus_ksock_read_next_msg", file, line);
    FILE *stream = open_memstream(&text, &size);
    CHECK(stream != NULL);
    kbus_msg_print(stream, message);
    fclose(stream);
    check_text(text, printed, "the next message", file, line);
    kbus_msg_delete(&message);
    free(text);
}

int write_bytes(kbus_ksock_t ksock, const void *bytes, size_t count) {
    return kbus_ksock_write_data(ksock, (uint8_t *)(uintptr_t)bytes, count);
}

void check_child(int64_t process) {
    int status = 0;
    CHECK(process > 0);
    CHECK_EQUAL(waitpid((pid_t)process, &status, 0), process);
    CHECK_EQUAL(status, 0);
}

static _Atomic pid_t waiting_thread;

/* Whether a thread of this process sleeps in the kernel. */
static int is_asleep(pid_t thread) {
    char path[64], text[512], *state;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t count = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[count] = 0;
    state = strrchr(text, ')');
    return state && state[2] == 'S';
}

void about_to_wait(void) { waiting_thread = gettid(); }

void until_waiter_sleeps(void) {
    while (!waiting_thread || !is_asleep(waiting_thread)) usleep(100);
}
