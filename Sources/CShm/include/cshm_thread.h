/* A thread of the library's own. */
#ifndef CSHM_THREAD_H
#define CSHM_THREAD_H

/* Starts a detached thread with a small stack and every signal blocked. 0, or -EAGAIN if there can be no more threads. */
int cshm_thread_start(void *(*body)(void *), void *argument);

#endif
