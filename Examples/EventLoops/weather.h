/* What all of these programs do with the messages that they hear. */
#include <kbus/kbus.h>
#include <kbus/kbus_shm.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void fail(const char *what) {
    fprintf(stderr, "%s: %s\n%s\n", what, kbus_last_error(), kbus_last_remedy());
    exit(1);
}

/* A Ksock that listens, and its fast descriptor; with FULL_DESCRIPTOR in the environment itself, which is a descriptor too. */
static inline kbus_ksock_t listen_to_the_weather(int *descriptor) {
    kbus_ksock_t ksock = kbus_ksock_open(0, O_RDWR);
    if (ksock < 0) fail("open");
    if (kbus_ksock_bind(ksock, "$.Weather.*", 0) < 0) fail("bind");
    *descriptor = getenv("FULL_DESCRIPTOR") ? ksock : kbus_ksock_fast_descriptor(ksock);
    if (*descriptor < 0) fail("fast descriptor");
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("listening");
    return ksock;
}

/* Takes messages until there are none: then the descriptor is unreadable. Returns 0 when it hears of the end. */
static inline int take_all(kbus_ksock_t ksock) {
    kbus_message_t *message;
    int result, goes_on = 1;
    while (goes_on && (result = kbus_receive_within(ksock, 0, &message)) > 0) {
        goes_on = strcmp(kbus_msg_name_ptr(message), "$.Weather.End") != 0;
        printf("%s %.*s\n", kbus_msg_name_ptr(message), (int)message->data_len, (const char *)kbus_msg_data_ptr(message));
        kbus_msg_delete(&message);
    }
    if (goes_on && result < 0) fail("receive");
    return goes_on;
}
