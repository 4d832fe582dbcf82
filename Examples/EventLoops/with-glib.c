/* GLib's main loop, and so GTK's. */
#include "weather.h"

#include <glib-unix.h>

typedef struct program {
    kbus_ksock_t ksock;
    GMainLoop *loop;
} program;

static gboolean readable(gint descriptor, GIOCondition condition, gpointer data) {
    program *program = data;
    (void)descriptor;
    (void)condition;
    if (take_all(program->ksock)) return G_SOURCE_CONTINUE;
    g_main_loop_quit(program->loop);
    return G_SOURCE_REMOVE;
}

int main(void) {
    int descriptor;
    program program = { .ksock = listen_to_the_weather(&descriptor), .loop = g_main_loop_new(NULL, FALSE) };
    g_unix_fd_add(descriptor, G_IO_IN, readable, &program);
    g_main_loop_run(program.loop);
    g_main_loop_unref(program.loop);
    /* After its source is gone: the descriptor closes with the Ksock. */
    return kbus_ksock_close(program.ksock) < 0;
}
