// Descriptors, polling, time, files and the process. Sockets are in sockets.c.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "csys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static long checked(long result) { return result < 0 ? -errno : result; }

long csys_close(int fd) { return checked(close(fd)); }
long csys_read(int fd, void *buffer, size_t size) { return checked(read(fd, buffer, size)); }

long csys_open(const char *path, int flags, uint32_t mode) {
    return checked(open(path, flags | O_CLOEXEC | O_NONBLOCK, mode));
}

long csys_lock_exclusively(int fd) { return checked(flock(fd, LOCK_EX | LOCK_NB)); }

long csys_truncate_and_write(int fd, const void *bytes, size_t length) {
    if (ftruncate(fd, 0) < 0) return -errno;
    return checked(pwrite(fd, bytes, length, 0));
}

long csys_poll(int fd, int writable, int milliseconds) {
    struct pollfd entry = {.fd = fd, .events = writable ? POLLOUT : POLLIN};
    return checked(poll(&entry, 1, milliseconds));
}

long csys_epoll_create(void) { return checked(epoll_create1(EPOLL_CLOEXEC)); }

static long control(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return checked(epoll_ctl(epoll, operation, fd, &event));
}

long csys_epoll_add(int epoll, int fd, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, token);
}

long csys_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, fd, events, token);
}

long csys_epoll_remove(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

long csys_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int count, int milliseconds) {
    struct epoll_event ready[64];
    int found = epoll_wait(epoll, ready, count < 64 ? count : 64, milliseconds);
    if (found < 0) return -errno;
    for (int index = 0; index < found; index++) {
        tokens[index] = ready[index].data.u64;
        events[index] = ready[index].events;
    }
    return found;
}

long csys_timer_create(void) {
    return checked(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
}

long csys_timer_arm(int fd, int64_t seconds, int64_t nanoseconds) {
    struct itimerspec value = {.it_value = {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    return checked(timerfd_settime(fd, TFD_TIMER_ABSTIME, &value, NULL));
}

long csys_eventfd_create(void) { return checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

long csys_counter_read(int fd) {
    uint64_t count;
    return checked(read(fd, &count, sizeof count));
}

long csys_counter_write(int fd) {
    uint64_t one = 1;
    return checked(write(fd, &one, sizeof one));
}

long csys_signals_create(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t index = 0; index < count; index++) {
        if (sigaddset(&set, signals[index]) < 0) return -errno;
    }
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (error != 0) return -error;
    return checked(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

long csys_signal_next(int fd) {
    struct signalfd_siginfo information;
    if (read(fd, &information, sizeof information) < 0) return -errno;
    return information.ssi_signo;
}

long csys_name_thread(const char *name) {
    char truncated[16] = {0};
    strncpy(truncated, name, sizeof truncated - 1);
    return -pthread_setname_np(pthread_self(), truncated);
}

long csys_become_real_time(int priority) {
    struct sched_param parameters = {.sched_priority = priority};
    return checked(sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &parameters));
}

long csys_lock_memory(void) { return checked(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)); }

long csys_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    limit.rlim_cur = limit.rlim_max;
    return checked(setrlimit(RLIMIT_NOFILE, &limit));
}

long csys_new_network_namespace(void) { return checked(unshare(CLONE_NEWNET)); }

long csys_open_network_namespace(const char *path, struct csys_file *out) {
    // Whatever the path leads to, opening it must not wait.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return -errno;
    struct stat status;
    int failure = 0;
    if (fstat(fd, &status) < 0) {
        failure = errno;
    } else if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
        failure = EINVAL;
    }
    if (failure != 0) {
        close(fd);
        return -failure;
    }
    *out = (struct csys_file){
        .device = status.st_dev, .inode = status.st_ino, .mode = status.st_mode};
    return fd;
}

long csys_enter_network_namespace(int fd) { return checked(setns(fd, CLONE_NEWNET)); }
void csys_exit(int code) { _exit(code); }

long csys_status(const char *path, struct csys_file *out) {
    struct stat status;
    if (lstat(path, &status) < 0) return -errno;
    *out = (struct csys_file){
        .device = status.st_dev, .inode = status.st_ino, .mode = status.st_mode};
    return 0;
}

long csys_unlink(const char *path) { return checked(unlink(path)); }
long csys_make_directory(const char *path, uint32_t mode) { return checked(mkdir(path, mode)); }
long csys_change_mode(const char *path, uint32_t mode) { return checked(chmod(path, mode)); }
long csys_change_descriptor_mode(int fd, uint32_t mode) { return checked(fchmod(fd, mode)); }

long csys_change_group(const char *path, uint32_t group) {
    return checked(lchown(path, (uid_t)-1, group));
}

long csys_group_id(const char *name, uint32_t *group) {
    for (size_t size = 4096; size <= 1 << 20; size *= 4) {
        char *buffer = malloc(size);
        if (buffer == NULL) return -ENOMEM;
        struct group entry;
        struct group *found = NULL;
        int error = getgrnam_r(name, &entry, buffer, size, &found);
        if (error == 0 && found != NULL) *group = entry.gr_gid;
        free(buffer);
        if (error == ERANGE) continue;
        return error != 0 ? -error : found != NULL ? 0 : -ENOENT;
    }
    return -ERANGE;
}

const char *csys_environment_entry(size_t index) {
    if (environ == NULL) return NULL;
    for (size_t before = 0; before < index; before++) {
        if (environ[before] == NULL) return NULL;
    }
    return environ[index];
}

const char *csys_error_name(int code) { return strerrorname_np(code); }
const char *csys_error_description(int code) { return strerrordesc_np(code); }
