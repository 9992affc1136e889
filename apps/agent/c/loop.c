/*
 * The event loop: epoll for descriptors, a list of timers for its timeout, a signalfd for signals. Promise jobs run
 * after every callback. Without timers it sleeps with no timeout: an idle agent has no wake-ups.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* One watched descriptor. Slots are reused; the generation identifies events meant for an earlier user. */
typedef struct {
    int fd;
    uint32_t generation;
    JSValue callback;
} Watch;

typedef struct Timer {
    struct Timer *next;
    int64_t due_ns;
    int32_t id;
    JSValue callback;
} Timer;

static int epoll_fd = -1, signal_fd = -1;
static Watch *watches;
static size_t watch_count;
static Timer *timers;
static int32_t last_timer_id;
/* Zeroed memory holds the number 0: no function. */
static JSValue signal_callback;
static bool exiting;
static int exit_code;

static int64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int start_loop(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGIO);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (epoll_fd < 0 || signal_fd < 0)
        return -1;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = UINT64_MAX};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, signal_fd, &event);
}

void leave_loop_in_child(void)
{
    close(epoll_fd);
    close(signal_fd);
    epoll_fd = signal_fd = -1;
    leave_hashing_in_child();
    leave_trial_in_child();
}

void run_jobs(JSContext *ctx)
{
    JSContext *job;
    int result;
    while ((result = JS_ExecutePendingJob(JS_GetRuntime(ctx), &job)) != 0)
        if (result < 0)
            print_exception(job);
    print_rejections(ctx);
}

static void call(JSContext *ctx, JSValueConst callback, int argc, JSValueConst *argv)
{
    JSValue held = JS_DupValue(ctx, callback);
    JSValue result = JS_Call(ctx, held, JS_UNDEFINED, argc, argv);
    if (JS_IsException(result))
        print_exception(ctx);
    JS_FreeValue(ctx, result);
    JS_FreeValue(ctx, held);
    run_jobs(ctx);
}

/*
 * watch(fd, events, callback(events)): slot. events: 1 readable, 2 writable; the callback may also get 4 (error or
 * hang-up).
 */
static JSValue js_watch(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd, events;
    if (JS_ToInt32(ctx, &fd, argv[0]) || JS_ToInt32(ctx, &events, argv[1]))
        return JS_EXCEPTION;
    size_t slot = 0;
    while (slot < watch_count && watches[slot].fd >= 0)
        slot++;
    if (slot == watch_count) {
        Watch *grown = realloc(watches, (watch_count + 16) * sizeof *grown);
        if (!grown)
            return JS_ThrowOutOfMemory(ctx);
        watches = grown;
        for (size_t index = watch_count; index < watch_count + 16; index++)
            watches[index] = (Watch){.fd = -1, .callback = JS_UNDEFINED};
        watch_count += 16;
    }
    Watch *watch = &watches[slot];
    uint32_t generation = watch->generation + 1;
    struct epoll_event event = {
        .events = (events & 1 ? EPOLLIN : 0) | (events & 2 ? EPOLLOUT : 0),
        .data.u64 = (uint64_t)generation << 32 | slot,
    };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return throw_errno(ctx, errno, "epoll_ctl", NULL);
    *watch = (Watch){.fd = fd, .generation = generation, .callback = JS_DupValue(ctx, argv[2])};
    return JS_NewUint32(ctx, (uint32_t)slot);
}

static Watch *watch_of(JSContext *ctx, JSValueConst value)
{
    uint32_t slot;
    if (JS_ToUint32(ctx, &slot, value))
        return NULL;
    return slot < watch_count && watches[slot].fd >= 0 ? &watches[slot] : NULL;
}

/* rewatch(slot, events) */
static JSValue js_rewatch(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t events;
    Watch *watch = watch_of(ctx, argv[0]);
    if (!watch || JS_ToInt32(ctx, &events, argv[1]))
        return JS_ThrowRangeError(ctx, "no such watch");
    struct epoll_event event = {
        .events = (events & 1 ? EPOLLIN : 0) | (events & 2 ? EPOLLOUT : 0),
        .data.u64 = (uint64_t)watch->generation << 32 | (uint64_t)(watch - watches),
    };
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) < 0)
        return throw_errno(ctx, errno, "epoll_ctl", NULL);
    return JS_UNDEFINED;
}

/* unwatch(slot); call it before the descriptor is closed. */
static JSValue js_unwatch(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    Watch *watch = watch_of(ctx, argv[0]);
    if (!watch)
        return JS_UNDEFINED;
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    JSValue callback = watch->callback;
    watch->fd = -1;
    watch->callback = JS_UNDEFINED;
    JS_FreeValue(ctx, callback);
    return JS_UNDEFINED;
}

/* setTimer(delayMs, callback): id */
static JSValue js_set_timer(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    double delay_ms;
    if (JS_ToFloat64(ctx, &delay_ms, argv[0]))
        return JS_EXCEPTION;
    Timer *timer = malloc(sizeof *timer);
    if (!timer)
        return JS_ThrowOutOfMemory(ctx);
    timer->due_ns = now_ns() + (int64_t)(fmax(delay_ms, 0) * 1e6);
    timer->id = ++last_timer_id;
    timer->callback = JS_DupValue(ctx, argv[1]);
    Timer **place = &timers;
    while (*place && (*place)->due_ns <= timer->due_ns)
        place = &(*place)->next;
    timer->next = *place;
    *place = timer;
    return JS_NewInt32(ctx, timer->id);
}

static JSValue js_clear_timer(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t id;
    if (JS_ToInt32(ctx, &id, argv[0]))
        return JS_EXCEPTION;
    for (Timer **place = &timers; *place; place = &(*place)->next) {
        if ((*place)->id != id)
            continue;
        Timer *timer = *place;
        *place = timer->next;
        JS_FreeValue(ctx, timer->callback);
        free(timer);
        break;
    }
    return JS_UNDEFINED;
}

/* onSignal(callback(number)): SIGCHLD, SIGTERM, SIGINT, SIGIO. */
static JSValue js_on_signal(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    JS_FreeValue(ctx, signal_callback);
    signal_callback = JS_DupValue(ctx, argv[0]);
    return JS_UNDEFINED;
}

/* exit(code): takes effect after the current callback and its promise jobs. */
static JSValue js_exit(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    exiting = true;
    return JS_ToInt32(ctx, &exit_code, argv[0]) ? JS_EXCEPTION : JS_UNDEFINED;
}

static void run_timers(JSContext *ctx)
{
    int64_t now = now_ns();
    while (timers && timers->due_ns <= now && !exiting) {
        Timer *timer = timers;
        timers = timer->next;
        call(ctx, timer->callback, 0, NULL);
        JS_FreeValue(ctx, timer->callback);
        free(timer);
    }
}

static void read_signals(JSContext *ctx)
{
    struct signalfd_siginfo info;
    while (read(signal_fd, &info, sizeof info) == sizeof info) {
        JSValue number = JS_NewUint32(ctx, info.ssi_signo);
        if (JS_IsFunction(ctx, signal_callback))
            call(ctx, signal_callback, 1, (JSValueConst *)&number);
    }
}

static void dispatch(JSContext *ctx, const struct epoll_event *event)
{
    if (event->data.u64 == UINT64_MAX) {
        read_signals(ctx);
        return;
    }
    size_t slot = (uint32_t)event->data.u64;
    /* An earlier event of this round may have removed this watch. */
    if (watches[slot].fd < 0 || watches[slot].generation != event->data.u64 >> 32)
        return;
    int events = (event->events & EPOLLIN ? 1 : 0) | (event->events & EPOLLOUT ? 2 : 0) |
                 (event->events & (EPOLLERR | EPOLLHUP) ? 4 : 0);
    JSValue value = JS_NewInt32(ctx, events);
    call(ctx, watches[slot].callback, 1, (JSValueConst *)&value);
}

static int timeout_ms(void)
{
    if (!timers)
        return -1;
    int64_t left = timers->due_ns - now_ns();
    if (left <= 0)
        return 0;
    int64_t ms = (left + 999999) / 1000000;
    return ms > 1000000 ? 1000000 : (int)ms;
}

int run_loop(JSContext *ctx)
{
    run_jobs(ctx);
    while (!exiting) {
        struct epoll_event events[16];
        int count = epoll_wait(epoll_fd, events, 16, timeout_ms());
        if (count < 0 && errno != EINTR)
            return 1;
        for (int index = 0; index < count && !exiting; index++)
            dispatch(ctx, &events[index]);
        run_timers(ctx);
    }
    return exit_code;
}

static const JSCFunctionListEntry loop_entries[] = {
    JS_CFUNC_DEF("watch", 3, js_watch),           JS_CFUNC_DEF("rewatch", 2, js_rewatch),
    JS_CFUNC_DEF("unwatch", 1, js_unwatch),       JS_CFUNC_DEF("setTimer", 2, js_set_timer),
    JS_CFUNC_DEF("clearTimer", 1, js_clear_timer), JS_CFUNC_DEF("onSignal", 1, js_on_signal),
    JS_CFUNC_DEF("exit", 1, js_exit),
};
PORT(loop);
