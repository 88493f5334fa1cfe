/* Ends the program it is preloaded into with SIGKILL, at the n-th place where it has made something durable or spoken
 * to the chain. Nothing of this is in the product: libc's own calls are wrapped.
 *
 * Counted are: each sync of a journal file (before, after), each change of such a file's name (before), each request towards a TCP peer (before it is sent, after),
 * each answer from there (after it was read), and each write into the journal's write-ahead log (before: the log then
 * ends in the middle of a commit).
 *
 * KILLPOINT_BOARD names a file of 88 bytes or more that the test shares: six 32-bit words, `armed`, `counted`,
 * `kill_at`, `disk_error`, `clock_set`, `time_passed`, and the text `kill_in`. Only while `armed` is counted; at number
 * `kill_at` (from 1; 0: never) the process dies, and at the first place that is `kill_in`: a kind of place and, after a
 * colon, one of the methods it speaks of. While `disk_error` is not 0, writing the journal fails with that errno.
 * `clock_set` are seconds by which the real-time clock is wrong, `time_passed` seconds that have passed on every clock
 * that counts a host's sleep.
 * KILLPOINT_LOG, if set, gets a line with number and name of each place.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct board {
    _Atomic uint32_t armed, counted, kill_at, disk_error;
    _Atomic int32_t clock_set, time_passed;
    char kill_in[64];
};

/* Room for the methods of a whole batch. */
enum { NAME_ROOM = 512 };

static struct board *board;
static int log_fd = -1;

__attribute__((constructor)) static void open_board(void) {
    const char *path = getenv("KILLPOINT_BOARD");
    if (path == NULL) return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *page = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED) board = page;
    path = getenv("KILLPOINT_LOG");
    if (path != NULL) log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

/* Whether `what:detail` is the place that the board names: "before-send:eth_call" is within "before-send:eth_call+...". */
static int is_wanted(const char *what, const char *detail) {
    size_t kind = strlen(what);
    const char *wanted = board->kill_in;
    return *wanted && strncmp(wanted, what, kind) == 0 && wanted[kind] == ':' && strstr(detail, wanted + kind + 1) != NULL;
}

static void point(const char *what, const char *detail) {
    if (board == NULL || !atomic_load(&board->armed)) return;
    uint32_t number = atomic_fetch_add(&board->counted, 1) + 1;
    if (log_fd >= 0) {
        char line[NAME_ROOM + 64];
        int length = snprintf(line, sizeof line, "%u %s%s%s\n", number, what, *detail ? ":" : "", detail);
        if (length > 0) syscall(SYS_write, log_fd, line, (size_t)length);
    }
    if (number == atomic_load(&board->kill_at) || is_wanted(what, detail)) {
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
        for (;;) pause();
    }
}

/* The journal's files: "-wal" for its write-ahead log, "" for the database, NULL for anything else. */
static const char *journal_part(int fd) {
    static const char name[] = "journal.sqlite";
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    const char *found = strstr(path, name);
    if (found == NULL) return NULL;
    return strcmp(found + sizeof name - 1, "-wal") == 0 ? "-wal" : "";
}

static int is_tcp(int fd) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &length) == 0
        && (peer.ss_family == AF_INET || peer.ss_family == AF_INET6);
}

/* The method names of a JSON-RPC body, as far as they fit. */
static void method_of(const char *bytes, size_t count, char *name, size_t room) {
    static const char field[] = "\"method\":\"";
    size_t used = 0;
    for (const char *at = bytes; (at = memmem(at, count - (size_t)(at - bytes), field, sizeof field - 1)) != NULL;) {
        at += sizeof field - 1;
        if (used > 0 && used + 1 < room) name[used++] = '+';
        while (at < bytes + count && *at != '"' && used + 1 < room) name[used++] = *at++;
    }
    name[used] = 0;
}

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); real; })

static int synced(int fd, int (*real)(int)) {
    const char *part = board ? journal_part(fd) : NULL;
    if (part != NULL) point("before-sync", part);
    int result = real(fd);
    if (part != NULL) point("after-sync", part);
    return result;
}

/* A new name, another name, or none. */
static void before_naming(const char *what, const char *path) {
    const char *file = strrchr(path, '/');
    if (board != NULL && strstr(path, "journal.sqlite") != NULL) point(what, file ? file + 1 : path);
}

int rename(const char *from, const char *to) {
    before_naming("before-rename", from);
    return REAL(rename)(from, to);
}

int link(const char *from, const char *to) {
    before_naming("before-link", from);
    return REAL(link)(from, to);
}

int unlink(const char *path) {
    before_naming("before-unlink", path);
    return REAL(unlink)(path);
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

/* Whether the write is to fail, with errno set. */
static int before_write(int fd) {
    if (board == NULL || (!atomic_load(&board->armed) && !atomic_load(&board->disk_error))) return 0;
    const char *part = journal_part(fd);
    if (part == NULL) return 0;
    if (*part) point("before-write", part);
    uint32_t error = atomic_load(&board->disk_error);
    if (error != 0) errno = (int)error;
    return error != 0;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    if (before_write(fd)) return -1;
    return REAL(pwrite)(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    if (before_write(fd)) return -1;
    return REAL(pwrite64)(fd, bytes, count, offset);
}

ssize_t send(int fd, const void *bytes, size_t count, int flags) {
    char name[NAME_ROOM] = "";
    int counts = board && atomic_load(&board->armed) && is_tcp(fd);
    if (counts) {
        method_of(bytes, count, name, sizeof name);
        point("before-send", name);
    }
    ssize_t result = REAL(send)(fd, bytes, count, flags);
    if (counts && result > 0) point("after-send", name);
    return result;
}

ssize_t recv(int fd, void *bytes, size_t count, int flags) {
    ssize_t result = REAL(recv)(fd, bytes, count, flags);
    if (result > 0 && board && atomic_load(&board->armed) && is_tcp(fd)) point("after-answer", "");
    return result;
}

/* Only the program itself is told another time. Swift's runtime and libdispatch arm timers of the kernel with what they
 * read, and those go by the true time. (They are libraries of their own unless linked with -static-stdlib.) */
static int is_from_program(void *caller) {
    Dl_info found;
    unsigned long headers = getauxval(AT_PHDR);
    return dladdr(caller, &found) != 0 && (unsigned long)found.dli_fbase == (headers & ~0xffful);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = REAL(clock_gettime)(clock, time);
    if (board != NULL && result == 0 && is_from_program(__builtin_return_address(0)) && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME)) {
        time->tv_sec += atomic_load(&board->time_passed);
        if (clock == CLOCK_REALTIME) time->tv_sec += atomic_load(&board->clock_set);
    }
    return result;
}
