// System calls that Swift cannot say, or says badly: variadics, transparent unions, control
// messages, GNU extensions. Every function returns a value ≥ 0 or a negated errno.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __clang__
#pragma clang assume_nonnull begin
#else
#define _Nullable
#endif

/// An address as two numbers in host order. IPv4 lies in the low 32 bits of `low`.
struct csys_address {
    int family;
    uint64_t high;
    uint64_t low;
};

struct csys_datagram {
    const uint8_t *_Nullable bytes;
    size_t length;
    int interface;
    /// -1 when the kernel told none.
    int hop_limit;
    int truncated;
    struct csys_address source;
    struct csys_address destination;
};

struct csys_slice {
    const void *_Nullable bytes;
    size_t length;
};

struct csys_file {
    uint64_t device;
    uint64_t inode;
    uint32_t mode;
};

struct csys_peer {
    uint32_t user;
    uint32_t group;
    int32_t process;
};

// Descriptors: all close-on-exec and non-blocking.
long csys_close(int fd);
long csys_read(int fd, void *buffer, size_t size);
long csys_open(const char *path, int flags, uint32_t mode);
long csys_lock_exclusively(int fd);
long csys_truncate_and_write(int fd, const void *bytes, size_t length);
long csys_poll(int fd, int writable, int milliseconds);

// Polling, time, signals, wake-ups.
long csys_epoll_create(void);
long csys_epoll_add(int epoll, int fd, uint32_t events, uint64_t token);
long csys_epoll_modify(int epoll, int fd, uint32_t events, uint64_t token);
long csys_epoll_remove(int epoll, int fd);
long csys_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int count, int milliseconds);
long csys_timer_create(void);
/// Absolute, CLOCK_BOOTTIME; 0 and 0 disarm.
long csys_timer_arm(int fd, int64_t seconds, int64_t nanoseconds);
long csys_eventfd_create(void);
/// Reads or writes the eight bytes of an eventfd or a timerfd.
long csys_counter_read(int fd);
long csys_counter_write(int fd);
long csys_signals_create(const int *signals, size_t count);
/// The number of the next signal.
long csys_signal_next(int fd);
long csys_name_thread(const char *name);
/// As many descriptors as the hard limit allows.
long csys_raise_descriptor_limit(void);
long csys_new_network_namespace(void);
/// A descriptor; EINVAL when there is something else at that path.
long csys_open_network_namespace(const char *path, struct csys_file *out);
/// The calling thread alone.
long csys_enter_network_namespace(int fd);
/// At once, without anything that runs at the end.
void csys_exit(int code);
/// SCHED_RR for the calling thread only; children do not inherit it.
long csys_become_real_time(int priority);
/// All memory, as it is touched, now and later.
long csys_lock_memory(void);

// Sockets.
long csys_socket(int domain, int type, int protocol);
long csys_set_option(int fd, int level, int name, int value);
/// A filter that lets nothing through.
long csys_drop_everything(int fd);
/// A raw ICMPv6 socket receives messages of this type only.
long csys_pass_only_icmpv6(int fd, uint8_t type);
long csys_membership(int fd, struct csys_address group, int interface, int join);
long csys_send(int fd, const void *_Nullable bytes, size_t length, int interface,
               struct csys_address source, struct csys_address destination);
long csys_send_frame(int fd, const void *_Nullable bytes, size_t length, int interface);
/// How many of the first frames were sent; at most 64 are tried.
long csys_send_frames(int fd, const struct csys_slice *frames, size_t count, int interface);

struct csys_receiver;
struct csys_receiver *_Nullable csys_receiver_new(unsigned count, size_t size);
void csys_receiver_free(struct csys_receiver *receiver);
/// How many datagrams were received into the buffers.
long csys_receiver_fill(struct csys_receiver *receiver, int fd, unsigned limit);
void csys_receiver_get(struct csys_receiver *receiver, unsigned index, struct csys_datagram *out);

// Netlink.
long csys_netlink_bind(int fd, uint32_t groups, uint32_t *port);
long csys_netlink_send(int fd, const void *bytes, size_t length);
/// One datagram of the kernel's; those of others are dropped.
long csys_netlink_receive(int fd, void *buffer, size_t size, int *truncated);

// Local sockets.
long csys_local_bind(int fd, const char *path);
long csys_local_connect(int fd, const char *path);
long csys_local_listen(int fd);
long csys_local_accept(int fd);
long csys_local_peer(int fd, struct csys_peer *peer);
long csys_local_send_to(int fd, const char *path, const void *bytes, size_t length);
long csys_receive_bytes(int fd, void *buffer, size_t size);
long csys_send_bytes(int fd, const void *_Nullable bytes, size_t length);

// Files and the process.
long csys_status(const char *path, struct csys_file *out);
long csys_unlink(const char *path);
long csys_make_directory(const char *path, uint32_t mode);
long csys_change_mode(const char *path, uint32_t mode);
long csys_change_descriptor_mode(int fd, uint32_t mode);
long csys_change_group(const char *path, uint32_t group);
long csys_group_id(const char *name, uint32_t *group);
const char *_Nullable csys_environment_entry(size_t index);
const char *_Nullable csys_error_name(int code);
const char *_Nullable csys_error_description(int code);

#ifdef __clang__
#pragma clang assume_nonnull end
#endif
