#define _GNU_SOURCE
#include "messages.h"

#include <sys/mman.h>

void *at_the_edge(const void *bytes, size_t count) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (count + page - 1) / page * page;
    char *base = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(base != MAP_FAILED);
    CHECK_EQUAL(mprotect(base + room, page, PROT_NONE), 0);
    char *start = base + room - count;
    if (count > 0) memcpy(start, bytes, count);
    return start;
}

static void check_zero(const uint8_t *from, const uint8_t *to) {
    for (; from < to; from++) CHECK_EQUAL(*from, 0);
}

void check_entire(const kbus_message_t *message, const char *name, const void *data, uint32_t data_len) {
    const kbus_entire_message_t *entire = (const kbus_entire_message_t *)message;
    size_t name_len = strlen(name);
    CHECK(message != NULL);
    CHECK_EQUAL(message->start_guard, KBUS_MSG_START_GUARD);
    CHECK_EQUAL(message->end_guard, KBUS_MSG_END_GUARD);
    CHECK(message->name == NULL);
    CHECK(message->data == NULL);
    CHECK_EQUAL(message->name_len, name_len);
    CHECK_EQUAL(message->data_len, data_len);
    CHECK_TEXT((const char *)entire->rest, name);
    const uint8_t *data_start = (const uint8_t *)&entire->rest[KBUS_ENTIRE_MSG_DATA_INDEX(name_len)];
    const uint8_t *end = (const uint8_t *)&entire->rest[KBUS_ENTIRE_MSG_END_GUARD_INDEX(name_len, data_len)];
    CHECK(data_len == 0 || memcmp(data_start, data, data_len) == 0);
    check_zero((const uint8_t *)entire->rest + name_len, data_start);
    check_zero(data_start + data_len, end);
    CHECK_EQUAL(*(const uint32_t *)end, KBUS_MSG_END_GUARD);
}
