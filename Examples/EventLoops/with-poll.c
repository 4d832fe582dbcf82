/* poll, as select would do it. */
#include "weather.h"

#include <poll.h>

int main(void) {
    struct pollfd entry = { .events = POLLIN };
    kbus_ksock_t ksock = listen_to_the_weather(&entry.fd);
    do {
        if (poll(&entry, 1, -1) < 0) return 1;
    } while (take_all(ksock));
    return kbus_ksock_close(ksock) < 0;
}
