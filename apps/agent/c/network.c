/* Network interfaces, addresses, routes and their changes, by rtnetlink. */
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void push(JSContext *ctx, JSValueConst rows, uint32_t *count, JSValue value)
{
    JS_DefinePropertyValueUint32(ctx, rows, (*count)++, value, JS_PROP_C_W_E);
}

/* Appends the values of one message of an answer to the flat rows. */
typedef void PushMessage(JSContext *ctx, JSValueConst rows, uint32_t *count, struct nlmsghdr *message);

/* Finds the attributes of a message by type; `found` has an entry for each type up to `most`, NULL where absent. */
static void find_attributes(struct nlmsghdr *message, size_t header, struct rtattr **found, unsigned most)
{
    struct rtattr *attribute = (struct rtattr *)((char *)NLMSG_DATA(message) + NLMSG_ALIGN(header));
    int left = (int)NLMSG_PAYLOAD(message, NLMSG_ALIGN(header));
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
        if (attribute->rta_type <= most)
            found[attribute->rta_type] = attribute;
}

static double number_of(const struct rtattr *attribute)
{
    uint32_t value = 0;
    if (attribute)
        memcpy(&value, RTA_DATA(attribute), RTA_PAYLOAD(attribute) < sizeof value ? RTA_PAYLOAD(attribute) : sizeof value);
    return value;
}

static JSValue text_of(JSContext *ctx, const struct rtattr *attribute)
{
    const char *text = attribute ? RTA_DATA(attribute) : "";
    return new_text(ctx, text, attribute ? strnlen(text, RTA_PAYLOAD(attribute)) : 0);
}

static JSValue hardware_address(JSContext *ctx, const struct rtattr *attribute)
{
    char text[3 * 32] = "";
    size_t size = attribute ? RTA_PAYLOAD(attribute) : 0;
    for (size_t index = 0; index < size && index < sizeof text / 3; index++)
        snprintf(text + strlen(text), 4, index ? ":%02x" : "%02x", ((const uint8_t *)RTA_DATA(attribute))[index]);
    return JS_NewString(ctx, text);
}

/* The link's own kind ("bridge", "veth"), from IFLA_LINKINFO; empty for hardware. */
static JSValue link_kind(JSContext *ctx, struct rtattr *info)
{
    int left = info ? (int)RTA_PAYLOAD(info) : 0;
    struct rtattr *part = info ? RTA_DATA(info) : NULL;
    for (; part && RTA_OK(part, left); part = RTA_NEXT(part, left))
        if (part->rta_type == IFLA_INFO_KIND)
            return text_of(ctx, part);
    return text_of(ctx, NULL);
}

static void push_link(JSContext *ctx, JSValueConst rows, uint32_t *count, struct nlmsghdr *message)
{
    const struct ifinfomsg *link = NLMSG_DATA(message);
    struct rtattr *found[IFLA_STATS64 + 1] = {0};
    struct rtnl_link_stats64 stats = {0};
    if (message->nlmsg_type != RTM_NEWLINK)
        return;
    find_attributes(message, sizeof *link, found, IFLA_STATS64);
    push(ctx, rows, count, JS_NewInt32(ctx, link->ifi_index));
    push(ctx, rows, count, text_of(ctx, found[IFLA_IFNAME]));
    push(ctx, rows, count, link_kind(ctx, found[IFLA_LINKINFO]));
    push(ctx, rows, count, hardware_address(ctx, found[IFLA_ADDRESS]));
    push(ctx, rows, count, JS_NewUint32(ctx, link->ifi_flags));
    push(ctx, rows, count, JS_NewUint32(ctx, found[IFLA_OPERSTATE] ? *(uint8_t *)RTA_DATA(found[IFLA_OPERSTATE]) : 0));
    push(ctx, rows, count, JS_NewFloat64(ctx, number_of(found[IFLA_MTU])));
    push(ctx, rows, count, JS_NewFloat64(ctx, number_of(found[IFLA_MASTER])));
    if (found[IFLA_STATS64]) {
        /* Older kernels send fewer counters; the ones used here come first. */
        size_t size = RTA_PAYLOAD(found[IFLA_STATS64]);
        memcpy(&stats, RTA_DATA(found[IFLA_STATS64]), size < sizeof stats ? size : sizeof stats);
    }
    const uint64_t values[] = {stats.rx_bytes, stats.rx_packets, stats.rx_errors, stats.rx_dropped,
                               stats.tx_bytes, stats.tx_packets, stats.tx_errors, stats.tx_dropped};
    for (size_t index = 0; index < sizeof values / sizeof values[0]; index++)
        push(ctx, rows, count, found[IFLA_STATS64] ? JS_NewBigUint64(ctx, values[index]) : JS_UNDEFINED);
}

/* An IP address as text; empty if there is none. */
static JSValue ip_text(JSContext *ctx, int family, const struct rtattr *attribute)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (attribute && RTA_PAYLOAD(attribute) >= (family == AF_INET ? 4 : 16))
        inet_ntop(family, RTA_DATA(attribute), text, sizeof text);
    return JS_NewString(ctx, text);
}

static void push_address(JSContext *ctx, JSValueConst rows, uint32_t *count, struct nlmsghdr *message)
{
    const struct ifaddrmsg *address = NLMSG_DATA(message);
    struct rtattr *found[IFA_LABEL + 1] = {0};
    if (message->nlmsg_type != RTM_NEWADDR || (address->ifa_family != AF_INET && address->ifa_family != AF_INET6))
        return;
    find_attributes(message, sizeof *address, found, IFA_LABEL);
    push(ctx, rows, count, JS_NewInt32(ctx, (int32_t)address->ifa_index));
    /* IFA_ADDRESS is the peer of a point-to-point link that has IFA_LOCAL. */
    push(ctx, rows, count, ip_text(ctx, address->ifa_family, found[IFA_LOCAL] ? found[IFA_LOCAL] : found[IFA_ADDRESS]));
    push(ctx, rows, count, JS_NewInt32(ctx, address->ifa_prefixlen));
}

static void push_route(JSContext *ctx, JSValueConst rows, uint32_t *count, struct nlmsghdr *message)
{
    const struct rtmsg *route = NLMSG_DATA(message);
    struct rtattr *found[RTA_PREFSRC + 1] = {0};
    if (message->nlmsg_type != RTM_NEWROUTE || route->rtm_type != RTN_UNICAST)
        return;
    find_attributes(message, sizeof *route, found, RTA_PREFSRC);
    push(ctx, rows, count, JS_NewFloat64(ctx, number_of(found[RTA_OIF])));
    push(ctx, rows, count, ip_text(ctx, route->rtm_family, found[RTA_PREFSRC]));
}

/* Reads an answer: a dump up to its end, or one message; false with errno if it is incomplete. */
static bool read_answer(JSContext *ctx, JSValueConst rows, int fd, bool dump, PushMessage *push_message)
{
    static uint8_t buffer[32 * 1024] __attribute__((aligned(8)));
    uint32_t count = 0;
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
                errno = -((struct nlmsgerr *)NLMSG_DATA(message))->error;
                return errno == 0;
            }
            push_message(ctx, rows, &count, message);
        }
        if (!dump)
            return true;
    }
}

/* Sends a request to rtnetlink and returns flat rows of the answer. */
static JSValue ask(JSContext *ctx, struct nlmsghdr *request, PushMessage *push_message)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return throw_errno(ctx, errno, "socket", NULL);
    JSValue rows = JS_NewArray(ctx);
    if (send(fd, request, request->nlmsg_len, 0) < 0 ||
        !read_answer(ctx, rows, fd, request->nlmsg_flags & NLM_F_DUMP, push_message)) {
        JS_FreeValue(ctx, rows);
        rows = throw_errno(ctx, errno, "netlink", NULL);
    }
    close(fd);
    return rows;
}

static JSValue dump(JSContext *ctx, uint16_t type, PushMessage *push_message)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } request = {.header = {.nlmsg_len = sizeof request, .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1}};
    return ask(ctx, &request.header, push_message);
}

/* networkLinks(): rows of sixteen, see host.d.ts. */
static JSValue js_network_links(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    return dump(ctx, RTM_GETLINK, push_link);
}

/* networkAddresses(): [interface index, address, prefix length, …]. Labels are not interface names, so they are not read. */
static JSValue js_network_addresses(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    return dump(ctx, RTM_GETADDR, push_address);
}

/* routeTo(address): [interface index, source address]; empty if the kernel does not send there. No packet is sent. */
static JSValue js_route_to(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        struct rtattr attribute;
        uint8_t address[16];
    } request = {.header = {.nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 1}};
    const char *text = JS_ToCString(ctx, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    bool four = !strchr(text, ':');
    int good = inet_pton(four ? AF_INET : AF_INET6, text, request.address);
    JS_FreeCString(ctx, text);
    if (good != 1)
        return throw_errno(ctx, EINVAL, "inet_pton", NULL);
    size_t size = four ? 4 : 16;
    request.route.rtm_family = four ? AF_INET : AF_INET6;
    request.route.rtm_dst_len = (uint8_t)(8 * size);
    request.attribute.rta_type = RTA_DST;
    request.attribute.rta_len = (unsigned short)RTA_LENGTH(size);
    request.header.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof request.route) + RTA_LENGTH(size));
    return ask(ctx, &request.header, push_route);
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

static void push_payload(JSContext *ctx, JSValueConst rows, uint32_t *count, struct nlmsghdr *message)
{
    push(ctx, rows, count, new_uint8_array(ctx, NLMSG_DATA(message), NLMSG_PAYLOAD(message, 0)));
}

/* routeRequest(type, flags, body): the bodies of the answer. */
static JSValue js_route_request(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct {
        struct nlmsghdr header;
        uint8_t body[2048];
    } request = {.header = {.nlmsg_seq = 1}};
    int32_t type, flags;
    size_t length;
    if (JS_ToInt32(ctx, &type, argv[0]) || JS_ToInt32(ctx, &flags, argv[1]))
        return JS_EXCEPTION;
    const uint8_t *body = get_bytes(ctx, argv[2], &length);
    if (!body)
        return JS_EXCEPTION;
    if (length > sizeof request.body)
        return throw_errno(ctx, EMSGSIZE, "netlink", NULL);
    memcpy(request.body, body, length);
    request.header.nlmsg_type = (uint16_t)type;
    request.header.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST);
    request.header.nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
    return ask(ctx, &request.header, push_payload);
}

static const JSCFunctionListEntry network_entries[] = {
    JS_CFUNC_DEF("networkLinks", 0, js_network_links),
    JS_CFUNC_DEF("networkAddresses", 0, js_network_addresses),
    JS_CFUNC_DEF("routeTo", 1, js_route_to),
    JS_CFUNC_DEF("routeRequest", 3, js_route_request),
    JS_CFUNC_DEF("openRouteEvents", 0, js_open_route_events),
    JS_CFUNC_DEF("drain", 1, js_drain),
};
PORT(network);
