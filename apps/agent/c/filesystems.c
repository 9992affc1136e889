/* File systems by their mounts and disks: thaw, trim, what a loop device lies on. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* thaw(path): run it in a helper; it can hang. */
static JSValue js_thaw(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    char path[PATH_BYTES];
    if (!get_name(ctx, argv[0], path))
        return JS_EXCEPTION;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    JSValue result = fd < 0 || ioctl(fd, FITHAW, 0) < 0 ? throw_errno(ctx, errno, "thaw", path) : JS_UNDEFINED;
    if (fd >= 0)
        close(fd);
    return result;
}

/* trim(path, minimumBytes): bytes; run it in a helper, since it can take minutes. */
static JSValue js_trim(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int64_t minimum;
    if (JS_ToInt64(ctx, &minimum, argv[1]))
        return JS_EXCEPTION;
    char path[PATH_BYTES];
    if (!get_name(ctx, argv[0], path))
        return JS_EXCEPTION;
    struct fstrim_range range = {.len = UINT64_MAX, .minlen = (uint64_t)minimum};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    JSValue result = fd < 0 || ioctl(fd, FITRIM, &range) < 0 ? throw_errno(ctx, errno, "trim", path)
                                                             : JS_NewFloat64(ctx, (double)range.len);
    if (fd >= 0)
        close(fd);
    return result;
}

/* loopBase(path): [major, minor] of the device that holds the image of a loop device. */
static JSValue js_loop_base(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    char path[PATH_BYTES];
    struct loop_info64 info = {0};
    if (!get_name(ctx, argv[0], path))
        return JS_EXCEPTION;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int failed = fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0;
    JSValue result = failed ? throw_errno(ctx, errno, "loopBase", path) : JS_NewArray(ctx);
    if (!failed) {
        JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewUint32(ctx, major(info.lo_device)), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, result, 1, JS_NewUint32(ctx, minor(info.lo_device)), JS_PROP_C_W_E);
    }
    if (fd >= 0)
        close(fd);
    return result;
}

static const JSCFunctionListEntry filesystems_entries[] = {
    JS_CFUNC_DEF("thaw", 1, js_thaw),
    JS_CFUNC_DEF("trim", 2, js_trim),
    JS_CFUNC_DEF("loopBase", 1, js_loop_base),
};
PORT(filesystems);
