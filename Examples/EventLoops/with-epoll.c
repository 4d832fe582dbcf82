/* epoll. Edge-triggered works as well, since every message is taken before the next wait; EPOLLET then saves nothing. */
#include "weather.h"

#include <sys/epoll.h>

int main(void) {
    int descriptor, set = epoll_create1(EPOLL_CLOEXEC);
    kbus_ksock_t ksock = listen_to_the_weather(&descriptor);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = descriptor };
    if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event) < 0) return 1;
    do {
        if (epoll_wait(set, &event, 1, -1) < 0) return 1;
    } while (take_all(ksock));
    return kbus_ksock_close(ksock) < 0;
}
