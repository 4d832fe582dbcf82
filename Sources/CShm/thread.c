#include "cshm.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

typedef struct start {
    void (*body)(void *);
    void *argument;
} start;

static void *run(void *given) {
    start order = *(start *)given;
    free(given);
    order.body(order.argument);
    return NULL;
}

int cshm_thread_start(void (*body)(void *), void *argument) {
    enum { STACK = 256 * 1024 };
    start *order = malloc(sizeof *order);
    if (!order) return -ENOMEM;
    *order = (start){ body, argument };
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Blocked before it exists: the program's handlers must never run on it. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&thread, &attributes, run, order);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (result != 0) free(order);
    return -result;
}
