/* Network interfaces: addresses by getifaddrs, changes by rtnetlink. */
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int prefix_length(const struct sockaddr *mask, int family)
{
    const uint8_t *bytes;
    int size, bits = 0;
    if (!mask)
        return 0;
    bytes = family == AF_INET ? (const uint8_t *)&((const struct sockaddr_in *)mask)->sin_addr
                              : (const uint8_t *)&((const struct sockaddr_in6 *)mask)->sin6_addr;
    size = family == AF_INET ? 4 : 16;
    for (int index = 0; index < size; index++)
        bits += __builtin_popcount(bytes[index]);
    return bits;
}

/* interfaceAddresses(): [{interface, family: 4 | 6, address, prefixLength, scopeId}] */
static JSValue js_interface_addresses(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct ifaddrs *list;
    if (getifaddrs(&list) < 0)
        return throw_errno(ctx, errno, "getifaddrs", NULL);
    JSValue rows = JS_NewArray(ctx);
    uint32_t count = 0;
    for (struct ifaddrs *entry = list; entry; entry = entry->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        if (!entry->ifa_addr)
            continue;
        int family = entry->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6)
            continue;
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)entry->ifa_addr;
        const void *address = family == AF_INET ? (const void *)&((const struct sockaddr_in *)entry->ifa_addr)->sin_addr
                                                : (const void *)&six->sin6_addr;
        if (!inet_ntop(family, address, text, sizeof text))
            continue;
        JSValue row = JS_NewObject(ctx);
        set_string(ctx, row, "interface", entry->ifa_name);
        set_number(ctx, row, "family", family == AF_INET ? 4 : 6);
        set_string(ctx, row, "address", text);
        set_number(ctx, row, "prefixLength", prefix_length(entry->ifa_netmask, family));
        set_number(ctx, row, "scopeId", family == AF_INET6 ? six->sin6_scope_id : 0);
        JS_DefinePropertyValueUint32(ctx, rows, count++, row, JS_PROP_C_W_E);
    }
    freeifaddrs(list);
    return rows;
}

static void push(JSContext *ctx, JSValueConst rows, uint32_t *count, JSValue value)
{
    JS_DefinePropertyValueUint32(ctx, rows, (*count)++, value, JS_PROP_C_W_E);
}

/* Appends the row of one link, if the kernel sent its counters (IFLA_STATS64). */
static void push_link(JSContext *ctx, JSValueConst rows, uint32_t *count, struct nlmsghdr *message)
{
    const char *name = NULL;
    struct rtnl_link_stats64 stats;
    bool has_stats = false;
    struct rtattr *attribute = IFLA_RTA(NLMSG_DATA(message));
    int left = (int)IFLA_PAYLOAD(message);
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
        if (attribute->rta_type == IFLA_IFNAME) {
            name = RTA_DATA(attribute);
        } else if (attribute->rta_type == IFLA_STATS64) {
            /* Older kernels send fewer counters; the ones used here come first. */
            size_t size = RTA_PAYLOAD(attribute) < sizeof stats ? RTA_PAYLOAD(attribute) : sizeof stats;
            memset(&stats, 0, sizeof stats);
            memcpy(&stats, RTA_DATA(attribute), size);
            has_stats = true;
        }
    }
    if (!name || !has_stats)
        return;
    push(ctx, rows, count, new_text(ctx, name, strlen(name)));
    const uint64_t values[] = {stats.rx_bytes, stats.rx_packets, stats.rx_errors, stats.rx_dropped,
                               stats.tx_bytes, stats.tx_packets, stats.tx_errors, stats.tx_dropped};
    for (size_t index = 0; index < sizeof values / sizeof values[0]; index++)
        push(ctx, rows, count, JS_NewBigUint64(ctx, values[index]));
}

/* Reads the answer to a dump of links; false with errno if it is incomplete. */
static bool read_links(JSContext *ctx, JSValueConst rows, uint32_t *count, int fd)
{
    static uint8_t buffer[32 * 1024] __attribute__((aligned(8)));
    for (;;) {
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        int left = (int)got;
        for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == NLMSG_DONE)
                return true;
            if (message->nlmsg_type == NLMSG_ERROR) {
                errno = EIO;
                return false;
            }
            if (message->nlmsg_type == RTM_NEWLINK)
                push_link(ctx, rows, count, message);
        }
    }
}

/*
 * interfaceCounters(): [name, rx bytes, packets, errors, dropped, tx bytes, packets, errors, dropped, …] of all links.
 */
static JSValue js_interface_counters(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1},
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return throw_errno(ctx, errno, "socket", NULL);
    uint32_t count = 0;
    JSValue rows = JS_NewArray(ctx);
    if (send(fd, &request, sizeof request, 0) < 0 || !read_links(ctx, rows, &count, fd)) {
        JS_FreeValue(ctx, rows);
        rows = throw_errno(ctx, errno, "netlink", NULL);
    }
    close(fd);
    return rows;
}

/* openRouteEvents(): a descriptor that becomes readable when a link or an address changes. */
static JSValue js_open_route_events(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0)
        return throw_errno(ctx, errno, "socket", NULL);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        JSValue error = throw_errno(ctx, errno, "bind", NULL);
        close(fd);
        return error;
    }
    return JS_NewInt32(ctx, fd);
}

/* drain(fd): reads and discards what is pending. Lost messages (ENOBUFS) count as read: something changed. */
static JSValue js_drain(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    char buffer[8192];
    int32_t fd;
    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    while (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0 || errno == ENOBUFS || errno == EINTR)
        errno = 0;
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry network_entries[] = {
    JS_CFUNC_DEF("interfaceAddresses", 0, js_interface_addresses),
    JS_CFUNC_DEF("interfaceCounters", 0, js_interface_counters),
    JS_CFUNC_DEF("openRouteEvents", 0, js_open_route_events),
    JS_CFUNC_DEF("drain", 1, js_drain),
};
PORT(network);
