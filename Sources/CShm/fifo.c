#include "cshm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int give_up(int fifo, int error) {
    close(fifo);
    return -error;
}

/* -ESTALE unless it is a FIFO, and this one if `inode` is not 0. */
static int open_fifo(const char *path, int flags, uint64_t inode, struct stat *facts) {
    int fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | flags);
    if (fifo < 0) return -errno;
    if (fstat(fifo, facts) < 0) return give_up(fifo, errno);
    return S_ISFIFO(facts->st_mode) && (!inode || facts->st_ino == inode) ? fifo : give_up(fifo, ESTALE);
}

int cshm_fifo_make(const char *path, uint32_t mode, int64_t group, uint64_t *inode) {
    struct stat facts;
    if (mkfifo(path, 0600) < 0) return -errno;
    /* O_NOATIME, which the owner of a file may ask for: reading is quicker by a quarter. */
    int fifo = open_fifo(path, O_NOATIME, 0, &facts);
    if (fifo < 0) return fifo;
    /* The group first: changing it may take access bits away. Whoever is not in it leaves the FIFO to its own. */
    if (group >= 0 && fchown(fifo, (uid_t)-1, (gid_t)group) < 0 && errno != EPERM) return give_up(fifo, errno);
    if (fchmod(fifo, mode) < 0) return give_up(fifo, errno);
    *inode = facts.st_ino;
    return fifo;
}

int cshm_fifo_open(const char *path, uint64_t inode) {
    struct stat facts;
    return open_fifo(path, 0, inode, &facts);
}

int cshm_fifo_ring(int fifo) { return syscall(SYS_write, fifo, "", 1) < 0 && errno != EAGAIN ? -errno : 0; }

int cshm_fifo_drain(int fifo) {
    char bytes[512];
    long n;
    do n = syscall(SYS_read, fifo, bytes, sizeof bytes);
    while (n == (long)sizeof bytes || (n < 0 && errno == EINTR));
    return n < 0 && errno != EAGAIN ? -errno : 0;
}

int cshm_fifo_list(const char *directory, const char *prefix, uint64_t *numbers, int most) {
    size_t length = strlen(prefix);
    DIR *entries = opendir(directory);
    if (!entries) return -errno;
    int count = 0;
    for (struct dirent *entry; count < most && (entry = readdir(entries));) {
        char *end;
        if (entry->d_type != DT_FIFO || strncmp(entry->d_name, prefix, length) != 0) continue;
        uint64_t number = strtoull(entry->d_name + length, &end, 10);
        if (end != entry->d_name + length && !*end) numbers[count++] = number;
    }
    closedir(entries);
    return count;
}
