/*
 * Fault points: a test kills, stops or ends a process just before its n-th store into a bus file, the same way each
 * run. Debug builds of the core call cshm_fault_point before every such store; release builds never do.
 */
#ifndef CSHM_FAULT_H
#define CSHM_FAULT_H

#include <stdint.h>

enum { CSHM_FAULT_NONE = 0, CSHM_FAULT_KILL = 1, CSHM_FAULT_STOP = 2 };

/* From now on counts stores from 1 and acts before the n-th; n = 0 only counts. */
void cshm_fault_arm(uint64_t n, int action);
/* Stores since it was armed. */
uint64_t cshm_fault_count(void);
/* The same; disarms. */
uint64_t cshm_fault_disarm(void);
void cshm_fault_point(void);

#endif
