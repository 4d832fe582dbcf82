#include "cshm.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* MOST_CLOSED: before Linux 5.9, which closes a range in one call. */
enum { STACK = 64 * 1024, NUMBER_OF_CLOSE_RANGE = 436, MOST_CLOSED = 65536 };

extern char **environ;

/* Between here and execve everything runs on the caller's memory, with the caller's thread suspended: system calls only. */
typedef struct order {
    const char *path;
    char *const *arguments;
    char *stack;
    volatile int error;
} order;

static int become(void *given) {
    order *order = given;
    /* Handlers are code of the caller's, which must not run here: away with them before any signal can come. */
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) < 0 || action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) continue;
        action = (struct sigaction){ .sa_handler = SIG_DFL };
        sigaction(number, &action, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(order->path, order->arguments, environ);
    order->error = errno;
    _exit(127);
}

/* First of all: until then a file stays open that another thread of the caller closes. (Sharing the caller's table would avoid even
 * that, but valgrind knows no such clone, and ends the program.) */
static void leave_descriptors(void) {
    if (syscall(NUMBER_OF_CLOSE_RANGE, 3, ~0u, 0) < 0) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > MOST_CLOSED) limit.rlim_cur = MOST_CLOSED;
        for (int other = 3; other < (int)limit.rlim_cur; other++) close(other);
    }
    int null = open("/dev/null", O_RDWR);
    for (int standard = 0; standard <= 2; standard++)
        if (null < 0 || dup2(null, standard) < 0) close(standard);
    if (null > 2) close(null);
}

/* A child without a signal for its end; the program becomes its child, and nobody's when it is gone. */
static int detach(void *given) {
    order *order = given;
    leave_descriptors();
    setsid();
    if (clone(become, order->stack + STACK, CLONE_VM | CLONE_VFORK, order) < 0) order->error = errno;
    _exit(0);
}

int cshm_start_detached(const char *path, char *const *arguments) {
    order order = { .path = path, .arguments = arguments };
    char *stacks = mmap(NULL, 2 * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stacks == MAP_FAILED) return -errno;
    order.stack = stacks + STACK;
    /* No handler of the program's may run in a child that shares its memory. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int child = clone(detach, stacks + STACK, CLONE_VM | CLONE_VFORK, &order), error = child < 0 ? errno : 0;
    if (child > 0) while (waitpid(child, NULL, __WCLONE) < 0 && errno == EINTR) {}
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stacks, 2 * STACK);
    return -(error ? error : order.error);
}

int cshm_program_path(char *to, int room) {
    long length = readlink("/proc/self/exe", to, (size_t)room);
    if (length < 0) return -errno;
    if (length >= room) return -ENAMETOOLONG;
    to[length] = 0;
    return (int)length;
}

int cshm_library_path(char *to, int room) {
    Dl_info info;
    if (!dladdr((void *)cshm_library_path, &info) || !info.dli_fname) return -ENOENT;
    size_t length = strlen(info.dli_fname);
    if (length >= (size_t)room) return -ENAMETOOLONG;
    memcpy(to, info.dli_fname, length + 1);
    return (int)length;
}

int cshm_is_executable(const char *path) { return access(path, X_OK) == 0; }

static int count;
static char **given;

__attribute__((constructor)) static void keep_arguments(int argc, char **argv) {
    count = argc;
    given = argv;
}

const char *cshm_argument(int number) { return number < count ? given[number] : NULL; }

void cshm_print(int descriptor, const void *text, unsigned long bytes) {
    while (bytes > 0) {
        long written = write(descriptor, text, bytes);
        if (written <= 0) return;
        text = (const char *)text + written;
        bytes -= (unsigned long)written;
    }
}

void cshm_exit(int status) { _exit(status); }
