/*
 * A disk that dies, fills up or turns read-only when told, for one process below one folder.
 *
 * Loaded with LD_PRELOAD. It stands before every call of the C library that changes files or makes them
 * durable, SQLite's calls included, counts those that touch a path below DISK_ROOT, and obeys these
 * variables (see shim.py); it takes them, and itself, out of the environment, so that child processes are
 * left alone. A forked child that finds DISK_ROOT in its environment obeys what stands there:
 *
 *   DISK_ROOT        the folder, its real path
 *   DISK_LOG         file that gets a line of text for each operation
 *   DISK_JOURNAL     file that gets each operation with its bytes, to rebuild what a power cut leaves
 *   DISK_KILL_AT     SIGKILL just before that operation (the first is 1)
 *   DISK_KILL_MID    SIGKILL in that operation: half of a write is done, nothing of another operation
 *   DISK_KILL_AFTER  SIGKILL just after that operation
 *   DISK_KILL_KINDS  letters of the kinds that are counted for these three; without it all are
 *   DISK_FAULT_AT    the first operation of DISK_FAULT_KINDS that fails (the first is 1)
 *   DISK_FAULT_FOR   how many fail from there on; without it all do
 *   DISK_FAULT_WHILE they fail while this file exists
 *   DISK_FAULT_KINDS letters of the kinds that fail, see enum kind; `o` is opening for writing
 *   DISK_FAULT_MATCH only paths that contain this text fail (and count as such)
 *   DISK_ERRNO       the number of the error
 *   DISK_SHORT       1: the first write that fails does half of it and says so; the next says the error
 *
 * Operations are made one at a time, under a lock, so that the order of the log is the order on the disk.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum kind {
  OPENED = 'o', /* an existing file was opened for writing: not counted as an operation */
  CREATE = 'c',
  WRITE = 'w',
  SYNC = 's',
  TRUNCATE = 't',
  ALLOCATE = 'a',
  RENAME = 'r',
  LINK = 'l',
  UNLINK = 'u',
  MKDIR = 'm',
  RMDIR = 'd',
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static int dormant = 1; /* nothing to do until DISK_ROOT is set */
static size_t root_length;
static int log_fd = -1, journal_fd = -1;
static long count, kill_count, kill_at, kill_mid, kill_after;
static char kill_kinds[32];
static long fault_count, fault_at, fault_for = LONG_MAX;
static int fault_errno = ENOSPC, short_first;
static char fault_kinds[32] = "cwtarlm";
static char *fault_while, *fault_match;

/* ---------------------------------------------------------------- setting up */
static char *take(const char *name) {
  char *value = getenv(name);
  value = value ? strdup(value) : NULL;
  unsetenv(name);
  return value;
}

static long take_number(const char *name, long otherwise) {
  char *value = take(name);
  long number = value ? strtol(value, NULL, 10) : otherwise;
  free(value);
  return number;
}

/* Open a file of our own at a high number, which nothing in the process counts on. */
static int open_own(const char *path) {
  if (!path) return -1;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  int high = fd < 0 ? -1 : (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900);
  if (fd >= 0) syscall(SYS_close, fd);
  if (high < 0) {
    dprintf(2, "shim: %s cannot be opened\n", path);
    _exit(99);
  }
  return high;
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }
static void in_child(void) {
  root_length = 0; /* children are left alone */
  dormant = 1;
  pthread_mutex_unlock(&lock);
}

static void set_up(void) {
  static int registered;
  char *given = take("DISK_ROOT");
  if (!given || strlen(given) >= sizeof root) return;
  strcpy(root, given);
  free(given);
  dormant = 0;
  count = kill_count = fault_count = 0;
  log_fd = open_own(take("DISK_LOG"));
  journal_fd = open_own(take("DISK_JOURNAL"));
  kill_at = take_number("DISK_KILL_AT", -1);
  kill_mid = take_number("DISK_KILL_MID", -1);
  kill_after = take_number("DISK_KILL_AFTER", -1);
  fault_at = take_number("DISK_FAULT_AT", 0);
  fault_for = take_number("DISK_FAULT_FOR", LONG_MAX);
  fault_errno = (int)take_number("DISK_ERRNO", ENOSPC);
  short_first = (int)take_number("DISK_SHORT", 0);
  fault_while = take("DISK_FAULT_WHILE");
  fault_match = take("DISK_FAULT_MATCH");
  char *deadly = take("DISK_KILL_KINDS");
  snprintf(kill_kinds, sizeof kill_kinds, "%s", deadly ? deadly : "");
  free(deadly);
  char *kinds = take("DISK_FAULT_KINDS");
  if (kinds) snprintf(fault_kinds, sizeof fault_kinds, "%s", kinds);
  free(kinds);
  unsetenv("LD_PRELOAD");
  if (!registered) pthread_atfork(before_fork, after_fork, in_child);
  registered = 1;
  root_length = strlen(root);
}

__attribute__((constructor)) static void wake(void) {
  if (dormant && getenv("DISK_ROOT")) set_up();
}

/* ---------------------------------------------------------------- which path */
static int below_root(const char *path) {
  return root_length && !strncmp(path, root, root_length) &&
         (path[root_length] == '/' || path[root_length] == '\0');
}

/* Write the path of an open file; return whether it lies below the root. */
static int path_of(int fd, char *path) {
  char link[40];
  path[0] = '\0';
  if (dormant) wake();
  if (!root_length || fd < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
  if (length <= 0) return 0;
  path[length] = '\0';
  return below_root(path);
}

/* Write the real path of a name, links in its folders followed; return whether it lies below the root. */
static int path_at(int folder, const char *name, char *path) {
  if (dormant) wake();
  if (!root_length || !name || !*name) return 0;
  int kept = errno, found = 0;
  char parent[PATH_MAX];
  snprintf(parent, sizeof parent, "%s", name);
  size_t end = strlen(parent);
  while (end > 1 && parent[end - 1] == '/') parent[--end] = '\0';
  char *slash = strrchr(parent, '/');
  char last[PATH_MAX];
  snprintf(last, sizeof last, "%s", slash ? slash + 1 : parent);
  if (!slash)
    strcpy(parent, ".");
  else if (slash == parent)
    parent[1] = '\0';
  else
    *slash = '\0';
  int fd = (int)syscall(SYS_openat, folder, parent, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd >= 0) {
    path_of(fd, path);
    syscall(SYS_close, fd);
    size_t length = strlen(path);
    if (length + strlen(last) + 2 < PATH_MAX) {
      snprintf(path + length, PATH_MAX - length, "/%s", last);
      found = below_root(path);
    }
  }
  errno = kept;
  return found;
}

/* ---------------------------------------------------------------- what to do */
static void die(void) {
  for (;;) syscall(SYS_kill, (long)syscall(SYS_getpid), SIGKILL);
}

static int fails(int kind, const char *path) {
  if (!strchr(fault_kinds, kind)) return 0;
  if (fault_match && !strstr(path, fault_match)) return 0;
  fault_count++;
  if (fault_while) return !syscall(SYS_faccessat, AT_FDCWD, fault_while, F_OK);
  return fault_at && fault_count >= fault_at && fault_count - fault_at < fault_for;
}

/* Tell whether a fault would strike now, counting nothing. */
static int failing(void) {
  if (fault_while) return !syscall(SYS_faccessat, AT_FDCWD, fault_while, F_OK);
  return fault_at && fault_count + 1 >= fault_at && fault_count + 1 - fault_at < fault_for;
}

static void put(int fd, const char *bytes, size_t length) {
  while (length) {
    ssize_t done = syscall(SYS_write, fd, bytes, length);
    if (done < 0) die(); /* a record that is not whole would make the test lie */
    bytes += done;
    length -= (size_t)done;
  }
}

static void tell(int kind, const char *path, long length, const char *what) {
  char line[PATH_MAX + 80];
  if (log_fd < 0) return;
  int size = snprintf(line, sizeof line, "%ld %ld %c %s %ld %s\n", count, fault_count, kind, what, length,
                      path + (path[root_length] ? root_length + 1 : root_length));
  put(log_fd, line, (size_t)size);
}

/* Record an operation that was done: a head of fixed fields, one or two paths, the bytes. */
static void record(int kind, unsigned long inode, long offset, const char *path, const char *other,
                   const char *bytes, size_t length) {
  char head[160];
  if (journal_fd < 0) return;
  int size = snprintf(head, sizeof head, "%c %ld %lu %ld %zu %zu %zu\n", kind, count, inode, offset,
                      strlen(path), other ? strlen(other) : 0, length);
  struct iovec parts[] = {{head, (size_t)size},
                          {(void *)path, strlen(path)},
                          {(void *)other, other ? strlen(other) : 0},
                          {(void *)bytes, length}};
  size_t whole = 0;
  for (int i = 0; i < 4; i++) whole += parts[i].iov_len;
  if (syscall(SYS_writev, journal_fd, parts, 4) != (ssize_t)whole) die();
}

/* Begin an operation; return -1 with errno set if it is to fail. The lock is held from here to `end`. */
static int deadly; /* whether the operation under way counts for the kill */

static int begin(int kind, const char *path, long length) {
  pthread_mutex_lock(&lock);
  count++;
  deadly = !*kill_kinds || strchr(kill_kinds, kind);
  kill_count += deadly;
  if (deadly && (kill_count == kill_at || (kill_count == kill_mid && kind != WRITE))) {
    tell(kind, path, length, "kill");
    die();
  }
  if (fails(kind, path)) {
    tell(kind, path, length, "fail");
    errno = fault_errno;
    return -1;
  }
  return 0;
}

static long end(long result, int kind, const char *path, long length) {
  int kept = errno;
  if (result >= 0) tell(kind, path, length, "done");
  if (deadly && kill_count == kill_after) die();
  pthread_mutex_unlock(&lock);
  errno = kept;
  return result;
}

static long refuse(void) {
  int kept = errno;
  if (deadly && kill_count == kill_after) die();
  pthread_mutex_unlock(&lock);
  errno = kept;
  return -1;
}

static unsigned long inode_of(int fd) {
  struct stat found;
  return syscall(SYS_newfstatat, fd, "", &found, AT_EMPTY_PATH) ? 0 : (unsigned long)found.st_ino;
}

/* ---------------------------------------------------------------- opening */
static int opening(int folder, const char *name, int flags, mode_t mode) {
  char path[PATH_MAX];
  int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
  if ((!(flags & O_CREAT) && !writes) || (flags & O_TMPFILE) == O_TMPFILE || !path_at(folder, name, path))
    return (int)syscall(SYS_openat, folder, name, flags, mode);
  struct stat found;
  int kept = errno;
  int there = !syscall(SYS_newfstatat, folder, name, &found, flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0);
  errno = kept;
  if (!there && !(flags & O_CREAT)) return (int)syscall(SYS_openat, folder, name, flags, mode);
  if (there) {
    pthread_mutex_lock(&lock);
    deadly = 0;
    if (writes && strchr(fault_kinds, OPENED) && fails(OPENED, path)) {
      tell(OPENED, path, 0, "fail");
      errno = fault_errno;
      return (int)refuse();
    }
    int fd = (int)syscall(SYS_openat, folder, name, flags & ~O_TRUNC, mode);
    kept = errno;
    if (fd >= 0) record(OPENED, inode_of(fd), 0, path, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    if (fd >= 0 && flags & O_TRUNC && ftruncate(fd, 0)) {
      kept = errno;
      syscall(SYS_close, fd);
      fd = -1;
    }
    errno = kept;
    return fd;
  }
  if (begin(CREATE, path, 0)) return (int)refuse();
  int fd = (int)syscall(SYS_openat, folder, name, flags, mode);
  if (fd >= 0) record(CREATE, inode_of(fd), 0, path, NULL, NULL, 0);
  return (int)end(fd, CREATE, path, 0);
}

#define MODE_OF(flags)                            \
  mode_t mode = 0;                                \
  if ((flags) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { \
    va_list rest;                                 \
    va_start(rest, flags);                        \
    mode = va_arg(rest, mode_t);                  \
    va_end(rest);                                 \
  }

EXPORT int open(const char *name, int flags, ...) {
  MODE_OF(flags)
  return opening(AT_FDCWD, name, flags, mode);
}
EXPORT int open64(const char *name, int flags, ...) {
  MODE_OF(flags)
  return opening(AT_FDCWD, name, flags, mode);
}
EXPORT int openat(int folder, const char *name, int flags, ...) {
  MODE_OF(flags)
  return opening(folder, name, flags, mode);
}
EXPORT int openat64(int folder, const char *name, int flags, ...) {
  MODE_OF(flags)
  return opening(folder, name, flags, mode);
}
EXPORT int __open_2(const char *name, int flags) { return opening(AT_FDCWD, name, flags, 0); }
EXPORT int __open64_2(const char *name, int flags) { return opening(AT_FDCWD, name, flags, 0); }
EXPORT int __openat_2(int folder, const char *name, int flags) { return opening(folder, name, flags, 0); }
EXPORT int __openat64_2(int folder, const char *name, int flags) { return opening(folder, name, flags, 0); }
EXPORT int creat(const char *name, mode_t mode) {
  return opening(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
EXPORT int creat64(const char *name, mode_t mode) { return creat(name, mode); }

/* ---------------------------------------------------------------- writing */
/* Write at an offset, or at the file's own (-1). */
static ssize_t writing(int fd, const char *bytes, size_t length, off_t offset) {
  char path[PATH_MAX];
  if (!path_of(fd, path))
    return offset < 0 ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, offset);
  if (begin(WRITE, path, (long)length)) {
    if (!short_first || length < 2) return refuse();
    short_first = 0;
    length /= 2;
  }
  int torn = deadly && kill_count == kill_mid;
  if (torn) length /= 2;
  off_t place = offset;
  if (offset < 0) {
    int appends = (int)syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND;
    place = syscall(SYS_lseek, fd, 0, appends ? SEEK_END : SEEK_CUR);
  }
  ssize_t done = offset < 0 ? syscall(SYS_write, fd, bytes, length)
                            : syscall(SYS_pwrite64, fd, bytes, length, offset);
  if (done > 0) record(WRITE, inode_of(fd), (long)place, path, NULL, bytes, (size_t)done);
  if (torn) {
    tell(WRITE, path, (long)done, "kill");
    die();
  }
  return end(done, WRITE, path, (long)done);
}

/* Write the first part that has bytes: a short write, which callers must expect. */
static ssize_t writing_parts(int fd, const struct iovec *parts, int number, off_t offset) {
  char path[PATH_MAX];
  if (!path_of(fd, path))
    return offset < 0 ? syscall(SYS_writev, fd, parts, number)
                      : syscall(SYS_pwritev, fd, parts, number, offset, 0L);
  for (int i = 0; i < number; i++)
    if (parts[i].iov_len) return writing(fd, parts[i].iov_base, parts[i].iov_len, offset);
  return 0;
}

EXPORT ssize_t write(int fd, const void *bytes, size_t length) { return writing(fd, bytes, length, -1); }
EXPORT ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  return writing(fd, bytes, length, offset);
}
EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  return writing(fd, bytes, length, offset);
}
EXPORT ssize_t writev(int fd, const struct iovec *parts, int number) {
  return writing_parts(fd, parts, number, -1);
}
EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int number, off_t offset) {
  return writing_parts(fd, parts, number, offset);
}
EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int number, off_t offset) {
  return writing_parts(fd, parts, number, offset);
}
EXPORT ssize_t pwritev2(int fd, const struct iovec *parts, int number, off_t offset, int flags) {
  (void)flags; /* Python passes none */
  return writing_parts(fd, parts, number, offset);
}
EXPORT ssize_t pwritev64v2(int fd, const struct iovec *parts, int number, off_t offset, int flags) {
  return pwritev2(fd, parts, number, offset, flags);
}

/* ---------------------------------------------------------------- making durable */
static int syncing(long call, int fd) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return (int)syscall(call, fd);
  if (begin(SYNC, path, 0)) return (int)refuse();
  int done = (int)syscall(call, fd);
  if (!done) record(SYNC, inode_of(fd), 0, path, NULL, NULL, 0);
  return (int)end(done, SYNC, path, 0);
}

EXPORT int fsync(int fd) { return syncing(SYS_fsync, fd); }
EXPORT int fdatasync(int fd) { return syncing(SYS_fdatasync, fd); }
/* Promises nothing about a power cut, and so counts for nothing. */
EXPORT int sync_file_range(int fd, off64_t offset, off64_t length, unsigned int flags) {
  return (int)syscall(SYS_sync_file_range, fd, offset, length, flags);
}

/* ---------------------------------------------------------------- lengths */
EXPORT int ftruncate(int fd, off_t length) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return (int)syscall(SYS_ftruncate, fd, length);
  struct stat found;
  int grows = !syscall(SYS_newfstatat, fd, "", &found, AT_EMPTY_PATH) && length > found.st_size;
  int kind = grows ? ALLOCATE : TRUNCATE;
  if (begin(kind, path, (long)length)) return (int)refuse();
  int done = (int)syscall(SYS_ftruncate, fd, length);
  if (!done) record(TRUNCATE, inode_of(fd), (long)length, path, NULL, NULL, 0);
  return (int)end(done, kind, path, (long)length);
}
EXPORT int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

static int truncating(const char *name, off_t length) {
  char path[PATH_MAX];
  if (!path_at(AT_FDCWD, name, path)) return (int)syscall(SYS_truncate, name, length);
  int fd = opening(AT_FDCWD, name, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  int done = ftruncate(fd, length), kept = errno;
  syscall(SYS_close, fd);
  errno = kept;
  return done;
}
EXPORT int truncate(const char *name, off_t length) { return truncating(name, length); }
EXPORT int truncate64(const char *name, off_t length) { return truncating(name, length); }

EXPORT int fallocate(int fd, int mode, off_t offset, off_t length) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return (int)syscall(SYS_fallocate, fd, mode, offset, length);
  errno = EOPNOTSUPP; /* callers must do without, and then make counted writes */
  return -1;
}
EXPORT int fallocate64(int fd, int mode, off_t offset, off_t length) {
  return fallocate(fd, mode, offset, length);
}
EXPORT int posix_fallocate(int fd, off_t offset, off_t length) {
  return fallocate(fd, 0, offset, length) ? errno : 0;
}
EXPORT int posix_fallocate64(int fd, off_t offset, off_t length) {
  return posix_fallocate(fd, offset, length);
}

/* ---------------------------------------------------------------- names */
static int moving(int kind, int from, const char *old, int to, const char *new, unsigned int flags) {
  char path[PATH_MAX], other[PATH_MAX];
  long call = kind == LINK ? SYS_linkat : SYS_renameat2;
  int inside = path_at(from, old, path);
  if (!path_at(to, new, other) || !inside) return (int)syscall(call, from, old, to, new, flags);
  if (begin(kind, other, 0)) return (int)refuse();
  int done = (int)syscall(call, from, old, to, new, flags);
  if (!done) record(kind, 0, 0, path, other, NULL, 0);
  return (int)end(done, kind, other, 0);
}

EXPORT int rename(const char *old, const char *new) { return moving(RENAME, AT_FDCWD, old, AT_FDCWD, new, 0); }
EXPORT int renameat(int from, const char *old, int to, const char *new) {
  return moving(RENAME, from, old, to, new, 0);
}
EXPORT int renameat2(int from, const char *old, int to, const char *new, unsigned int flags) {
  return moving(RENAME, from, old, to, new, flags);
}
EXPORT int link(const char *old, const char *new) { return moving(LINK, AT_FDCWD, old, AT_FDCWD, new, 0); }
EXPORT int linkat(int from, const char *old, int to, const char *new, int flags) {
  return moving(LINK, from, old, to, new, (unsigned int)flags);
}

static int naming(int kind, int folder, const char *name, mode_t mode) {
  char path[PATH_MAX];
  int inside = path_at(folder, name, path);
  if (inside && begin(kind, path, 0)) return (int)refuse();
  int done = (int)(kind == MKDIR    ? syscall(SYS_mkdirat, folder, name, mode)
                   : kind == UNLINK ? syscall(SYS_unlinkat, folder, name, 0)
                                    : syscall(SYS_unlinkat, folder, name, AT_REMOVEDIR));
  if (!inside) return done;
  if (!done) record(kind, 0, 0, path, NULL, NULL, 0);
  return (int)end(done, kind, path, 0);
}

EXPORT int mkdir(const char *name, mode_t mode) { return naming(MKDIR, AT_FDCWD, name, mode); }
EXPORT int mkdirat(int folder, const char *name, mode_t mode) { return naming(MKDIR, folder, name, mode); }
EXPORT int unlink(const char *name) { return naming(UNLINK, AT_FDCWD, name, 0); }
EXPORT int rmdir(const char *name) { return naming(RMDIR, AT_FDCWD, name, 0); }
EXPORT int unlinkat(int folder, const char *name, int flags) {
  return naming(flags & AT_REMOVEDIR ? RMDIR : UNLINK, folder, name, 0);
}

/* ---------------------------------------------------------------- rights */
/* Where opening for writing fails, asking whether one may write says no. */
static int asking(int folder, const char *name, int mode, int flags) {
  char path[PATH_MAX];
  if (mode & W_OK && path_at(folder, name, path) && strchr(fault_kinds, OPENED) && failing()) {
    errno = fault_errno;
    return -1;
  }
  return (int)syscall(SYS_faccessat2, folder, name, mode, flags);
}

EXPORT int access(const char *name, int mode) { return asking(AT_FDCWD, name, mode, 0); }
EXPORT int faccessat(int folder, const char *name, int mode, int flags) {
  return asking(folder, name, mode, flags);
}

/* ---------------------------------------------------------------- room */
/* A full disk says so when asked, too. */
static void empty(int full, struct statvfs *status) {
  if (full && (fault_errno == ENOSPC || fault_errno == EDQUOT)) status->f_bfree = status->f_bavail = 0;
}

EXPORT int fstatvfs(int fd, struct statvfs *status) {
  int (*real)(int, struct statvfs *) = (int (*)(int, struct statvfs *))dlsym(RTLD_NEXT, "fstatvfs");
  char path[PATH_MAX];
  int done = real(fd, status);
  if (!done) empty(path_of(fd, path) && failing(), status);
  return done;
}
EXPORT int fstatvfs64(int fd, struct statvfs64 *status) { return fstatvfs(fd, (struct statvfs *)status); }
EXPORT int statvfs(const char *name, struct statvfs *status) {
  int (*real)(const char *, struct statvfs *) =
      (int (*)(const char *, struct statvfs *))dlsym(RTLD_NEXT, "statvfs");
  char path[PATH_MAX];
  int done = real(name, status);
  if (!done) empty(path_at(AT_FDCWD, name, path) && failing(), status);
  return done;
}
EXPORT int statvfs64(const char *name, struct statvfs64 *status) {
  return statvfs(name, (struct statvfs *)status);
}
