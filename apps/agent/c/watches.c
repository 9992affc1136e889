/* Changes in folders, by inotify(7). */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { CHANGES_BYTES = 16 * 1024 };

/* openWatches(): a descriptor that becomes readable when something changed. */
static JSValue js_open_watches(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return fd < 0 ? throw_errno(ctx, errno, "inotify_init", NULL) : JS_NewInt32(ctx, fd);
}

/* addWatch(watches, folder, events): the number of the watch; that of an earlier one if it has one already. */
static JSValue js_add_watch(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd, folder;
    uint32_t events;
    char path[32];
    if (JS_ToInt32(ctx, &fd, argv[0]) || JS_ToInt32(ctx, &folder, argv[1]) || JS_ToUint32(ctx, &events, argv[2]))
        return JS_EXCEPTION;
    /* The descriptor's own folder, whatever is at its path by now. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
    int watch = inotify_add_watch(fd, path, events);
    return watch < 0 ? throw_errno(ctx, errno, "inotify_add_watch", NULL) : JS_NewInt32(ctx, watch);
}

/* removeWatch(watches, number): one that ended by itself is no error. */
static JSValue js_remove_watch(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd, watch;
    if (JS_ToInt32(ctx, &fd, argv[0]) || JS_ToInt32(ctx, &watch, argv[1]))
        return JS_EXCEPTION;
    return inotify_rm_watch(fd, watch) < 0 && errno != EINVAL ? throw_errno(ctx, errno, "inotify_rm_watch", NULL)
                                                              : JS_UNDEFINED;
}

/* readChanges(watches): flat rows of four: watch, events, cookie, name; empty when there are none. */
static JSValue js_read_changes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    static _Alignas(struct inotify_event) char buffer[CHANGES_BYTES];
    int32_t fd;
    if (JS_ToInt32(ctx, &fd, argv[0]))
        return JS_EXCEPTION;
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno != EAGAIN && errno != EINTR)
        return throw_errno(ctx, errno, "read", NULL);
    JSValue rows = JS_NewArray(ctx);
    uint32_t count = 0;
    for (ssize_t at = 0; at < got;) {
        const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
        JS_DefinePropertyValueUint32(ctx, rows, count++, JS_NewInt32(ctx, event->wd), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, rows, count++, JS_NewUint32(ctx, event->mask), JS_PROP_C_W_E);
        JS_DefinePropertyValueUint32(ctx, rows, count++, JS_NewUint32(ctx, event->cookie), JS_PROP_C_W_E);
        /* The name is padded with NULs. */
        JS_DefinePropertyValueUint32(ctx, rows, count++, new_name(ctx, event->name, strnlen(event->name, event->len)),
                                     JS_PROP_C_W_E);
        at += (ssize_t)(sizeof *event + event->len);
    }
    return rows;
}

static const JSCFunctionListEntry watches_entries[] = {
    JS_CFUNC_DEF("openWatches", 0, js_open_watches),
    JS_CFUNC_DEF("addWatch", 3, js_add_watch),
    JS_CFUNC_DEF("removeWatch", 2, js_remove_watch),
    JS_CFUNC_DEF("readChanges", 1, js_read_changes),
};
PORT(watches);
