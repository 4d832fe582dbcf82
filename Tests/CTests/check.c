/* Runs the tests: all, or those whose title contains a word given on the command line. */
#define _GNU_SOURCE
#include "check.h"

#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
/* What the threads of its parent had at hand is lost to a child; that is how fork is. */
static void look_for_no_leaks(void) { VALGRIND_CLO_CHANGE("--leak-check=no"); }
#else
static void look_for_no_leaks(void) {}
#endif

enum { SECONDS = 60 };

static struct check_test *first, **last = &first;
static char root[64];

void check_register(struct check_test *test) {
    *last = test;
    last = &test->next;
}

static void fail(void) {
    fflush(NULL);
    _exit(1);
}

void check_true(int holds, const char *what, const char *file, int line) {
    if (holds) return;
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
    fail();
}

void check_equal(int64_t actual, int64_t expected, const char *what, const char *file, int line) {
    if (actual == expected) return;
    fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, (long long)actual, (long long)expected);
    fail();
}

void check_text(const char *actual, const char *expected, const char *what, const char *file, int line) {
    if (actual && strcmp(actual, expected) == 0) return;
    fprintf(stderr, "%s:%d: %s is\n  %s\nnot\n  %s\n", file, line, what, actual ? actual : "null", expected);
    fail();
}

static int discard(const char *path, const struct stat *facts, int kind, struct FTW *where) {
    (void)facts, (void)kind, (void)where;
    return remove(path);
}

/*
 * Removes the directory of the run when the last process of it has gone, however it went: each of them has the other end
 * of this pipe.
 */
static void clean_up_after(int pipe_end) {
    char byte;
    setsid();
    while (read(pipe_end, &byte, 1) > 0) {}
    nftw(root, discard, 16, FTW_DEPTH | FTW_PHYS);
    _exit(0);
}

static pid_t start_guard(int *lifeline) {
    int ends[2];
    const char *place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(root, sizeof root, "%s/kbus-ctests-XXXXXX", place);
    if (!mkdtemp(root) || pipe(ends) < 0) return -1;
    pid_t guard = fork();
    if (guard == 0) {
        close(ends[1]);
        clean_up_after(ends[0]);
    }
    close(ends[0]);
    *lifeline = ends[1];
    return guard;
}

/* A test and what it starts end with the runner, and after a while in any case. */
static void run(const struct check_test *test, pid_t runner, int number) {
    char directory[PATH_MAX];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != runner) _exit(1);
    alarm(SECONDS);
    snprintf(directory, sizeof directory, "%s/%d", root, number);
    if (mkdir(directory, 0700) < 0 || setenv("KBUS_DIR", directory, 1) < 0) {
        perror(directory);
        _exit(1);
    }
    pthread_atfork(NULL, NULL, look_for_no_leaks);
    test->run();
    /* Not _exit: a sanitizer looks for leaks now. */
    exit(0);
}

static int passes(const struct check_test *test, int number) {
    fflush(NULL);
    pid_t runner = getpid(), child = fork();
    if (child == 0) run(test, runner, number);
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0) return 0;
    if (WIFSIGNALED(status)) fprintf(stderr, "ended by a signal: %s\n", strsignal(WTERMSIG(status)));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int count, char **words) {
    int lifeline, passed = 0, failed = 0;
    pid_t guard = start_guard(&lifeline);
    if (guard < 0) {
        perror("start");
        return 2;
    }
    for (const struct check_test *test = first; test; test = test->next) {
        if (count > 1 && !strstr(test->title, words[1])) continue;
        if (passes(test, passed + failed)) {
            passed++;
        } else {
            failed++;
            fprintf(stderr, "FAILED: %s\n\n", test->title);
        }
    }
    close(lifeline);
    waitpid(guard, NULL, 0);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
