/* Network interfaces: addresses by getifaddrs, changes by rtnetlink. */
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
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

/* openRouteEvents(): a descriptor that becomes readable when a link or an address changes. */
static JSValue js_open_route_events(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE,
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

/* drain(fd): reads and drops what is there. Lost messages (ENOBUFS) are as good as read ones: something changed. */
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
    JS_CFUNC_DEF("openRouteEvents", 0, js_open_route_events),
    JS_CFUNC_DEF("drain", 1, js_drain),
};
PORT(network);
