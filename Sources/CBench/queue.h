/* A POSIX message queue for this process and those forked from now on. */
#ifndef CBENCH_QUEUE_H
#define CBENCH_QUEUE_H

#include <mqueue.h>
#include <stddef.h>

/* As long as an ordinary user may make it: 10 messages. Says that it can't be done if there are no such queues here. */
mqd_t cbench_open_queue(size_t message_bytes);

#endif
