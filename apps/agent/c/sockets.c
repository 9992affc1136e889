/* What an agent listens on: unix sockets and virtio-serial ports. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

static const JSCFunctionListEntry sockets_entries[] = {
    JS_CFUNC_DEF("writeNow", 4, js_write_now),
    JS_CFUNC_DEF("listenUnix", 2, js_listen_unix),
    JS_CFUNC_DEF("accept", 1, js_accept),
    JS_CFUNC_DEF("openPort", 1, js_open_port),
};
PORT(sockets);
