/* errno to JavaScript: an Error named HostError with errno (its name), call and path. */
#include "host.h"

#include <errno.h>
#include <stdio.h>

static const struct {
    int number;
    const char *name;
} names[] = {
#define E(x) {x, #x}
    E(E2BIG), E(EACCES), E(EADDRINUSE), E(EAGAIN), E(EBADF), E(EBUSY), E(ECHILD), E(ECONNREFUSED), E(ECONNRESET),
    E(EDQUOT), E(EEXIST), E(EFAULT), E(EFBIG), E(EINTR), E(EINVAL), E(EIO), E(EISDIR), E(ELOOP), E(EMFILE), E(EMLINK),
    E(ENAMETOOLONG), E(ENFILE), E(ENODEV), E(ENOENT), E(ENOEXEC), E(ENOMEM), E(ENOSPC), E(ENOSYS), E(ENOTCONN),
    E(ENOTDIR), E(ENOTEMPTY), E(ENOTSUP), E(ENOTTY), E(ENXIO), E(EOVERFLOW), E(EPERM), E(EPIPE), E(EROFS), E(ESPIPE),
    E(ESRCH), E(ESTALE), E(ETIMEDOUT), E(ETXTBSY), E(EXDEV),
#undef E
};

static const char *name_of(int number)
{
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++)
        if (names[index].number == number)
            return names[index].name;
    return NULL;
}

const char *error_name(int error)
{
    static char other[24];
    const char *name = name_of(error);
    if (name)
        return name;
    snprintf(other, sizeof other, "E%d", error);
    return other;
}

JSValue throw_errno(JSContext *ctx, int error, const char *call, const char *path)
{
    char message[512];
    const char *name = error_name(error);
    JSValue exception = JS_NewError(ctx);
    snprintf(message, sizeof message, path ? "%s %s: %s" : "%s%.0s: %s", call, path ? path : "", name);
    set_string(ctx, exception, "message", message);
    set_string(ctx, exception, "name", "HostError");
    set_string(ctx, exception, "errno", name);
    set_string(ctx, exception, "call", call);
    if (path)
        set_string(ctx, exception, "path", path);
    return JS_Throw(ctx, exception);
}

/* errorName(number) */
static JSValue js_error_name(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t error;
    return JS_ToInt32(ctx, &error, argv[0]) ? JS_EXCEPTION : JS_NewString(ctx, error_name(error));
}

static const JSCFunctionListEntry errors_entries[] = {JS_CFUNC_DEF("errorName", 1, js_error_name)};
PORT(errors);
