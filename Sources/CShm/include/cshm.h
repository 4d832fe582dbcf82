/*
 * What Swift cannot say, and nothing else: the layout of the bus file, atomic words, the robust lock, futexes and the
 * few system calls with variadic or Linux-only shapes. No logic of the bus lives here.
 *
 * Conventions: functions return 0 or a value, or a negative errno. Nothing here allocates, but for the start of a thread.
 */
#ifndef CSHM_H
#define CSHM_H

#include "cshm_errno.h"
#include "cshm_layout.h"
#include "cshm_word.h"
#include "cshm_lock.h"
#include "cshm_futex.h"
#include "cshm_fifo.h"
#include "cshm_file.h"
#include "cshm_process.h"
#include "cshm_descriptor.h"
#include "cshm_thread.h"
#include "cshm_life.h"
#include "cshm_watch.h"
#include "cshm_start.h"
#include "cshm_fault.h"

#endif
