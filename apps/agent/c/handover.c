/*
 * Replacing the program of this process by another version of it (docs/adr/0013). Its children stay its children, and the
 * descriptors that the state lists stay open. The new program is on trial until it calls endTrial: when it ends by a
 * signal or with an error, or its time is over, the program before it is put back and takes over with the same state.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VARIABLE "INNKEEPER_HANDOVER="
enum { MAX_KEPT = 1024, FORMAT = 1 };

static const int trial_signals[] = {SIGALRM, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
enum { TRIAL_SIGNALS = sizeof trial_signals / sizeof trial_signals[0] };

static char own_path[PATH_BYTES], previous_path[PATH_BYTES + 16], variable[64];
static char **arguments, **environment;
/* What was handed over: the descriptor of the state, and those that it lists. */
static int state_fd = -1;
static int32_t kept[MAX_KEPT];
static size_t kept_count;
static bool on_trial, came_back;

/* The beginning of a state: its format, the number of descriptors, and the descriptors. */
static bool read_kept(int fd)
{
    uint32_t head[2];
    if (pread(fd, head, sizeof head, 0) != sizeof head || head[0] != FORMAT || head[1] > MAX_KEPT)
        return false;
    ssize_t size = (ssize_t)(head[1] * sizeof kept[0]);
    if (pread(fd, kept, (size_t)size, sizeof head) != size)
        return false;
    kept_count = head[1];
    return true;
}

static void keep_over_exec(bool keep)
{
    fcntl(state_fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
    for (size_t index = 0; index < kept_count; index++)
        fcntl(kept[index], F_SETFD, keep ? 0 : FD_CLOEXEC);
}

static bool find_own_path(void)
{
    ssize_t length = readlink("/proc/self/exe", own_path, sizeof own_path - 1);
    if (length <= 0)
        return false;
    own_path[length] = 0;
    snprintf(previous_path, sizeof previous_path, "%s.previous", own_path);
    return true;
}

/* Only what may be called in a handler of a signal. */
static _Noreturn void start_previous(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t index = 0; index < TRIAL_SIGNALS; index++)
        sigaddset(&set, trial_signals[index]);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    alarm(0);
    bool renamed = rename(previous_path, own_path) == 0;
    /* Where both are names of one file, rename(2) does nothing, and every start would come here again. */
    if (renamed)
        unlink(previous_path);
    execve(renamed ? own_path : previous_path, arguments, environment);
    _exit(1);
}

void roll_back(void)
{
    static const char message[] = "innkeeper-agent: the new version failed; the one before it continues\n";
    (void)!write_now(2, message, sizeof message - 1);
    keep_over_exec(true);
    start_previous();
}

static void on_failure(int number)
{
    roll_back();
}

void leave_trial(int code)
{
    if (on_trial && code != 0)
        roll_back();
}

/* The environment with the variable as it is; without it while it is empty. */
static bool set_environment(void)
{
    size_t count = 0, used = 0;
    while (environ[count])
        count++;
    environment = calloc(count + 2, sizeof *environment);
    if (!environment)
        return false;
    for (size_t index = 0; index < count; index++)
        if (strncmp(environ[index], VARIABLE, sizeof VARIABLE - 1) != 0)
            environment[used++] = environ[index];
    if (*variable)
        environment[used] = variable;
    return true;
}

static void begin_trial(void)
{
    static char stack[16 * 1024];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_failure, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigaltstack(&alternative, NULL);
    for (size_t index = 0; index < TRIAL_SIGNALS; index++)
        sigaction(trial_signals[index], &action, NULL);
    on_trial = true;
}

void leave_trial_in_child(void)
{
    for (size_t index = 0; on_trial && index < TRIAL_SIGNALS; index++)
        signal(trial_signals[index], SIG_DFL);
    on_trial = false;
}

bool start_handover(char **argv)
{
    arguments = argv;
    if (!find_own_path())
        return true;
    const char *given = getenv("INNKEEPER_HANDOVER");
    if (!given) {
        /* It ended during its trial in a way that left no time for a handler, or the guest was turned off. */
        if (argv[1] && strcmp(argv[1], "serve") == 0 && access(previous_path, X_OK) == 0 && set_environment())
            start_previous();
        return true;
    }
    char *end;
    state_fd = (int)strtol(given, &end, 10);
    came_back = *end == '-';
    snprintf(variable, sizeof variable, VARIABLE "%d-", state_fd);
    if (!set_environment())
        return false;
    if (!came_back)
        begin_trial();
    unsetenv("INNKEEPER_HANDOVER");
    bool good = read_kept(state_fd);
    keep_over_exec(false);
    if (!good)
        leave_trial(1);
    return good;
}

/* handedOver(): [descriptor of the state, whether the program after this one failed]; undefined after a usual start. */
static JSValue js_handed_over(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    if (state_fd < 0)
        return JS_UNDEFINED;
    JSValue pair = JS_NewArray(ctx);
    JS_DefinePropertyValueUint32(ctx, pair, 0, JS_NewInt32(ctx, state_fd), JS_PROP_C_W_E);
    JS_DefinePropertyValueUint32(ctx, pair, 1, JS_NewBool(ctx, came_back), JS_PROP_C_W_E);
    return pair;
}

/* programPath() */
static JSValue js_program_path(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    return JS_NewString(ctx, own_path);
}

/* createMemory() */
static JSValue js_create_memory(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int fd = memfd_create("handover", MFD_CLOEXEC);
    return fd < 0 ? throw_errno(ctx, errno, "memfd_create", NULL) : JS_NewInt32(ctx, fd);
}

/* handOver(state, seconds): starts what is at the program's path now. Throws only what is wrong with the state. */
static JSValue js_hand_over(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    int32_t fd;
    uint32_t seconds;
    if (JS_ToInt32(ctx, &fd, argv[0]) || JS_ToUint32(ctx, &seconds, argv[1]))
        return JS_EXCEPTION;
    if (!read_kept(fd))
        return throw_errno(ctx, EINVAL, "handover", NULL);
    state_fd = fd;
    snprintf(variable, sizeof variable, VARIABLE "%d", fd);
    if (!set_environment())
        return JS_ThrowOutOfMemory(ctx);
    keep_over_exec(true);
    alarm(seconds);
    execve(own_path, arguments, environment);
    /* The sessions are over by now, so the program that is still this one starts again. */
    strcat(variable, "-");
    start_previous();
}

/* endTrial(): nothing brings the program before this one back any more. */
static JSValue js_end_trial(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    alarm(0);
    for (size_t index = 0; on_trial && index < TRIAL_SIGNALS; index++)
        signal(trial_signals[index], SIG_DFL);
    on_trial = false;
    if (state_fd >= 0)
        close(state_fd);
    state_fd = -1;
    return JS_UNDEFINED;
}

/* giveUp(): on trial, starts the program before this one; otherwise exits with an error. */
static JSValue js_give_up(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    leave_trial(1);
    exit(1);
}

static const JSCFunctionListEntry handover_entries[] = {
    JS_CFUNC_DEF("handedOver", 0, js_handed_over), JS_CFUNC_DEF("programPath", 0, js_program_path),
    JS_CFUNC_DEF("createMemory", 0, js_create_memory), JS_CFUNC_DEF("handOver", 2, js_hand_over),
    JS_CFUNC_DEF("endTrial", 0, js_end_trial), JS_CFUNC_DEF("giveUp", 0, js_give_up),
};
PORT(handover);
