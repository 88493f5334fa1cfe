// What Swift cannot call by itself: variadic functions, macros and newer system calls.
// Every function returns 0 or a descriptor on success and -errno on failure, unless it says otherwise.
#ifndef ORAKEY_C_LINUX_SHIMS_H
#define ORAKEY_C_LINUX_SHIMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

// Credentials of the process that connected (SO_PEERCRED). The pid is a number only: see orakey_peer_pidfd; it is 0
// for a process outside this pid namespace. -ENOTCONN for anything but a connected Unix socket.
int orakey_peer_credentials(int fd, pid_t *pid, uid_t *uid, gid_t *gid);

// A pidfd of the process that connected (SO_PEERPIDFD, Linux 6.5); -ENOPROTOOPT or -EINVAL on older kernels.
int orakey_peer_pidfd(int fd);

// The supplementary groups of the process that connected, as they were then (SO_PEERGROUPS): how many; -ERANGE when there
// are more than `most`.
int orakey_peer_groups(int fd, gid_t *groups, int most);

// Whether the process behind a pidfd has not ended: as long as that is so, no other process has its number.
int orakey_pidfd_is_alive(int pidfd);

// A pidfd of the process that has this number now (close-on-exec).
int orakey_pidfd_open(pid_t pid);

// The number of the process behind a pidfd, as seen in this pid namespace; -ESRCH once it is gone.
pid_t orakey_pidfd_pid(int pidfd);

// A number that no other process of this boot has: the inode of the pidfd on Linux 6.9 and newer; -ENOTSUP before.
int orakey_pidfd_number(int pidfd, uint64_t *number);

int orakey_pidfd_send_signal(int pidfd, int signal);

// PR_SET_DUMPABLE 0: no core file, no ptrace by the same uid, /proc/self owned by root.
int orakey_set_undumpable(void);

// RLIMIT_CORE 0, soft and hard.
int orakey_no_core_dumps(void);

// Default action for the signals of a crash. Swift's runtime may have installed a handler that starts a debugger on the
// process and writes registers and the memory around them to stderr, secrets included.
int orakey_no_crash_reports(void);

// PR_SET_NO_NEW_PRIVS.
int orakey_no_new_privileges(void);

// PR_SET_PDEATHSIG.
int orakey_set_parent_death_signal(int signal);

// Starts a program, found as execvp(3) does, with this signal mask (a sigset_t); the kernel sends it `death_signal` when the calling
// thread ends, SIGKILL included, which posix_spawn(3) can't arrange. The child's id, or -errno of what failed.
pid_t orakey_spawn_bound(char *const arguments[], char *const environment[], const void *mask, int death_signal);

// PR_SET_NAME of the calling thread; at most 15 bytes are kept.
int orakey_set_thread_name(const char *name);

// Hides what is typed on a terminal (on = 1; the newline of Enter stays visible) and shows it again (on = 0).
int orakey_no_echo(int fd, int on);

// Size of a terminal in characters.
int orakey_terminal_size(int fd, uint16_t *rows, uint16_t *columns);

int orakey_set_nonblocking(int fd, int on);
int orakey_set_close_on_exec(int fd, int on);

// F_DUPFD_CLOEXEC with the lowest free number from `minimum`.
int orakey_duplicate(int fd, int minimum);

// memfd_create(2), close-on-exec, sealable.
int orakey_memory_file(const char *name);

// Forbids every further change to a memory file.
int orakey_seal(int fd);

// open(2) with O_CLOEXEC added; `mode` counts with O_CREAT only.
int orakey_open(const char *path, int flags, mode_t mode);

// An exclusive lock of the whole file that belongs to the open file description (F_OFD_SETLK); -EAGAIN when held.
int orakey_lock_file(int fd);

// Fills the buffer from the kernel's generator (getrandom(2), whole or not at all).
int orakey_random(void *buffer, size_t count);

// The next connection of a listening socket, non-blocking and close-on-exec.
int orakey_accept(int fd);

// An epoll instance, and a counter that can be waited for there, which ring raises and hush sets back to nothing.
int orakey_poller(void);
int orakey_bell(void);
void orakey_ring(int bell);
void orakey_hush(int bell);

// Waits for `fd` to become readable, or for its other end to go.
int orakey_watch(int poller, int fd);
int orakey_unwatch(int poller, int fd);

// Those of the watched that are ready, at most 64 of them: how many; none after so many milliseconds (-1: never).
enum { ORAKEY_MOST_READY = 64 };
int orakey_wait(int poller, int ready[ORAKEY_MOST_READY], int milliseconds);

// Bytes waiting to be read (FIONREAD).
int orakey_bytes_available(int fd, int *count);

// connect(2) and bind(2) for a Unix stream socket. A path that does not fit sockaddr_un is -ENAMETOOLONG.
int orakey_connect_unix(int fd, const char *path);
int orakey_bind_unix(int fd, const char *path);

// Unmaps the pages of the program's own code and constants, which the kernel maps again where they are used. A start runs
// through much that never runs again, and each page of it would count as this process's memory for good.
void orakey_drop_code_pages(void);

// Gives memory that was freed back to the kernel (malloc_trim(3)).
void orakey_return_memory(void);

// Milliseconds of CLOCK_MONOTONIC.
int64_t orakey_monotonic_milliseconds(void);

// Nanoseconds of CLOCK_BOOTTIME, the clock of start times in /proc/PID/stat.
int64_t orakey_boottime_nanoseconds(void);

#if defined(__cplusplus)
}
#endif
#endif
