#include "cshm.h"
#include "cshm_robust.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

_Thread_local cshm_robust_thread cshm_robust CSHM_STATIC_TLS;
/* For threads for which the C library has registered none. */
static _Thread_local struct robust_list_head spare;
/* What the thread had before it adopted another. */
static _Thread_local struct robust_list_head *usual;

static int use(struct robust_list_head *head) {
    cshm_robust.head = head;
    cshm_robust.thread = (uint32_t)syscall(SYS_gettid);
    return syscall(SYS_set_robust_list, head, sizeof *head) < 0 ? -errno : 0;
}

int cshm_robust_adopt(struct robust_list_head *head) {
    usual = cshm_robust_own()->head;
    int result = use(head);
    if (result < 0) cshm_robust.head = usual;
    return result;
}

void cshm_robust_leave(void) { use(usual); }

void cshm_robust_find_out(void) {
    struct robust_list_head *head = NULL;
    size_t bytes;
    if (syscall(SYS_get_robust_list, 0, &head, &bytes) == 0 && head) {
        cshm_robust.head = head;
        cshm_robust.thread = (uint32_t)syscall(SYS_gettid);
        return;
    }
    /* A kernel that will not: dead holders are found by their absence (cshm_thread_is_gone). */
    spare = (struct robust_list_head){ .list = { &spare.list } };
    use(&spare);
}

static void forget(void) { cshm_robust = (cshm_robust_thread){ 0 }; }

__attribute__((constructor)) static void forget_in_children(void) { pthread_atfork(NULL, NULL, forget); }
