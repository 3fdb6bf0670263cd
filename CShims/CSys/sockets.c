// Raw, packet, netlink and local sockets.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "csys.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static long checked(long result) { return result < 0 ? -errno : result; }

static struct in_addr to_v4(struct csys_address address) {
    return (struct in_addr){.s_addr = htonl((uint32_t)address.low)};
}

static struct in6_addr to_v6(struct csys_address address) {
    struct in6_addr result;
    uint64_t halves[2] = {htobe64(address.high), htobe64(address.low)};
    memcpy(&result, halves, sizeof result);
    return result;
}

static struct csys_address from_v4(struct in_addr address) {
    return (struct csys_address){.family = AF_INET, .low = ntohl(address.s_addr)};
}

static struct csys_address from_v6(struct in6_addr address) {
    uint64_t halves[2];
    memcpy(halves, &address, sizeof halves);
    return (struct csys_address){
        .family = AF_INET6, .high = be64toh(halves[0]), .low = be64toh(halves[1])};
}

long csys_socket(int domain, int type, int protocol) {
    return checked(socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

long csys_set_option(int fd, int level, int name, int value) {
    return checked(setsockopt(fd, level, name, &value, sizeof value));
}

long csys_drop_everything(int fd) {
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog program = {.len = 1, .filter = code};
    return checked(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

long csys_pass_only_icmpv6(int fd, uint8_t type) {
    struct icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(type, &filter);
    return checked(setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter));
}

long csys_membership(int fd, struct csys_address group, int interface, int join) {
    if (group.family == AF_INET) {
        struct ip_mreqn request = {.imr_multiaddr = to_v4(group), .imr_ifindex = interface};
        int name = join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
        return checked(setsockopt(fd, IPPROTO_IP, name, &request, sizeof request));
    }
    struct ipv6_mreq request = {
        .ipv6mr_multiaddr = to_v6(group), .ipv6mr_interface = (unsigned)interface};
    int name = join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP;
    return checked(setsockopt(fd, IPPROTO_IPV6, name, &request, sizeof request));
}

union control_space {
    struct cmsghdr alignment;
    char bytes[128];
};

long csys_send(int fd, const void *bytes, size_t length, int interface,
               struct csys_address source, struct csys_address destination) {
    union control_space control;
    memset(&control, 0, sizeof control);
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = length};
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_addr = to_v4(destination)};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6,
                               .sin6_addr = to_v6(destination),
                               .sin6_scope_id = (uint32_t)interface};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes};
    struct cmsghdr *header = &control.alignment;
    if (destination.family == AF_INET) {
        struct in_pktinfo information = {
            .ipi_ifindex = interface, .ipi_spec_dst = to_v4(source)};
        message.msg_name = &to4;
        message.msg_namelen = sizeof to4;
        message.msg_controllen = CMSG_SPACE(sizeof information);
        header->cmsg_level = IPPROTO_IP;
        header->cmsg_type = IP_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof information);
        memcpy(CMSG_DATA(header), &information, sizeof information);
    } else {
        struct in6_pktinfo information = {
            .ipi6_ifindex = (unsigned)interface, .ipi6_addr = to_v6(source)};
        message.msg_name = &to6;
        message.msg_namelen = sizeof to6;
        message.msg_controllen = CMSG_SPACE(sizeof information);
        header->cmsg_level = IPPROTO_IPV6;
        header->cmsg_type = IPV6_PKTINFO;
        header->cmsg_len = CMSG_LEN(sizeof information);
        memcpy(CMSG_DATA(header), &information, sizeof information);
    }
    return checked(sendmsg(fd, &message, MSG_NOSIGNAL));
}

static struct sockaddr_ll frame_address(const void *bytes, size_t length, int interface) {
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_ifindex = interface, .sll_halen = ETH_ALEN};
    if (length >= ETH_HLEN) {
        memcpy(address.sll_addr, bytes, ETH_ALEN);
        memcpy(&address.sll_protocol, (const char *)bytes + 2 * ETH_ALEN, 2);
    }
    return address;
}

long csys_send_frame(int fd, const void *bytes, size_t length, int interface) {
    struct sockaddr_ll address = frame_address(bytes, length, interface);
    return checked(sendto(fd, bytes, length, MSG_NOSIGNAL, (struct sockaddr *)&address,
                          sizeof address));
}

long csys_send_frames(int fd, const struct csys_slice *frames, size_t count, int interface) {
    struct mmsghdr messages[64];
    struct iovec vectors[64];
    struct sockaddr_ll addresses[64];
    if (count > 64) count = 64;
    memset(messages, 0, count * sizeof messages[0]);
    for (size_t index = 0; index < count; index++) {
        addresses[index] = frame_address(frames[index].bytes, frames[index].length, interface);
        vectors[index].iov_base = (void *)frames[index].bytes;
        vectors[index].iov_len = frames[index].length;
        messages[index].msg_hdr.msg_name = &addresses[index];
        messages[index].msg_hdr.msg_namelen = sizeof addresses[index];
        messages[index].msg_hdr.msg_iov = &vectors[index];
        messages[index].msg_hdr.msg_iovlen = 1;
    }
    return checked(sendmmsg(fd, messages, (unsigned)count, MSG_NOSIGNAL));
}

union any_address {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct csys_receiver {
    unsigned count;
    size_t size;
    uint8_t *bytes;
    struct mmsghdr *messages;
    struct iovec *vectors;
    union any_address *names;
    union control_space *controls;
};

struct csys_receiver *csys_receiver_new(unsigned count, size_t size) {
    struct csys_receiver *receiver = calloc(1, sizeof *receiver);
    if (receiver == NULL) return NULL;
    receiver->count = count;
    receiver->size = size;
    receiver->bytes = calloc(count, size);
    receiver->messages = calloc(count, sizeof *receiver->messages);
    receiver->vectors = calloc(count, sizeof *receiver->vectors);
    receiver->names = calloc(count, sizeof *receiver->names);
    receiver->controls = calloc(count, sizeof *receiver->controls);
    if (receiver->bytes == NULL || receiver->messages == NULL || receiver->vectors == NULL ||
        receiver->names == NULL || receiver->controls == NULL) {
        csys_receiver_free(receiver);
        return NULL;
    }
    return receiver;
}

void csys_receiver_free(struct csys_receiver *receiver) {
    free(receiver->bytes);
    free(receiver->messages);
    free(receiver->vectors);
    free(receiver->names);
    free(receiver->controls);
    free(receiver);
}

long csys_receiver_fill(struct csys_receiver *receiver, int fd, unsigned limit) {
    unsigned count = limit < receiver->count ? limit : receiver->count;
    for (unsigned index = 0; index < count; index++) {
        receiver->vectors[index].iov_base = receiver->bytes + index * receiver->size;
        receiver->vectors[index].iov_len = receiver->size;
        receiver->messages[index].msg_hdr = (struct msghdr){
            .msg_name = &receiver->names[index],
            .msg_namelen = sizeof receiver->names[index],
            .msg_iov = &receiver->vectors[index],
            .msg_iovlen = 1,
            .msg_control = receiver->controls[index].bytes,
            .msg_controllen = sizeof receiver->controls[index].bytes};
    }
    return checked(recvmmsg(fd, receiver->messages, count, MSG_DONTWAIT, NULL));
}

static void read_control(struct cmsghdr *header, struct csys_datagram *out) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
        struct in_pktinfo information;
        memcpy(&information, CMSG_DATA(header), sizeof information);
        out->interface = information.ipi_ifindex;
        out->destination = from_v4(information.ipi_addr);
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo information;
        memcpy(&information, CMSG_DATA(header), sizeof information);
        out->interface = (int)information.ipi6_ifindex;
        out->destination = from_v6(information.ipi6_addr);
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_HOPLIMIT) {
        memcpy(&out->hop_limit, CMSG_DATA(header), sizeof out->hop_limit);
    }
}

void csys_receiver_get(struct csys_receiver *receiver, unsigned index, struct csys_datagram *out) {
    struct mmsghdr *message = &receiver->messages[index];
    *out = (struct csys_datagram){
        .bytes = receiver->bytes + index * receiver->size,
        .length = message->msg_len,
        .hop_limit = -1,
        .truncated = (message->msg_hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0};
    if (receiver->names[index].v4.sin_family == AF_INET6) {
        out->source = from_v6(receiver->names[index].v6.sin6_addr);
    } else {
        out->source = from_v4(receiver->names[index].v4.sin_addr);
    }
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message->msg_hdr); header != NULL;
         header = CMSG_NXTHDR(&message->msg_hdr, header)) {
        read_control(header, out);
    }
}

long csys_netlink_bind(int fd, uint32_t groups, uint32_t *port) {
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
    socklen_t length = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) return -errno;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return -errno;
    *port = address.nl_pid;
    return 0;
}

long csys_netlink_send(int fd, const void *bytes, size_t length) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    return checked(
        sendto(fd, bytes, length, MSG_NOSIGNAL, (struct sockaddr *)&kernel, sizeof kernel));
}

long csys_netlink_receive(int fd, void *buffer, size_t size, int *truncated) {
    for (;;) {
        struct sockaddr_nl sender = {0};
        struct iovec vector = {.iov_base = buffer, .iov_len = size};
        struct msghdr message = {.msg_name = &sender,
                                 .msg_namelen = sizeof sender,
                                 .msg_iov = &vector,
                                 .msg_iovlen = 1};
        ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
        if (length < 0) return -errno;
        if (message.msg_namelen != sizeof sender || sender.nl_pid != 0) continue;
        *truncated = (message.msg_flags & MSG_TRUNC) != 0;
        return length;
    }
}

/// The length of the address, 0 when the path does not fit.
static socklen_t local_address(const char *path, int abstract, struct sockaddr_un *out) {
    size_t length = strlen(path);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length == 0 || length >= sizeof out->sun_path) return 0;
    memcpy(out->sun_path, path, length);
    if (!abstract || path[0] != '@') return sizeof *out;
    out->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

long csys_local_bind(int fd, const char *path) {
    struct sockaddr_un address;
    socklen_t length = local_address(path, 0, &address);
    if (length == 0) return -ENAMETOOLONG;
    return checked(bind(fd, (struct sockaddr *)&address, length));
}

long csys_local_connect(int fd, const char *path) {
    struct sockaddr_un address;
    socklen_t length = local_address(path, 0, &address);
    if (length == 0) return -ENAMETOOLONG;
    return checked(connect(fd, (struct sockaddr *)&address, length));
}

long csys_local_listen(int fd) { return checked(listen(fd, 64)); }

long csys_local_accept(int fd) {
    return checked(accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

long csys_local_peer(int fd, struct csys_peer *peer) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return -errno;
    *peer = (struct csys_peer){
        .user = credentials.uid, .group = credentials.gid, .process = credentials.pid};
    return 0;
}

long csys_local_send_to(int fd, const char *path, const void *bytes, size_t length) {
    struct sockaddr_un address;
    socklen_t address_length = local_address(path, 1, &address);
    if (address_length == 0) return -ENAMETOOLONG;
    return checked(
        sendto(fd, bytes, length, MSG_NOSIGNAL, (struct sockaddr *)&address, address_length));
}

long csys_receive_bytes(int fd, void *buffer, size_t size) {
    return checked(recv(fd, buffer, size, MSG_DONTWAIT));
}

long csys_send_bytes(int fd, const void *bytes, size_t length) {
    return checked(send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT));
}
