/*
 * A sender, a listener and a replier. They are usually three programs; here each is one Ksock of one process, which
 * makes no difference to the bus.
 */
#include <kbus/kbus_shm.h>

static void check(int result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "%s: %s\n%s\n", what, kbus_last_error(), kbus_last_remedy());
    exit(1);
}

static kbus_ksock_t open_ksock(void) {
    kbus_ksock_t ksock = kbus_ksock_open(0, O_RDWR);
    check(ksock, "open");
    return ksock;
}

/* Waits for the next message of a Ksock, reads it, and prints it. */
static kbus_message_t *next(kbus_ksock_t ksock, const char *who) {
    kbus_message_t *message;
    check(kbus_wait_for_message(ksock, KBUS_KSOCK_READABLE), "wait");
    check(kbus_ksock_read_next_msg(ksock, &message), "read");
    printf("%-8s ", who);
    kbus_msg_print2(stdout, message, 0);
    printf("\n");
    return message;
}

int main(void) {
    kbus_ksock_t sender = open_ksock(), listener = open_ksock(), replier = open_ksock();
    kbus_message_t *message, *request, *reply;
    kbus_msg_id_t id, asked;

    /* A listener hears whatever is sent under a name, or under all names that a wildcard matches. */
    check(kbus_ksock_bind(listener, "$.Hello.*", 0), "bind listener");
    /* A replier answers the requests of a name. There is at most one for each name. */
    check(kbus_ksock_bind(replier, "$.Hello.Time", 1), "bind replier");

    /* An announcement: to whoever listens. */
    check(kbus_msg_create(&message, "$.Hello.World", 13, "Hello", 5, 0), "create");
    check(kbus_ksock_send_msg(sender, message, &id), "send");
    kbus_msg_delete(&message);
    message = next(listener, "listener");
    kbus_msg_delete(&message);

    /* A request: to the replier, who owes a reply. If it went away, the bus would answer instead. */
    check(kbus_msg_create_request(&message, "$.Hello.Time", 12, "What time is it?", 16, 0), "create request");
    check(kbus_ksock_send_msg(sender, message, &asked), "send request");
    kbus_msg_delete(&message);

    request = next(replier, "replier");
    check(kbus_msg_create_reply_to(&reply, request, "Late", 4, 0), "create reply");
    check(kbus_ksock_send_msg(replier, reply, &id), "send reply");
    kbus_msg_delete(&reply);
    kbus_msg_delete(&request);

    message = next(sender, "sender");
    if (kbus_msg_compare_ids(&message->in_reply_to, &asked) != 0) fprintf(stderr, "this answers something else\n");
    kbus_msg_delete(&message);

    /* The listener has heard both, in the order in which they were sent. */
    for (int heard = 0; heard < 2; heard++) {
        message = next(listener, "listener");
        kbus_msg_delete(&message);
    }
    check(kbus_ksock_close(replier), "close");
    check(kbus_ksock_close(listener), "close");
    check(kbus_ksock_close(sender), "close");
    return 0;
}
