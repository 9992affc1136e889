/* What an agent listens on (unix sockets, vsock, TCP, virtio-serial ports), and connections that it makes. */
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

/* listenUnix(path, mode): a listening descriptor. An existing file is removed if it is a socket. */
static JSValue js_listen_unix(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat info;
    int32_t mode;
    if (JS_ToInt32(ctx, &mode, argv[1]))
        return JS_EXCEPTION;
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    int fd = -1;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
    } else {
        strcpy(address.sun_path, path);
        if (lstat(path, &info) == 0 && S_ISSOCK(info.st_mode))
            unlink(path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    /* The mode is set before bind creates the file, so it never exists with wider permissions. */
    if (fd >= 0 && (fchmod(fd, (mode_t)mode) < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
                    chmod(path, (mode_t)mode) < 0 || listen(fd, 16) < 0)) {
        int error = errno;
        close(fd);
        fd = -1;
        errno = error;
    }
    JSValue result = fd < 0 ? throw_errno(ctx, errno, "listen", path) : JS_NewInt32(ctx, fd);
    JS_FreeCString(ctx, path);
    return result;
}

/* Binds a stream socket and listens; throws with the errno of what failed. */
static JSValue listen_on(JSContext *ctx, const struct sockaddr *address, socklen_t size)
{
    int one = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return throw_errno(ctx, errno, "socket", NULL);
    /* Fails on a vsock, which does not need it. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, address, size) < 0 || listen(fd, 16) < 0) {
        JSValue error = throw_errno(ctx, errno, "listen", NULL);
        close(fd);
        return error;
    }
    return JS_NewInt32(ctx, fd);
}

/* struct sockaddr_vm of <linux/vm_sockets.h>, which musl does not have. */
struct vsock_address {
    sa_family_t family;
    uint16_t reserved;
    uint32_t port;
    uint32_t cid;
    uint8_t zero[4];
};

/* listenVsock(port): a listening descriptor, for peers of any CID. */
static JSValue js_listen_vsock(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct vsock_address address = {.family = AF_VSOCK, .cid = UINT32_MAX};
    if (JS_ToUint32(ctx, &address.port, argv[0]))
        return JS_EXCEPTION;
    return listen_on(ctx, (struct sockaddr *)&address, sizeof address);
}

/* peerCid(fd): the CID of a vsock connection's peer. */
static JSValue js_peer_cid(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct vsock_address address;
    socklen_t size = sizeof address;
    int32_t fd;
    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    if (getpeername(fd, (struct sockaddr *)&address, &size) < 0)
        return throw_errno(ctx, errno, "getpeername", NULL);
    return JS_NewUint32(ctx, address.cid);
}

/* accept(fd): a descriptor, -1 when no connection is pending. */
static JSValue js_accept(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
        return throw_errno(ctx, errno, "accept", NULL);
    return JS_NewInt32(ctx, connection);
}

/*
 * openPort(path): a virtio-serial port. SIGIO reports that a host came or left (F_SETOWN and O_ASYNC), because poll
 * returns POLLHUP continuously while no host is attached.
 */
static JSValue js_open_port(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && (fcntl(fd, F_SETOWN, getpid()) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC) < 0)) {
        int error = errno;
        close(fd);
        fd = -1;
        errno = error;
    }
    JSValue result = fd < 0 ? throw_errno(ctx, errno, "open", path) : JS_NewInt32(ctx, fd);
    JS_FreeCString(ctx, path);
    return result;
}

/* serialLine(fd, speed): makes a terminal device a line of bytes: raw, without modem control, at this speed (a B… of
 * termios). */
static JSValue js_serial_line(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    uint32_t speed;
    struct termios line;
    if (JS_ToInt32(ctx, &fd, argv[0]) || JS_ToUint32(ctx, &speed, argv[1]))
        return JS_EXCEPTION;
    if (tcgetattr(fd, &line) < 0)
        return throw_errno(ctx, errno, "tcgetattr", NULL);
    cfmakeraw(&line);
    line.c_cflag |= CLOCAL | CREAD;
    if (cfsetspeed(&line, speed) < 0 || tcsetattr(fd, TCSANOW, &line) < 0)
        return throw_errno(ctx, errno, "tcsetattr", NULL);
    return JS_UNDEFINED;
}

ssize_t write_now(int fd, const void *bytes, size_t count)
{
    ssize_t put = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put >= 0 || errno != ENOTSOCK)
        return put;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 0)
        return write(fd, bytes, count);
    errno = EAGAIN;
    return -1;
}

/*
 * writeNow(fd, bytes, from, count): one attempt that never blocks, whatever the flags of fd: bytes written; -1: it
 * would block.
 */
static JSValue js_write_now(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    size_t count;
    uint8_t *from = get_slice(ctx, argv[1], argv[2], argv[3], &count);
    if (!from || JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    ssize_t put = write_now(fd, from, count);
    if (put < 0 && errno != EAGAIN && errno != EINTR)
        return throw_errno(ctx, errno, "write", NULL);
    return JS_NewFloat64(ctx, put < 0 ? -1 : (double)put);
}

/* Begins to connect a new stream socket: a descriptor, on which connectResult tells the outcome once it is writable. */
static JSValue begin_connect(JSContext *ctx, const struct sockaddr *address, socklen_t size, const char *path)
{
    int one = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return throw_errno(ctx, errno, "socket", path);
    /* Fails on a unix socket, which holds nothing back either. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, address, size) < 0 && errno != EINPROGRESS) {
        JSValue error = throw_errno(ctx, errno, "connect", path);
        close(fd);
        return error;
    }
    return JS_NewInt32(ctx, fd);
}

typedef JSValue use_address(JSContext *ctx, const struct sockaddr *address, socklen_t size);

/* Calls `use` with an IP address, a text, and a port. */
static JSValue with_ip_address(JSContext *ctx, JSValueConst *argv, use_address *use)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    int32_t port;
    if (JS_ToInt32(ctx, &port, argv[1]))
        return JS_EXCEPTION;
    const char *text = JS_ToCString(ctx, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    four.sin_port = six.sin6_port = htons((uint16_t)port);
    JSValue result;
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        result = use(ctx, (struct sockaddr *)&four, sizeof four);
    else if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
        result = use(ctx, (struct sockaddr *)&six, sizeof six);
    else
        result = throw_errno(ctx, EINVAL, "inet_pton", NULL);
    JS_FreeCString(ctx, text);
    return result;
}

static JSValue connect_to(JSContext *ctx, const struct sockaddr *address, socklen_t size)
{
    return begin_connect(ctx, address, size, NULL);
}

/* connectTcp(address, port) */
static JSValue js_connect_tcp(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    return with_ip_address(ctx, argv, connect_to);
}

/* listenTcp(address, port): a listening descriptor. */
static JSValue js_listen_tcp(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    return with_ip_address(ctx, argv, listen_on);
}

/* connectUnix(path) */
static JSValue js_connect_unix(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    JSValue result;
    if (strlen(path) >= sizeof address.sun_path) {
        result = throw_errno(ctx, ENAMETOOLONG, "connect", path);
    } else {
        strcpy(address.sun_path, path);
        result = begin_connect(ctx, (struct sockaddr *)&address, sizeof address, path);
    }
    JS_FreeCString(ctx, path);
    return result;
}

/* connectResult(fd): throws why a connection failed (SO_ERROR). */
static JSValue js_connect_result(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    int error = 0;
    socklen_t size = sizeof error;
    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    return error ? throw_errno(ctx, error, "connect", NULL) : JS_UNDEFINED;
}

/* endWriting(fd): shutdown(2) of the writing half; a connection that is gone is not an error. */
static JSValue js_end_writing(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    if (shutdown(fd, SHUT_WR) < 0 && errno != ENOTCONN)
        return throw_errno(ctx, errno, "shutdown", NULL);
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry sockets_entries[] = {
    JS_CFUNC_DEF("writeNow", 4, js_write_now),
    JS_CFUNC_DEF("listenUnix", 2, js_listen_unix),
    JS_CFUNC_DEF("listenVsock", 1, js_listen_vsock),
    JS_CFUNC_DEF("listenTcp", 2, js_listen_tcp),
    JS_CFUNC_DEF("accept", 1, js_accept),
    JS_CFUNC_DEF("peerCid", 1, js_peer_cid),
    JS_CFUNC_DEF("openPort", 1, js_open_port),
    JS_CFUNC_DEF("serialLine", 2, js_serial_line),
    JS_CFUNC_DEF("connectTcp", 2, js_connect_tcp),
    JS_CFUNC_DEF("connectUnix", 1, js_connect_unix),
    JS_CFUNC_DEF("connectResult", 1, js_connect_result),
    JS_CFUNC_DEF("endWriting", 1, js_end_writing),
};
PORT(sockets);
