/* libuv, the loop of Node.js. */
#include "weather.h"

#include <uv.h>

static void readable(uv_poll_t *handle, int status, int events) {
    kbus_ksock_t *ksock = handle->data;
    (void)events;
    if (status < 0) exit(1);
    if (!take_all(*ksock)) uv_close((uv_handle_t *)handle, NULL);
}

int main(void) {
    int descriptor;
    kbus_ksock_t ksock = listen_to_the_weather(&descriptor);
    uv_poll_t handle = { .data = &ksock };
    if (uv_poll_init(uv_default_loop(), &handle, descriptor) < 0) return 1;
    if (uv_poll_start(&handle, UV_READABLE, readable) < 0) return 1;
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    uv_loop_close(uv_default_loop());
    /* After its handle is gone: the descriptor closes with the Ksock. */
    return kbus_ksock_close(ksock) < 0;
}
