/* Processes that run: reap, kill, resize their terminal. */
#include "host.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>

/* reap(): ended children, as [pid, exitCode | -1, signal | 0, userUs, systemUs, maxRssBytes, …] in one flat array. */
static JSValue js_reap(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    JSValue rows = JS_NewArray(ctx);
    uint32_t count = 0;
    struct rusage usage;
    int status;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        double row[] = {
            pid,
            WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            WIFSIGNALED(status) ? WTERMSIG(status) : 0,
            (double)usage.ru_utime.tv_sec * 1e6 + (double)usage.ru_utime.tv_usec,
            (double)usage.ru_stime.tv_sec * 1e6 + (double)usage.ru_stime.tv_usec,
            (double)usage.ru_maxrss * 1024,
        };
        for (size_t index = 0; index < sizeof row / sizeof row[0]; index++)
            JS_DefinePropertyValueUint32(ctx, rows, count++, JS_NewFloat64(ctx, row[index]), JS_PROP_C_W_E);
    }
    return rows;
}

/* kill(pid, signal); a negative pid means a process group. */
static JSValue js_kill(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t pid, number;
    if (JS_ToInt32(ctx, &pid, argv[0]) || JS_ToInt32(ctx, &number, argv[1]))
        return JS_EXCEPTION;
    return kill(pid, number) < 0 ? throw_errno(ctx, errno, "kill", NULL) : JS_UNDEFINED;
}

/* resizeTerminal(fd, columns, rows) */
static JSValue js_resize_terminal(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd, columns, rows;
    if (JS_ToInt32(ctx, &fd, argv[0]) || JS_ToInt32(ctx, &columns, argv[1]) || JS_ToInt32(ctx, &rows, argv[2]))
        return JS_EXCEPTION;
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    return ioctl(fd, TIOCSWINSZ, &size) < 0 ? throw_errno(ctx, errno, "ioctl", NULL) : JS_UNDEFINED;
}

/* becomeSubreaper(): whether orphaned descendants now become children of the agent. */
static JSValue js_become_subreaper(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    return JS_NewBool(ctx, prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
}

static const JSCFunctionListEntry children_entries[] = {
    JS_CFUNC_DEF("reap", 0, js_reap),
    JS_CFUNC_DEF("kill", 2, js_kill),
    JS_CFUNC_DEF("resizeTerminal", 3, js_resize_terminal),
    JS_CFUNC_DEF("becomeSubreaper", 0, js_become_subreaper),
};
PORT(children);
