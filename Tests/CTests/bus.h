/* The words of the tests that need a bus. Each checks its own success, and ends the test if it has none. */
#ifndef BUS_H
#define BUS_H

#include "messages.h"

#ifdef __cplusplus
extern "C" {
#endif

static const int64_t SECOND = 1000000000;
static const uint32_t ASK = 0xFFFFFFFF;

/* A new Ksock on bus 0, for reading and writing. */
kbus_ksock_t new_ksock(void);
kbus_ksock_t new_listener(const char *name);
kbus_ksock_t new_replier(const char *name);

/* Sends a message with text for data (null: none), and tells its serial. */
uint32_t announce(kbus_ksock_t ksock, const char *name, const char *data);
uint32_t ask(kbus_ksock_t ksock, const char *name, const char *data);
uint32_t answer(kbus_ksock_t ksock, const kbus_message_t *request, const char *data);
/* As `announce`, with flags; the result of kbus_ksock_send_msg. */
int try_to_send(kbus_ksock_t ksock, const char *name, uint32_t flags, kbus_msg_id_t *id);

/* Takes the next message, which there must be. */
kbus_message_t *take(kbus_ksock_t ksock);
uint32_t queued(kbus_ksock_t ksock);
uint32_t ksock_id(kbus_ksock_t ksock);
uint32_t replier_of(kbus_ksock_t asking, const char *name);
/* Gives a Ksock that is bound to `name` a queue for one message, and puts one in it. */
void fill_up(kbus_ksock_t ksock, kbus_ksock_t sender, const char *name);

/* Takes the next message and compares what it prints as; "" if none is to be queued. */
void check_next(kbus_ksock_t ksock, const char *printed, const char *file, int line);
#define CHECK_NEXT(ksock, printed) check_next(ksock, printed, __FILE__, __LINE__)
#define CHECK_NOTHING(ksock) check_next(ksock, "", __FILE__, __LINE__)

/*
 * Moves what `descriptor` is to `number`, which was closed. A thread of the library may have opened something that has the number for a
 * moment: that is waited for.
 */
void move_to_number(int descriptor, int number);
/* A connected pair of sockets, the first of which has this number, as above; returns the other. */
int put_foreign_socket_at(int number, int kind);

/* A thread says that it is about to wait; another waits until it sleeps in the kernel. One thread of a test. */
void about_to_wait(void);
void until_waiter_sleeps(void);

/* Writes bytes of a message. */
int write_bytes(kbus_ksock_t ksock, const void *bytes, size_t count);

/* Waits for a process that the test has forked, which must exit with 0. */
void check_child(int64_t process);

#ifdef __cplusplus
}
#endif

#endif
