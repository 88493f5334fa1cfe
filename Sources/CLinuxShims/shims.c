#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

static int result(int value) { return value < 0 ? -errno : value; }

// Before anything else opens a file. A program started without one of the three standard descriptors would get its number for
// a socket or a file of its own, and print into that. As glibc does for set-user-ID programs, they are opened the wrong
// way round, so that their use still fails.
__attribute__((constructor)) static void hold_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) abort();
    }
}

int orakey_peer_credentials(int fd, pid_t *pid, uid_t *uid, gid_t *gid) {
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return -errno;
    // A socket that is not AF_UNIX or not connected answers with nobody's credentials instead of an error.
    if (size != sizeof credentials || credentials.uid == (uid_t)-1) return -ENOTCONN;
    *pid = credentials.pid;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}

int orakey_peer_pidfd(int fd) {
    int pidfd = -1;
    socklen_t size = sizeof pidfd;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0) return -errno;
    return pidfd;
}

int orakey_peer_groups(int fd, gid_t *groups, int most) {
    socklen_t size = (socklen_t)most * sizeof *groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) return -errno;
    return (int)(size / sizeof *groups);
}

int orakey_pidfd_is_alive(int pidfd) {
    struct pollfd look = {.fd = pidfd, .events = POLLIN};
    return poll(&look, 1, 0) == 0;
}

int orakey_pidfd_open(pid_t pid) { return result((int)syscall(SYS_pidfd_open, pid, 0)); }

int orakey_pidfd_send_signal(int pidfd, int signal) {
    return result((int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

pid_t orakey_pidfd_pid(int pidfd) {
    char path[48];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    FILE *file = fopen(path, "re");
    if (file == NULL) return -errno;
    char line[128];
    long pid = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "Pid:", 4) == 0) {
            pid = strtol(line + 4, NULL, 10);
            break;
        }
    }
    fclose(file);
    return pid > 0 ? (pid_t)pid : -ESRCH;
}

int orakey_pidfd_number(int pidfd, uint64_t *number) {
    // Of all pidfds or of none: asked once.
    static atomic_int is_pidfs = -1;
    struct stat status;
    if (atomic_load(&is_pidfs) < 0) {
        struct statfs system;
        if (fstatfs(pidfd, &system) < 0) return -errno;
        atomic_store(&is_pidfs, system.f_type == PID_FS_MAGIC);
    }
    // Before pidfs all pidfds share one anonymous inode.
    if (!atomic_load(&is_pidfs)) return -ENOTSUP;
    if (fstat(pidfd, &status) < 0) return -errno;
    *number = status.st_ino;
    return 0;
}

int orakey_set_undumpable(void) { return result(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); }

int orakey_no_core_dumps(void) {
    struct rlimit none = {0, 0};
    return result(setrlimit(RLIMIT_CORE, &none));
}

int orakey_no_crash_reports(void) {
    static const int signals[] = {SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signal(signals[i], SIG_DFL) == SIG_ERR) return -errno;
    return 0;
}

int orakey_no_new_privileges(void) { return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int orakey_set_parent_death_signal(int signal) { return result(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)); }

pid_t orakey_spawn_bound(char *const arguments[], char *const environment[], const void *mask, int death_signal) {
    // The child borrows this memory until it has become the program, and leaves word of what failed in it.
    volatile int failure = 0;
    pid_t parent = getpid();
    pid_t child = vfork();
    if (child < 0) return -errno;
    if (child == 0) {
        if (prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) < 0 || sigprocmask(SIG_SETMASK, mask, NULL) < 0) {
            failure = errno;
            _exit(127);
        }
        // It ended before the kernel knew.
        if (getppid() != parent) _exit(127);
        execvpe(arguments[0], arguments, environment);
        failure = errno;
        _exit(127);
    }
    if (failure == 0) return child;
    waitpid(child, NULL, 0);
    return -failure;
}

int orakey_set_thread_name(const char *name) { return result(prctl(PR_SET_NAME, name, 0, 0, 0)); }

int orakey_no_echo(int fd, int on) {
    struct termios settings;
    if (tcgetattr(fd, &settings) < 0) return -errno;
    if (on) {
        settings.c_lflag &= ~(tcflag_t)ECHO;
        settings.c_lflag |= ECHONL | ICANON;
    } else {
        settings.c_lflag |= ECHO;
        settings.c_lflag &= ~(tcflag_t)ECHONL;
    }
    return result(tcsetattr(fd, TCSAFLUSH, &settings));
}

int orakey_terminal_size(int fd, uint16_t *rows, uint16_t *columns) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return -errno;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

int orakey_set_nonblocking(int fd, int on) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -errno;
    return result(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

int orakey_set_close_on_exec(int fd, int on) { return result(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0)); }

int orakey_duplicate(int fd, int minimum) { return result(fcntl(fd, F_DUPFD_CLOEXEC, minimum)); }

int orakey_memory_file(const char *name) { return result(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)); }

int orakey_seal(int fd) {
    return result(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
}

int orakey_open(const char *path, int flags, mode_t mode) { return result(open(path, flags | O_CLOEXEC, mode)); }

int orakey_lock_file(int fd) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) return errno == EACCES ? -EAGAIN : -errno;
    return 0;
}

int orakey_random(void *buffer, size_t count) {
    unsigned char *next = buffer;
    while (count > 0) {
        ssize_t got = getrandom(next, count, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        next += got;
        count -= (size_t)got;
    }
    return 0;
}

int orakey_accept(int fd) { return result(accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)); }

int orakey_poller(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }

int orakey_bell(void) { return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

void orakey_ring(int bell) { eventfd_write(bell, 1); }

void orakey_hush(int bell) {
    eventfd_t count;
    eventfd_read(bell, &count);
}

int orakey_watch(int poller, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return result(epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event));
}

int orakey_unwatch(int poller, int fd) { return result(epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL)); }

int orakey_wait(int poller, int ready[ORAKEY_MOST_READY], int milliseconds) {
    struct epoll_event events[ORAKEY_MOST_READY];
    int count = epoll_wait(poller, events, ORAKEY_MOST_READY, milliseconds);
    for (int i = 0; i < count; i++) ready[i] = events[i].data.fd;
    return result(count);
}

int orakey_bytes_available(int fd, int *count) { return result(ioctl(fd, FIONREAD, count)); }

static int unix_address(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (length == 0) return -ENOENT;
    if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
    memcpy(address->sun_path, path, length);
    return 0;
}

int orakey_connect_unix(int fd, const char *path) {
    struct sockaddr_un address;
    int failure = unix_address(path, &address);
    if (failure < 0) return failure;
    return result(connect(fd, (const struct sockaddr *)&address, sizeof address));
}

int orakey_bind_unix(int fd, const char *path) {
    struct sockaddr_un address;
    int failure = unix_address(path, &address);
    if (failure < 0) return failure;
    return result(bind(fd, (const struct sockaddr *)&address, sizeof address));
}

int64_t orakey_monotonic_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t orakey_boottime_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int drop_code_pages(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size;
    (void)unused;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        // Never written to, so that the file has every byte. What relocation wrote lies in other segments.
        if (part->p_type != PT_LOAD || part->p_flags & PF_W) continue;
        uintptr_t start = (object->dlpi_addr + part->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz) & ~(page - 1);
        if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    // The first object is the program; the libraries are left alone.
    return 1;
}

void orakey_drop_code_pages(void) { dl_iterate_phdr(drop_code_pages, NULL); }

void orakey_return_memory(void) { malloc_trim(0); }
