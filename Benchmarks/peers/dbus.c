/*
 * D-Bus with sd-bus, over a bus of its own: peer.dbus-daemon, peer.dbus-broker. Method calls and signals, with one byte array.
 * Daemons let messages pile up without limit, so that no more than a window of signals is on the way.
 */
#include "cbench_loop.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>

static const char PATH[] = "/bench", INTERFACE[] = "org.kbus.Bench", NAME[] = "org.kbus.Bench";
enum { WINDOW = 64 };

static const cbench_part *part;
static char address[300];
static sd_bus *bus;
static uint8_t *payload;
static uint64_t last_number;
static cbench_hearing *listening;
static int was_last;

static void check(int result, const char *what) {
    if (result < 0) cbench_fail(what, result);
}

/* ---- The daemon ---- */

static const char CONFIGURATION[] =
    "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
    " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
    "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>\n"
    "<policy context=\"default\"><allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/></policy>\n"
    "<limit name=\"max_message_size\">134217728</limit><limit name=\"max_incoming_bytes\">1000000000</limit>\n"
    "<limit name=\"max_outgoing_bytes\">1000000000</limit></busconfig>\n";

static int listening_socket(const char *path) {
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof where.sun_path) cbench_unavailable("the directory's name is too long for a socket");
    strcpy(where.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&where, sizeof where) != 0 || listen(fd, 64) != 0)
        cbench_fail("cannot listen", errno);
    return fd;
}

/*
 * The broker's launcher insists on the journal's socket. Where there is no journal it sees a /run of its own, with such a socket, to
 * which nobody listens.
 */
static void pretend_journal(void) {
    struct sockaddr_un where = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
    if (access(where.sun_path, F_OK) == 0) return;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
        || mount("tmpfs", "/run", "tmpfs", 0, NULL) != 0 || mkdir("/run/systemd", 0755) != 0
        || mkdir("/run/systemd/journal", 0755) != 0 || bind(fd, (struct sockaddr *)&where, sizeof where) != 0)
        _exit(127);
}

/* Starts the daemon. It ends with this process, and shares the client's processor if all share one. */
static pid_t start_daemon(void) {
    char configuration[300], path[280];
    snprintf(path, sizeof path, "%s/dbus", part->directory);
    snprintf(address, sizeof address, "unix:path=%s", path);
    snprintf(configuration, sizeof configuration, "%s/dbus.conf", part->directory);
    FILE *file = fopen(configuration, "w");
    if (file == NULL || fprintf(file, CONFIGURATION, address) < 0 || fclose(file) != 0) cbench_fail("cannot write a configuration", errno);

    int is_broker = strcmp(part->transport, "peer.dbus-broker") == 0;
    pid_t daemon = cbench_fork();
    if (daemon == 0) {
        if (part->client_cpu == part->server_cpu) cbench_pin_to(part->client_cpu);
        if (is_broker) {
            /* It takes its socket from whoever starts it. */
            int fd = listening_socket(path);
            if (fd != 3) dup2(fd, 3), close(fd);
            /* It also wants to speak to systemd, but waits for an answer only when it has something to ask. */
            char nobody[300];
            snprintf(nobody, sizeof nobody, "%s/nobody", part->directory);
            listening_socket(nobody);
            snprintf(nobody, sizeof nobody, "unix:path=%s/nobody", part->directory);
            setenv("DBUS_SESSION_BUS_ADDRESS", nobody, 1);
            pretend_journal();
            char own[20];
            snprintf(own, sizeof own, "%d", (int)getpid());
            setenv("LISTEN_FDS", "1", 1);
            setenv("LISTEN_PID", own, 1);
            if (freopen("/dev/null", "w", stderr) == NULL) _exit(127);
            execlp("dbus-broker-launch", "dbus-broker-launch", "--scope", "user", "--config-file", configuration, (char *)NULL);
        } else {
            char option[320];
            snprintf(option, sizeof option, "--config-file=%s", configuration);
            execlp("dbus-daemon", "dbus-daemon", option, "--nofork", "--nopidfile", "--nosyslog", (char *)NULL);
        }
        _exit(127);
    }
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    strcpy(where.sun_path, path);
    for (uint64_t deadline = cbench_now() + 10000000000u;;) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0), status;
        int result = connect(fd, (struct sockaddr *)&where, sizeof where);
        close(fd);
        if (result == 0) return daemon;
        if (waitpid(daemon, &status, WNOHANG) == daemon)
            cbench_unavailable(is_broker ? "dbus-broker-launch does not start here; without systemd's journal it needs root" : "dbus-daemon does not start here");
        if (cbench_now() > deadline) cbench_fail("the daemon did not get ready in time", 0);
        struct timespec pause = {0, 2000000};
        nanosleep(&pause, NULL);
    }
}

static void stop_daemon(pid_t daemon) {
    /* Asked politely, the broker's launcher waits for the systemd that is not there. The broker ends with it. */
    kill(daemon, SIGKILL);
    while (waitpid(daemon, NULL, 0) < 0 && errno == EINTR) {
    }
}

static void connect_bus(void) {
    check(sd_bus_new(&bus), "cannot make a connection");
    check(sd_bus_set_address(bus, address), "cannot set the address");
    check(sd_bus_set_bus_client(bus, 1), "cannot be a client");
    int result = sd_bus_start(bus);
    if (result < 0) cbench_unavailable("the daemon takes no connections");
    const char *own;
    result = sd_bus_get_unique_name(bus, &own);
    if (result < 0) cbench_unavailable("the daemon does not speak");
}

/* Does what is to be done, or waits until there is something. */
static void turn(void) {
    int result = sd_bus_process(bus, NULL);
    check(result, "cannot go on");
    if (result == 0) check(sd_bus_wait(bus, UINT64_MAX), "cannot wait");
}

/* ---- Request and reply ---- */

static int echo(sd_bus_message *request, void *context, sd_bus_error *error) {
    (void)context, (void)error;
    const void *bytes;
    size_t count;
    sd_bus_message *reply;
    uint8_t data[CBENCH_REPLY_BYTES] = {0};
    check(sd_bus_message_read_array(request, 'y', &bytes, &count), "cannot read a request");
    last_number = cbench_number(bytes);
    if (count != part->payload_bytes || !cbench_is_stamped(bytes, count, last_number)) cbench_fail("a request is not what was sent", 0);
    cbench_stamp(data, sizeof data, last_number);
    check(sd_bus_message_new_method_return(request, &reply), "cannot make a reply");
    check(sd_bus_message_append_array(reply, 'y', data, sizeof data), "cannot fill a reply");
    check(sd_bus_send(bus, reply, NULL), "cannot reply");
    sd_bus_message_unref(reply);
    return 1;
}

static const sd_bus_vtable methods[] = {
    SD_BUS_VTABLE_START(0), SD_BUS_METHOD("Echo", "ay", "ay", echo, SD_BUS_VTABLE_UNPRIVILEGED), SD_BUS_VTABLE_END,
};

static void serve(void *context, cbench_area *area) {
    (void)context;
    connect_bus();
    check(sd_bus_add_object_vtable(bus, NULL, PATH, INTERFACE, methods, NULL), "cannot offer a method");
    check(sd_bus_request_name(bus, NAME, 0), "cannot own a name");
    cbench_add(cbench_ready(area), 1);
    while (last_number != UINT64_MAX) turn();
    check(sd_bus_flush(bus), "cannot reply");
}

static void open_client(void *context) {
    (void)context;
    connect_bus();
    payload = calloc(1, part->payload_bytes);
}

static void round_trip(void *context, uint64_t number) {
    (void)context;
    sd_bus_message *request, *reply;
    sd_bus_error error = SD_BUS_ERROR_NULL;
    const void *bytes;
    size_t count;
    cbench_stamp(payload, part->payload_bytes, number);
    check(sd_bus_message_new_method_call(bus, &request, NAME, PATH, INTERFACE, "Echo"), "cannot make a request");
    check(sd_bus_message_append_array(request, 'y', payload, part->payload_bytes), "cannot fill a request");
    check(sd_bus_call(bus, request, 0, &error, &reply), "cannot call");
    check(sd_bus_message_read_array(reply, 'y', &bytes, &count), "cannot read a reply");
    if (count != CBENCH_REPLY_BYTES || !cbench_is_stamped(bytes, count, number)) cbench_fail("a reply is not to the request", 0);
    sd_bus_message_unref(request);
    sd_bus_message_unref(reply);
}

static void end_round_trips(void *context) { round_trip(context, UINT64_MAX); }

/* ---- Senders and listeners ---- */

static int hear(sd_bus_message *signal, void *context, sd_bus_error *error) {
    (void)context, (void)error;
    const void *bytes;
    size_t count;
    check(sd_bus_message_read_array(signal, 'y', &bytes, &count), "cannot read a signal");
    was_last |= cbench_hear(listening, bytes);
    return 0;
}

static void listen_to_all(void *context, cbench_hearing *hearing) {
    (void)context;
    connect_bus();
    listening = hearing;
    check(sd_bus_match_signal(bus, NULL, NULL, PATH, INTERFACE, "Announced", hear, NULL), "cannot listen");
    cbench_add(cbench_ready(hearing->area), 1);
    while (!was_last) turn();
}

static void open_sender(void *context) {
    (void)context;
    connect_bus();
}

static void announce(void *context, const void *bytes) {
    (void)context;
    sd_bus_message *signal;
    check(sd_bus_message_new_signal(bus, &signal, PATH, INTERFACE, "Announced"), "cannot make a signal");
    check(sd_bus_message_append_array(signal, 'y', bytes, part->payload_bytes), "cannot fill a signal");
    check(sd_bus_send(bus, signal, NULL), "cannot send");
    sd_bus_message_unref(signal);
    check(sd_bus_flush(bus), "cannot send");
}

int main(int argc, char **argv) {
    static cbench_part own;
    cbench_part_begin(&own, argc, argv);
    part = &own;
    if (strcmp(part->mode, "spin") == 0) cbench_unavailable("sd-bus has no way to spin");
    pid_t daemon = start_daemon();
    if (strcmp(part->scenario, "rtt") == 0) {
        cbench_round_trips(part, serve, open_client, round_trip, end_round_trips, NULL);
    } else if (strcmp(part->scenario, "footprint") == 0) {
        connect_bus();
        check(sd_bus_request_name(bus, NAME, 0), "cannot own a name");
        cbench_idle(part);
    } else if (part->senders == 1) {
        cbench_fan fan = {.listen = listen_to_all, .open = open_sender, .send = announce, .window = WINDOW};
        cbench_run_fan(part, &fan, NULL);
    } else {
        cbench_unavailable("measured with one sender only");
    }
    stop_daemon(daemon);
    return 0;
}
