/* Times, holes and extended attributes of files: thin wrappers of the system calls. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

struct timespec new_timespec(int64_t ns)
{
    int64_t rest = ns % 1000000000;
    int64_t fraction = rest < 0 ? rest + 1000000000 : rest;
    return (struct timespec){.tv_sec = (ns - fraction) / 1000000000, .tv_nsec = fraction};
}

/* futimes(fd, modified in nanoseconds) */
static JSValue js_futimes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    int64_t modified;
    if (JS_ToInt32(ctx, &fd, argv[0]) || JS_ToBigInt64(ctx, &modified, argv[1]))
        return JS_EXCEPTION;
    struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, new_timespec(modified)};
    return futimens(fd, times) < 0 ? throw_errno(ctx, errno, "futimens", NULL) : JS_UNDEFINED;
}

/* seek(fd, offset, hole): where the next hole begins, or the next data (-1: there is none) */
static JSValue js_seek(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    int64_t offset;
    if (JS_ToInt32(ctx, &fd, argv[0]) || JS_ToInt64(ctx, &offset, argv[1]))
        return JS_EXCEPTION;
    off_t found = lseek(fd, offset, JS_ToBool(ctx, argv[2]) ? SEEK_HOLE : SEEK_DATA);
    if (found < 0 && errno != ENXIO)
        return throw_errno(ctx, errno, "lseek", NULL);
    return JS_NewFloat64(ctx, (double)found);
}

enum { ATTRIBUTE_LIST, ATTRIBUTE_GET, ATTRIBUTE_SET };

/* listAttributes(fd): names, each with a NUL after it; getAttribute(fd, name): bytes; setAttribute(fd, name, bytes) */
static JSValue js_attribute(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int magic)
{
    static const char *const names[] = {"flistxattr", "fgetxattr", "fsetxattr"};
    int32_t fd;
    char name[PATH_BYTES] = "";
    size_t length = 0;
    uint8_t *value = NULL;
    if (JS_ToInt32(ctx, &fd, argv[0]) || (magic != ATTRIBUTE_LIST && !get_name(ctx, argv[1], name)))
        return JS_EXCEPTION;
    if (magic == ATTRIBUTE_SET) {
        if (!(value = get_bytes(ctx, argv[2], &length)))
            return JS_EXCEPTION;
        return fsetxattr(fd, name, value, length, 0) < 0 ? throw_errno(ctx, errno, names[magic], name) : JS_UNDEFINED;
    }
    /* The kernel's maximum of both. */
    value = malloc(65536);
    ssize_t got = -1;
    errno = ENOMEM;
    if (value)
        got = magic == ATTRIBUTE_LIST ? flistxattr(fd, (char *)value, 65536) : fgetxattr(fd, name, value, 65536);
    JSValue result = got < 0 ? throw_errno(ctx, errno, names[magic], name)
                     : magic == ATTRIBUTE_LIST ? new_name(ctx, value, (size_t)got)
                                               : new_uint8_array(ctx, value, (size_t)got);
    free(value);
    return result;
}

static const JSCFunctionListEntry attributes_entries[] = {
    JS_CFUNC_DEF("futimes", 2, js_futimes),
    JS_CFUNC_DEF("seek", 3, js_seek),
    JS_CFUNC_MAGIC_DEF("listAttributes", 1, js_attribute, ATTRIBUTE_LIST),
    JS_CFUNC_MAGIC_DEF("getAttribute", 2, js_attribute, ATTRIBUTE_GET),
    JS_CFUNC_MAGIC_DEF("setAttribute", 3, js_attribute, ATTRIBUTE_SET),
};
PORT(attributes);
