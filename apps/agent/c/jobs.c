/* fork(): JavaScript in a separate child, for calls that can hang in the kernel. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

void close_from_to(unsigned first, unsigned last)
{
    struct rlimit limit;
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    /* Before Linux 5.9: one by one. Descriptors lie below the limit. */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= last)
        last = (unsigned)limit.rlim_cur;
    for (unsigned fd = first; fd <= last; fd++)
        close((int)fd);
}

void close_all_but(int out, int keep)
{
    unsigned low = (unsigned)(keep < 3 || out < keep ? out : keep), high = (unsigned)(keep < 3 || out > keep ? out : keep);
    close_from_to(3, low - 1);
    close_from_to(low + 1, high - 1);
    close_from_to(high + 1, ~0u);
}

static _Noreturn void run_in_child(JSContext *ctx, JSValueConst function, int out, int keep)
{
    sigset_t none;
    sigemptyset(&none);
    leave_loop_in_child();
    close_all_but(out, keep);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    JSValue result = JS_Call(ctx, function, JS_UNDEFINED, 0, NULL);
    size_t length = 0;
    const char *text = JS_IsException(result) ? NULL : JS_ToCStringLen(ctx, &length, result);
    while (text && length > 0) {
        ssize_t put = write(out, text, length);
        if (put <= 0)
            break;
        text += put;
        length -= (size_t)put;
    }
    _exit(text ? 0 : 1);
}

/*
 * fork(function, keepFd): [pid, fd]. The function runs in a child; the text it returns can be read from fd, up to end
 * of file. It must not touch the loop. keepFd (or -1) stays open in it.
 */
static JSValue js_fork(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int ends[2];
    int32_t keep;
    if (JS_ToInt32(ctx, &keep, argv[1]))
        return JS_EXCEPTION;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return throw_errno(ctx, errno, "pipe", NULL);
    finish_hashing();
    pid_t pid = fork();
    if (pid == 0)
        run_in_child(ctx, argv[0], ends[1], keep);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return throw_errno(ctx, errno, "fork", NULL);
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    JSValue pair = JS_NewArray(ctx);
    JS_DefinePropertyValueUint32(ctx, pair, 0, JS_NewInt32(ctx, pid), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, pair, 1, JS_NewInt32(ctx, ends[0]), JS_PROP_C_W_E);
    return pair;
}

static const JSCFunctionListEntry jobs_entries[] = {JS_CFUNC_DEF("fork", 2, js_fork)};
PORT(jobs);
