/* Starting a program that has nothing to do with the process that starts it. */
#ifndef CSHM_START_H
#define CSHM_START_H

/* Starts a program in a session of its own, with nothing but /dev/null open, no signal blocked, and nobody's child: no SIGCHLD for the
 * caller, no zombie. The environment is handed on. 0, or the errno of why the program can't be executed, negative.
 * Safe from any thread. */
int cshm_start_detached(const char *path, char *const *arguments);

/* The path of the program that runs, or of the library that this code is in: at most `room` bytes with the 0; its length, or
 * negative. */
int cshm_program_path(char *to, int room);
int cshm_library_path(char *to, int room);

/* Whether there is such a file and we may execute it. */
int cshm_is_executable(const char *path);

/* The arguments of the program that runs, where Swift has no CommandLine. NULL beyond the last. */
const char *cshm_argument(int number);
void cshm_print(int descriptor, const void *text, unsigned long bytes);
_Noreturn void cshm_exit(int status);

#endif
