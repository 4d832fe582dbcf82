/* What tests of messages share. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "check.h"

#include <kbus/kbus_shm.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A pointy message in the test's own memory. */
static inline kbus_message_t pointy(const char *name, const char *data) {
    kbus_message_t message;
    memset(&message, 0, sizeof message);
    message.start_guard = KBUS_MSG_START_GUARD;
    message.name = (char *)(uintptr_t)name;
    message.name_len = (uint32_t)strlen(name);
    message.data = (void *)(uintptr_t)data;
    message.data_len = data ? (uint32_t)strlen(data) : 0;
    message.end_guard = KBUS_MSG_END_GUARD;
    return message;
}

/* `count` bytes, the last of which is followed by memory that must not be touched. */
void *at_the_edge(const void *bytes, size_t count);

/* Sees that an entire message is whole: guards, padding, name, data. */
void check_entire(const kbus_message_t *message, const char *name, const void *data, uint32_t data_len);

#ifdef __cplusplus
}
#endif

#endif
