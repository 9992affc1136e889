/*
 * Freezing file systems. A helper process holds the descriptors and the clock, so that the thaw depends on nothing: not on
 * the agent, which may be killed or stopped, and not on memory or files that would have to be read from a frozen disk.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_MOUNTS = 256 };
/* Reports to the agent and commands from it; host.d.ts explains them. */
enum { OPENED = 1, SYNCED = 2, FROZEN = 3, HELD = 4, RENEWED = 5, THAWED = 6, ENDED = 7 };
enum { RENEW = 1, THAW = 2 };
enum { BY_THAW = 1, BY_LEASE = 2, BY_AGENT = 3, BY_SIGNAL = 4, BY_TIMEOUT = 5 };

typedef struct {
    int32_t kind, value, error;
} Record;

typedef struct {
    char *paths[MAX_MOUNTS];
    const char *group_entry;
    uint32_t count;
    dev_t devices[MAX_MOUNTS];
    int descriptors[MAX_MOUNTS];
    bool started[MAX_MOUNTS], frozen[MAX_MOUNTS];
    int32_t sync_ms, freeze_ms, lease_ms;
    /* To the agent, from the agent, from the worker. */
    int reports, commands, results;
    pid_t worker;
} Freezer;

static volatile sig_atomic_t signaled;

static void on_signal(int number)
{
    signaled = number;
}

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Never waits: a stopped agent does not read, and a pipe holds all reports of one freeze. */
static void report(const Freezer *freezer, int32_t kind, int32_t value, int32_t error)
{
    Record record = {kind, value, error};
    (void)!write(freezer->reports, &record, sizeof record);
}

/* Writes "0" to the root's cgroup.procs, so that whatever kills the agent's cgroup does not kill the helper with it. */
static void leave_group(const Freezer *freezer)
{
    int fd = open(freezer->group_entry, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, "0", 1);
    close(fd);
}

/* ESTALE: another file system has been mounted over it. */
static void open_mounts(Freezer *freezer)
{
    for (uint32_t index = 0; index < freezer->count; index++) {
        struct stat info;
        int fd = open(freezer->paths[index], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        int error = fd < 0 ? errno : 0;
        if (fd >= 0 && freezer->devices[index] != 0 && (fstat(fd, &info) < 0 || info.st_dev != freezer->devices[index])) {
            close(fd);
            fd = -1;
            error = ESTALE;
        }
        freezer->descriptors[index] = fd;
        report(freezer, OPENED, (int32_t)index, error);
    }
}

/* In a process of its own, since FIFREEZE can hang where a file system below is frozen already. */
static _Noreturn void run_worker(const Freezer *freezer, pid_t helper, int out)
{
    Record record = {SYNCED, 0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* It may have ended before that: then nobody would thaw. */
    if (getppid() != helper)
        _exit(1);
    signal(SIGTERM, SIG_DFL);
    for (uint32_t index = 0; index < freezer->count; index++)
        if (freezer->descriptors[index] >= 0)
            syncfs(freezer->descriptors[index]);
    (void)!write(out, &record, sizeof record);
    for (uint32_t index = 0; index < freezer->count; index++) {
        if (freezer->descriptors[index] < 0)
            continue;
        record = (Record){OPENED, (int32_t)index, 0};
        (void)!write(out, &record, sizeof record);
        record = (Record){FROZEN, (int32_t)index, ioctl(freezer->descriptors[index], FIFREEZE, 0) < 0 ? errno : 0};
        (void)!write(out, &record, sizeof record);
    }
    _exit(0);
}

static void start_worker(Freezer *freezer)
{
    int ends[2];
    pid_t self = getpid();
    if (pipe2(ends, O_CLOEXEC) < 0)
        _exit(1);
    freezer->worker = fork();
    if (freezer->worker == 0)
        run_worker(freezer, self, ends[1]);
    close(ends[1]);
    if (freezer->worker < 0)
        _exit(1);
    freezer->results = ends[0];
}

/* One record of the worker; false at its end. */
static bool read_result(Freezer *freezer, Record *record)
{
    if (read(freezer->results, record, sizeof *record) != sizeof *record)
        return false;
    if (record->kind == OPENED)
        freezer->started[record->value] = true;
    else if (record->kind == FROZEN) {
        freezer->frozen[record->value] = record->error == 0;
        freezer->started[record->value] = false;
    }
    if (record->kind != OPENED)
        report(freezer, record->kind, record->value, record->error);
    return true;
}

static void thaw(Freezer *freezer, uint32_t index)
{
    int error = ioctl(freezer->descriptors[index], FITHAW, 0) < 0 ? errno : 0;
    freezer->frozen[index] = false;
    report(freezer, THAWED, (int32_t)index, error);
}

/* In the reverse order. What the worker was freezing when it was killed may be frozen, too: known when it has exited. */
static _Noreturn void end(Freezer *freezer, int32_t reason)
{
    Record record;
    if (freezer->worker > 0)
        kill(freezer->worker, SIGKILL);
    for (uint32_t index = freezer->count; index-- > 0;)
        if (freezer->frozen[index])
            thaw(freezer, index);
    if (freezer->worker > 0) {
        while (read_result(freezer, &record))
            if (record.kind == FROZEN && freezer->frozen[record.value])
                thaw(freezer, (uint32_t)record.value);
        waitpid(freezer->worker, NULL, 0);
    }
    for (uint32_t index = freezer->count; index-- > 0;)
        if (freezer->started[index])
            thaw(freezer, index);
    report(freezer, ENDED, reason, 0);
    _exit(0);
}

/* The reason to end, or 0. */
static int32_t take_commands(Freezer *freezer, bool held, int64_t *deadline)
{
    Record record;
    ssize_t got = read(freezer->commands, &record, sizeof record);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : BY_AGENT;
    if (got != sizeof record)
        return BY_AGENT;
    if (record.kind == THAW)
        return BY_THAW;
    if (record.kind == RENEW && held) {
        *deadline = now_ms() + record.value;
        report(freezer, RENEWED, record.value, 0);
    }
    return 0;
}

static _Noreturn void run_freezer(Freezer *freezer)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t none;
    bool held = false;
    leave_loop_in_child();
    close_all_but(freezer->reports, freezer->commands);
    prctl(PR_SET_NAME, "innkeeper-thaw");
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigemptyset(&none);
    leave_group(freezer);
    open_mounts(freezer);
    start_worker(freezer);
    /* Fails where memory is limited; then it works as long as nothing of it is paged out. */
    mlockall(MCL_CURRENT);
    int64_t deadline = now_ms() + freezer->sync_ms;
    for (;;) {
        struct pollfd polled[] = {{freezer->commands, POLLIN, 0}, {held ? -1 : freezer->results, POLLIN, 0}};
        int64_t left = deadline - now_ms();
        if (left <= 0)
            end(freezer, held ? BY_LEASE : BY_TIMEOUT);
        struct timespec timeout = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        /* The agent's signals stay blocked but for this wait. */
        int ready = ppoll(polled, 2, &timeout, &none);
        if (signaled)
            end(freezer, BY_SIGNAL);
        if (ready <= 0)
            continue;
        /* The lease may have run out before its renewal is read: then it has. */
        if (now_ms() >= deadline)
            continue;
        int32_t reason = polled[0].revents ? take_commands(freezer, held, &deadline) : 0;
        if (reason)
            end(freezer, reason);
        if (polled[1].revents) {
            Record record;
            if (read_result(freezer, &record)) {
                if (record.kind == SYNCED)
                    deadline = now_ms() + freezer->freeze_ms;
                continue;
            }
            int status = 0;
            waitpid(freezer->worker, &status, 0);
            freezer->worker = 0;
            /* Killed: what it was freezing may be frozen, and what came after that is not. */
            if (status != 0)
                end(freezer, BY_SIGNAL);
            held = true;
            deadline = now_ms() + freezer->lease_ms;
            report(freezer, HELD, freezer->lease_ms, 0);
        }
    }
}

/* Copies the paths, whose bytes need not be UTF-8; false after an exception. */
static bool get_paths(JSContext *ctx, JSValueConst array, Freezer *freezer)
{
    int64_t length = 0;
    JSValue value = JS_GetPropertyStr(ctx, array, "length");
    if (JS_ToInt64(ctx, &length, value))
        return false;
    if (length > MAX_MOUNTS) {
        throw_errno(ctx, E2BIG, "startFreezer", NULL);
        return false;
    }
    for (uint32_t index = 0; index < length; index++) {
        char path[PATH_BYTES];
        JSValue item = JS_GetPropertyUint32(ctx, array, index);
        bool good = get_name(ctx, item, path);
        JS_FreeValue(ctx, item);
        if (!good)
            return false;
        char *copy = strdup(path);
        if (!copy) {
            JS_ThrowOutOfMemory(ctx);
            return false;
        }
        freezer->paths[freezer->count++] = copy;
    }
    return true;
}

/* Pairs of numbers, major and minor, into devices; false after an exception. */
static bool get_devices(JSContext *ctx, JSValueConst array, Freezer *freezer)
{
    for (uint32_t index = 0; index < freezer->count; index++) {
        uint32_t numbers[2];
        for (uint32_t half = 0; half < 2; half++) {
            JSValue item = JS_GetPropertyUint32(ctx, array, 2 * index + half);
            int failed = JS_ToUint32(ctx, &numbers[half], item);
            JS_FreeValue(ctx, item);
            if (failed)
                return false;
        }
        freezer->devices[index] = makedev(numbers[0], numbers[1]);
    }
    return true;
}

/* [pid, reports, commands] of a new helper, or an exception. */
static JSValue start_helper(JSContext *ctx, Freezer *freezer)
{
    int reports[2], commands[2];
    if (pipe2(reports, O_CLOEXEC | O_NONBLOCK) < 0)
        return throw_errno(ctx, errno, "pipe", NULL);
    if (pipe2(commands, O_CLOEXEC | O_NONBLOCK) < 0) {
        JSValue error = throw_errno(ctx, errno, "pipe", NULL);
        close(reports[0]);
        close(reports[1]);
        return error;
    }
    freezer->reports = reports[1];
    freezer->commands = commands[0];
    pid_t pid = fork();
    if (pid == 0)
        run_freezer(freezer);
    int error = errno;
    close(reports[1]);
    close(commands[0]);
    if (pid < 0) {
        close(reports[0]);
        close(commands[1]);
        return throw_errno(ctx, error, "fork", NULL);
    }
    int32_t numbers[] = {pid, reports[0], commands[1]};
    JSValue result = JS_NewArray(ctx);
    for (uint32_t index = 0; index < 3; index++)
        JS_DefinePropertyValueUint32(ctx, result, index, JS_NewInt32(ctx, numbers[index]), JS_PROP_C_W_E);
    return result;
}

/* startFreezer(paths, devices, groupEntry, syncMs, freezeMs, leaseMs): [pid, reports, commands] */
static JSValue js_start_freezer(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    Freezer *freezer = calloc(1, sizeof *freezer);
    JSValue result = JS_EXCEPTION;
    if (!freezer)
        return JS_ThrowOutOfMemory(ctx);
    freezer->group_entry = JS_ToCString(ctx, argv[2]);
    if (freezer->group_entry && get_paths(ctx, argv[0], freezer) && get_devices(ctx, argv[1], freezer) &&
        !JS_ToInt32(ctx, &freezer->sync_ms, argv[3]) && !JS_ToInt32(ctx, &freezer->freeze_ms, argv[4]) &&
        !JS_ToInt32(ctx, &freezer->lease_ms, argv[5]))
        result = start_helper(ctx, freezer);
    for (uint32_t index = 0; index < freezer->count; index++)
        free(freezer->paths[index]);
    JS_FreeCString(ctx, freezer->group_entry);
    free(freezer);
    return result;
}

static const JSCFunctionListEntry freezer_entries[] = {JS_CFUNC_DEF("startFreezer", 6, js_start_freezer)};
PORT(freezer);
