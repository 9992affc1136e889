/* The kernel's random pool. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of 4.14 and later; older headers lack it. */
#ifndef RNDRESEEDCRNG
#define RNDRESEEDCRNG _IO('R', 0x07)
#endif

enum { MAX_BYTES = 256 };

/* addEntropy(bytes): counts every bit of them. Needs CAP_SYS_ADMIN. */
static JSValue js_add_entropy(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct {
        int bits;
        int bytes;
        uint8_t data[MAX_BYTES];
    } pool;
    size_t length;
    const uint8_t *bytes = get_bytes(ctx, argv[0], &length);
    if (!bytes)
        return JS_EXCEPTION;
    if (length > MAX_BYTES)
        return JS_ThrowRangeError(ctx, "too many bytes");
    pool.bytes = (int)length;
    pool.bits = pool.bytes * 8;
    memcpy(pool.data, bytes, length);
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    int failed = fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0;
    JSValue result = failed ? throw_errno(ctx, errno, "addEntropy", NULL) : JS_UNDEFINED;
    if (fd >= 0)
        close(fd);
    return result;
}

static const JSCFunctionListEntry entropy_entries[] = {JS_CFUNC_DEF("addEntropy", 1, js_add_entropy)};
PORT(entropy);
