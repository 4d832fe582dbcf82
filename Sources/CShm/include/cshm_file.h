/* Files and mappings. Each returns 0, a value, or a negative errno; EINTR is retried. */
#ifndef CSHM_FILE_H
#define CSHM_FILE_H

#include <stdint.h>
#include <stddef.h>

typedef struct cshm_file_facts {
    uint64_t device;
    uint64_t inode;
    uint64_t bytes;
    uint32_t mode;      /* permission bits */
    uint32_t user;
    uint32_t group;
    uint32_t is_regular;
    uint32_t links;
} cshm_file_facts;

/* Opens for reading and writing; follows no symbolic link, creates nothing. */
int cshm_file_open(const char *path);

/* Makes a file without a name in `directory`; cshm_file_link gives it one, or -EEXIST. */
int cshm_file_make(const char *directory);
int cshm_file_link(int file, const char *path);

int cshm_file_facts_of(int file, cshm_file_facts *facts);
int cshm_path_facts_of(const char *path, cshm_file_facts *facts);
int cshm_file_set_size(int file, uint64_t bytes);
/* Reserves pages, so that using them cannot raise SIGBUS. -ENOSPC if there are none. */
int cshm_file_reserve(int file, uint64_t offset, uint64_t bytes);
int cshm_file_set_access(int file, uint32_t mode, int64_t group);
/* Reads all of `bytes` at an offset; -EIO if the file ends before. */
int cshm_file_read(int file, uint64_t offset, void *to, size_t bytes);
int cshm_file_close(int file);
int cshm_file_remove(const char *path);

/* Maps the whole file. */
int cshm_map(int file, uint64_t bytes, void **base);
int cshm_unmap(void *base, uint64_t bytes);
/* Gives the pages that lie in a part of a mapping back to the system, those of its file: they read as zero afterwards, and must be
 * reserved again. It goes by the mapping: the program may have closed the descriptor, and a hole in another file would be a loss. */
int cshm_give_back_pages(void *from, uint64_t bytes);

/* Bytes free in the file system of `path`. */
uint64_t cshm_space_left(const char *path);

#endif
