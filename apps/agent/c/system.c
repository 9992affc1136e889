/* Clock, identity of the machine, power. */
#include "host.h"

#include <errno.h>
#include <linux/reboot.h>
#include <stdlib.h>
#include <sys/klog.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* now(clock): nanoseconds as BigInt; 0 CLOCK_REALTIME, 1 CLOCK_MONOTONIC. */
static JSValue js_now(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t clock;
    struct timespec time;
    if (JS_ToInt32(ctx, &clock, argv[0]))
        return JS_EXCEPTION;
    clock_gettime(clock, &time);
    return JS_NewBigInt64(ctx, (int64_t)time.tv_sec * 1000000000 + time.tv_nsec);
}

/* monotonicMs(): fractional milliseconds, without a BigInt. */
static JSValue js_monotonic_ms(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return JS_NewFloat64(ctx, (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6);
}

/* setRealtime(ns) */
static JSValue js_set_realtime(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int64_t ns;
    if (JS_ToBigInt64(ctx, &ns, argv[0]))
        return JS_EXCEPTION;
    struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    return clock_settime(CLOCK_REALTIME, &time) < 0 ? throw_errno(ctx, errno, "clock_settime", NULL) : JS_UNDEFINED;
}

static const JSCFunctionListEntry clock_entries[] = {
    JS_CFUNC_DEF("now", 1, js_now),
    JS_CFUNC_DEF("monotonicMs", 0, js_monotonic_ms),
    JS_CFUNC_DEF("setRealtime", 1, js_set_realtime),
};
PORT(clock);

static JSValue js_uname(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct utsname name;
    if (uname(&name) < 0)
        return throw_errno(ctx, errno, "uname", NULL);
    JSValue object = JS_NewObject(ctx);
    set_string(ctx, object, "sysname", name.sysname);
    set_string(ctx, object, "nodename", name.nodename);
    set_string(ctx, object, "release", name.release);
    set_string(ctx, object, "machine", name.machine);
    return object;
}

/* constants(): {pid, clockTicksPerSecond, pageSizeBytes, pidfd} */
static JSValue js_constants(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (pidfd >= 0)
        close(pidfd);
    JSValue object = JS_NewObject(ctx);
    set_number(ctx, object, "pid", getpid());
    set_number(ctx, object, "clockTicksPerSecond", (double)sysconf(_SC_CLK_TCK));
    set_number(ctx, object, "pageSizeBytes", (double)sysconf(_SC_PAGESIZE));
    JS_DefinePropertyValueStr(ctx, object, "pidfd", JS_NewBool(ctx, pidfd >= 0), JS_PROP_C_W_E);
    return object;
}

/* reboot(mode): 0 power off, 1 restart, 2 halt. The caller must sync first. */
static JSValue js_reboot(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    static const int commands[] = {RB_POWER_OFF, RB_AUTOBOOT, RB_HALT_SYSTEM};
    uint32_t mode;
    if (JS_ToUint32(ctx, &mode, argv[0]))
        return JS_EXCEPTION;
    if (mode >= sizeof commands / sizeof commands[0])
        return JS_ThrowRangeError(ctx, "invalid reboot mode");
    return reboot(commands[mode]) < 0 ? throw_errno(ctx, errno, "reboot", NULL) : JS_UNDEFINED;
}

/* sync(): run it in a helper; it can take long. */
static JSValue js_sync(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    sync();
    return JS_UNDEFINED;
}

/* kernelLogEnd(maxBytes): text. */
static JSValue js_kernel_log_end(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t limit;
    if (JS_ToInt32(ctx, &limit, argv[0]))
        return JS_EXCEPTION;
    char *text = malloc((size_t)limit);
    if (!text)
        return JS_ThrowOutOfMemory(ctx);
    int got = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, text, limit);
    JSValue result = got < 0 ? throw_errno(ctx, errno, "syslog", NULL) : new_text(ctx, text, (size_t)got);
    free(text);
    return result;
}

/* umask(mask) */
static JSValue js_umask(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t mask;
    if (JS_ToInt32(ctx, &mask, argv[0]))
        return JS_EXCEPTION;
    return JS_NewInt32(ctx, (int32_t)umask((mode_t)mask));
}

static const JSCFunctionListEntry system_entries[] = {
    JS_CFUNC_DEF("uname", 0, js_uname), JS_CFUNC_DEF("constants", 0, js_constants),
    JS_CFUNC_DEF("reboot", 1, js_reboot), JS_CFUNC_DEF("sync", 0, js_sync),
    JS_CFUNC_DEF("umask", 1, js_umask), JS_CFUNC_DEF("kernelLogEnd", 1, js_kernel_log_end),
};
PORT(system);
