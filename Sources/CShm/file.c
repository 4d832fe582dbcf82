#include "cshm.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define RETRY(call) ({ long result_; do result_ = (long)(call); while (result_ < 0 && errno == EINTR); result_ < 0 ? -errno : result_; })

/* Never 0, 1 or 2: in a process started with one of those closed, whatever it prints would go into the bus. */
static int above_standard(int file) {
    if (file < 0 || file > 2) return file;
    int other = fcntl(file, F_DUPFD_CLOEXEC, 3), error = errno;
    close(file);
    return other < 0 ? -error : other;
}

int cshm_file_open(const char *path) {
    return above_standard((int)RETRY(open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)));
}

int cshm_file_make(const char *directory) {
    return above_standard((int)RETRY(open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)));
}

int cshm_file_link(int file, const char *path) {
    char name[32];
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    return (int)RETRY(linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW));
}

static void fill(cshm_file_facts *facts, const struct stat *s) {
    *facts = (cshm_file_facts){
        .device = s->st_dev, .inode = s->st_ino, .bytes = (uint64_t)s->st_size, .mode = s->st_mode & 07777,
        .user = s->st_uid, .group = s->st_gid, .is_regular = S_ISREG(s->st_mode), .links = (uint32_t)s->st_nlink,
    };
}

int cshm_file_facts_of(int file, cshm_file_facts *facts) {
    struct stat s;
    if (fstat(file, &s) < 0) return -errno;
    fill(facts, &s);
    return 0;
}

int cshm_path_facts_of(const char *path, cshm_file_facts *facts) {
    struct stat s;
    if (lstat(path, &s) < 0) return -errno;
    fill(facts, &s);
    return 0;
}

int cshm_file_set_size(int file, uint64_t bytes) { return (int)RETRY(ftruncate(file, (off_t)bytes)); }

int cshm_file_reserve(int file, uint64_t offset, uint64_t bytes) {
    return (int)RETRY(fallocate(file, 0, (off_t)offset, (off_t)bytes));
}

int cshm_file_set_access(int file, uint32_t mode, int64_t group) {
    if (group >= 0 && RETRY(fchown(file, (uid_t)-1, (gid_t)group)) < 0) return -errno;
    return (int)RETRY(fchmod(file, mode));
}

int cshm_file_read(int file, uint64_t offset, void *to, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        long n = RETRY(pread(file, (char *)to + done, bytes - done, (off_t)(offset + done)));
        if (n < 0) return (int)n;
        if (n == 0) return -EIO;
        done += (size_t)n;
    }
    return 0;
}

int cshm_file_close(int file) { return close(file) < 0 ? -errno : 0; }
int cshm_file_remove(const char *path) { return unlink(path) < 0 ? -errno : 0; }

int cshm_map(int file, uint64_t bytes, void **base) {
    void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (room == MAP_FAILED) return -errno;
    /* Frames of video are not what a core dump is read for. */
    madvise(room, bytes, MADV_DONTDUMP);
    *base = room;
    return 0;
}

int cshm_unmap(void *base, uint64_t bytes) { return munmap(base, bytes) < 0 ? -errno : 0; }

int cshm_give_back_pages(void *from, uint64_t bytes) {
    /* Pages can be larger than those by which a bus is laid out. */
    uintptr_t page = (uintptr_t)getpagesize(), first = ((uintptr_t)from + page - 1) / page * page, end = ((uintptr_t)from + bytes) / page * page;
    if (first >= end) return 0;
    /* fallocate(2) with FALLOC_FL_PUNCH_HOLE, of the mapping's file. */
    return madvise((void *)first, end - first, MADV_REMOVE) < 0 ? -errno : 0;
}

uint64_t cshm_space_left(const char *path) {
    struct statvfs s;
    return statvfs(path, &s) < 0 ? 0 : (uint64_t)s.f_bavail * s.f_frsize;
}
