/* Loaded before a process (LD_PRELOAD): it writes down what the process asks of its disk below one directory, or fails one
 * request of it. What it leaves out: memory that is mapped (SQLite's -shm file, which a crash empties anyway) and reads.
 *
 *   DISK_DIRECTORY  the directory, without a slash at its end
 *   DISK_LOG        where the requests are written down, in the order in which they were made
 *   DISK_FAIL       KIND:N:ERRNO[:once]  the N-th request of this kind from now on (write, sync) and, without `once`, every
 *                   further one fails. It counts from the moment that the file named DISK_ARMED is there.
 *
 * A record: the number of its kind, of its file, its offset, its length and the time at which the request had ended (CLOCK_MONOTONIC,
 * nanoseconds), each eight bytes; then as many bytes of data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { OPEN = 1, WRITE, TRUNCATE, SYNC, UNLINK, FAILED };
enum { MOST_DESCRIPTORS = 65536, MOST_FILES = 65536 };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static const char *directory;
static int log_file = -1;
static int file_of[MOST_DESCRIPTORS];
static char *names[MOST_FILES];
static int files = 1;
static const char *fail_kind;
static long fail_at = -1;
static int fail_errno, fail_once, failures_armed;

static void begin(void) __attribute__((constructor));
static void begin(void)
{
    directory = getenv("DISK_DIRECTORY");
    const char *log = getenv("DISK_LOG");
    if (directory != NULL && log != NULL)
        log_file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const char *fail = getenv("DISK_FAIL");
    if (fail != NULL) {
        static char kind[16];
        char once[16] = "";
        if (sscanf(fail, "%15[^:]:%ld:%d:%15s", kind, &fail_at, &fail_errno, once) >= 3)
            fail_kind = kind;
        fail_once = strcmp(once, "once") == 0;
    }
}

static int is_below(const char *path)
{
    size_t length = directory == NULL ? 0 : strlen(directory);
    return length > 0 && strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0)
        && strstr(path, "-shm") == NULL && strstr(path, ".log") == NULL;
}

static void put(enum kind kind, int file, uint64_t offset, const void *data, uint64_t length)
{
    if (log_file < 0)
        return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t head[5] = { kind, (uint64_t)file, offset, length, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec };
    struct iovec parts[2] = { { head, sizeof head }, { (void *)data, data == NULL ? 0 : length } };
    if (syscall(SYS_writev, log_file, parts, 2) != (long)(parts[0].iov_len + parts[1].iov_len))
        abort();
}

/* The number of a path; a new one is written down with its name. */
static int number_of(const char *path)
{
    for (int file = 1; file < files; file++)
        if (strcmp(names[file], path) == 0)
            return file;
    if (files == MOST_FILES)
        abort();
    names[files] = strdup(path);
    return files++;
}

/* Whether this request is to fail; then errno says why. */
static int fails(const char *kind, int file)
{
    if (fail_kind == NULL || strcmp(fail_kind, kind) != 0)
        return 0;
    if (!failures_armed) {
        const char *armed = getenv("DISK_ARMED");
        if (armed == NULL || syscall(SYS_access, armed, F_OK) != 0)
            return 0;
        failures_armed = 1;
    }
    fail_at--;
    if (fail_at == 0 || (fail_at < 0 && !fail_once)) {
        put(FAILED, file, 0, NULL, 0);
        errno = fail_errno;
        return 1;
    }
    return 0;
}

static int opened(int descriptor, const char *path, int flags)
{
    if (descriptor < 0 || descriptor >= MOST_DESCRIPTORS)
        return descriptor;
    pthread_mutex_lock(&one_at_a_time);
    char whole[4096];
    if (path[0] != '/' && getcwd(whole, sizeof whole) != NULL && strlen(whole) + strlen(path) + 2 < sizeof whole) {
        strcat(strcat(whole, "/"), path);
        path = whole;
    }
    file_of[descriptor] = 0;
    if (is_below(path)) {
        file_of[descriptor] = number_of(path);
        put(OPEN, file_of[descriptor], (uint64_t)flags, path, strlen(path));
    }
    pthread_mutex_unlock(&one_at_a_time);
    return descriptor;
}

#define MODE(flags, last) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, last); mode = va_arg(more, mode_t); va_end(more); }

int open(const char *path, int flags, ...)
{
    MODE(flags, flags)
    return opened(syscall(SYS_openat, AT_FDCWD, path, flags, mode), path, flags);
}

int open64(const char *path, int flags, ...)
{
    MODE(flags, flags)
    return opened(syscall(SYS_openat, AT_FDCWD, path, flags, mode), path, flags);
}

int openat(int at, const char *path, int flags, ...)
{
    MODE(flags, flags)
    return opened(syscall(SYS_openat, at, path, flags, mode), path, flags);
}

int openat64(int at, const char *path, int flags, ...)
{
    MODE(flags, flags)
    return opened(syscall(SYS_openat, at, path, flags, mode), path, flags);
}

static int known(int descriptor)
{
    return descriptor >= 0 && descriptor < MOST_DESCRIPTORS ? file_of[descriptor] : 0;
}

int close(int descriptor)
{
    if (descriptor >= 0 && descriptor < MOST_DESCRIPTORS)
        file_of[descriptor] = 0;
    return syscall(SYS_close, descriptor);
}

static ssize_t written(int descriptor, const void *data, size_t length, int64_t offset)
{
    int file = known(descriptor);
    if (file == 0)
        return offset < 0 ? syscall(SYS_write, descriptor, data, length)
                          : syscall(SYS_pwrite64, descriptor, data, length, offset);
    pthread_mutex_lock(&one_at_a_time);
    ssize_t wrote = -1;
    if (!fails("write", file)) {
        int64_t at = offset < 0 ? syscall(SYS_lseek, descriptor, 0, SEEK_CUR) : offset;
        wrote = offset < 0 ? syscall(SYS_write, descriptor, data, length)
                           : syscall(SYS_pwrite64, descriptor, data, length, offset);
        if (wrote > 0)
            put(WRITE, file, (uint64_t)at, data, (uint64_t)wrote);
    }
    pthread_mutex_unlock(&one_at_a_time);
    return wrote;
}

ssize_t write(int descriptor, const void *data, size_t length) { return written(descriptor, data, length, -1); }
ssize_t pwrite(int descriptor, const void *data, size_t length, off_t offset) { return written(descriptor, data, length, offset); }
ssize_t pwrite64(int descriptor, const void *data, size_t length, off64_t offset) { return written(descriptor, data, length, offset); }

static int truncated(int descriptor, int64_t length)
{
    int file = known(descriptor);
    if (file == 0)
        return syscall(SYS_ftruncate, descriptor, length);
    pthread_mutex_lock(&one_at_a_time);
    int done = fails("write", file) ? -1 : (int)syscall(SYS_ftruncate, descriptor, length);
    if (done == 0)
        put(TRUNCATE, file, (uint64_t)length, NULL, 0);
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}

int ftruncate(int descriptor, off_t length) { return truncated(descriptor, length); }
int ftruncate64(int descriptor, off64_t length) { return truncated(descriptor, length); }

static int synced(int descriptor, long call)
{
    int file = known(descriptor);
    if (file == 0)
        return syscall(call, descriptor);
    pthread_mutex_lock(&one_at_a_time);
    /* A device that confirms is asked for nothing: the images know what was synced, and the tests run faster. */
    int done = fails("sync", file) ? -1 : 0;
    if (done == 0)
        put(SYNC, file, 0, NULL, 0);
    pthread_mutex_unlock(&one_at_a_time);
    return done;
}

int fsync(int descriptor) { return synced(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return synced(descriptor, SYS_fdatasync); }

int unlink(const char *path)
{
    int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (done == 0 && path[0] == '/' && is_below(path)) {
        pthread_mutex_lock(&one_at_a_time);
        put(UNLINK, number_of(path), 0, path, strlen(path));
        pthread_mutex_unlock(&one_at_a_time);
    }
    return done;
}

int rename(const char *from, const char *to)
{
    /* Nothing below the directory is renamed; the images would have to know. */
    if (is_below(from) || is_below(to))
        abort();
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
