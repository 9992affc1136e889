/* Processes: spawn with pipes or a terminal. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

/* What failed in the child. The texts lie where the parent has them, too. */
typedef struct {
    int error;
    const char *call, *path;
} Failure;

/*
 * All that the child needs, prepared before the fork: the child then shares the parent's memory and must not allocate.
 */
typedef struct {
    const char *directory, *group_entry;
    char **programs, **argv, **environment;
    bool has_identity;
    uint32_t uid, gid;
    gid_t *groups;
    size_t group_count;
    int in, out, err;
    bool terminal, in_group;
    mode_t umask;
    /* Written by the child. */
    volatile bool began;
    volatile Failure failure;
    const char *path;
    /* Its own way to report a failure if it does not share memory, or -1. */
    int report;
} Plan;

static _Noreturn void fail(Plan *plan, const char *call)
{
    Failure failure = {errno, call, plan->path};
    plan->failure = failure;
    ssize_t ignored = plan->report >= 0 ? write(plan->report, &failure, sizeof failure) : 0;
    (void)ignored;
    _exit(127);
}

/* Raw system calls for the identity: libc's wrappers would synchronise threads of the parent. */
static void become(Plan *plan)
{
    if (syscall(SYS_setgroups, plan->group_count, plan->groups) < 0)
        fail(plan, "setgroups");
    if (syscall(SYS_setresgid, plan->gid, plan->gid, plan->gid) < 0)
        fail(plan, "setgid");
    if (syscall(SYS_setresuid, plan->uid, plan->uid, plan->uid) < 0)
        fail(plan, "setuid");
}

/* dup2 onto itself keeps the close-on-exec flag, so it is cleared explicitly. */
static void place(Plan *plan, int from, int to)
{
    if ((from == to ? fcntl(from, F_SETFD, 0) : dup2(from, to)) < 0)
        fail(plan, "dup2");
}

/*
 * Sets every signal to its default action: the agent may have been started with some ignored, as by a shell in the
 * background. Raw system calls, since libc reserves some numbers.
 */
static void reset_signals(void)
{
    sigset_t none;
    uint64_t action[4] = {0};
    for (int number = 1; number <= 64; number++)
        syscall(SYS_rt_sigaction, number, action, NULL, 8);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* If the cgroup cannot be entered, the program runs outside it. */
static void enter_group(const Plan *plan)
{
    int fd = *plan->group_entry && !plan->in_group ? open(plan->group_entry, O_WRONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    ssize_t ignored = write(fd, "0", 1);
    (void)ignored;
    close(fd);
}

/* Lets the user's programs open their pipes by name (/dev/stdout). Leaves anything else, such as /dev/null, alone. */
static void give_pipes(const Plan *plan)
{
    struct stat info;
    for (int fd = 0; fd < 3; fd++)
        if (fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode) && fchown(fd, plan->uid, plan->gid) < 0)
            continue;
}

/*
 * Executes the first program that the user can, as execvp does: skips files that do not exist, are not executable, or lack
 * their interpreter. If none is left, reports the first of the latter two. A program given by its path is not searched.
 */
static _Noreturn void execute(Plan *plan)
{
    int error = ENOENT;
    bool named = strchr(plan->argv[0], '/') != NULL;
    const char *call = "execve", *path = plan->programs[0];
    for (char **program = plan->programs; *program; program++) {
        struct stat info;
        execve(*program, plan->argv, plan->environment);
        int refused = errno;
        bool there = stat(*program, &info) == 0 && (S_ISREG(info.st_mode) || named);
        bool passed = refused == ENOENT || refused == ENOTDIR || refused == EACCES || refused == ELOOP ||
                      refused == ENAMETOOLONG || refused == ESTALE || refused == ENODEV;
        if (!passed) {
            error = refused, call = "execve", path = *program;
            break;
        }
        if (there ? error == ENOENT && !strcmp(call, "execve") : named) {
            error = refused, path = *program;
            call = there && refused == ENOENT ? "interpreter" : "execve";
        }
    }
    plan->path = path;
    errno = error;
    fail(plan, call);
}

static _Noreturn void run_child(Plan *plan)
{
    setsid();
    if (plan->terminal && ioctl(plan->in, TIOCSCTTY, 0) < 0)
        fail(plan, "pty");
    /* As login does, so that the user's programs can open their terminal by name. */
    if (plan->terminal && plan->has_identity && fchown(plan->in, plan->uid, (gid_t)-1) < 0)
        fail(plan, "pty");
    place(plan, plan->in, 0);
    place(plan, plan->out, 1);
    place(plan, plan->err, 2);
    reset_signals();
    umask(plan->umask);
    enter_group(plan);
    if (plan->has_identity) {
        if (!plan->terminal)
            give_pipes(plan);
        become(plan);
    }
    plan->path = plan->directory;
    if (chdir(plan->directory) < 0)
        fail(plan, "chdir");
    execute(plan);
}

static bool get_identity(JSContext *ctx, JSValueConst value, Plan *plan)
{
    plan->has_identity = JS_IsObject(value);
    if (!plan->has_identity)
        return true;
    int64_t count = 0;
    JSValue uid = JS_GetPropertyStr(ctx, value, "uid"), gid = JS_GetPropertyStr(ctx, value, "gid");
    JSValue groups = JS_GetPropertyStr(ctx, value, "groups"), length = JS_GetPropertyStr(ctx, groups, "length");
    bool good = !JS_ToUint32(ctx, &plan->uid, uid) && !JS_ToUint32(ctx, &plan->gid, gid) && !JS_ToInt64(ctx, &count, length);
    plan->groups = calloc((size_t)count + 1, sizeof *plan->groups);
    if (good && !plan->groups)
        JS_ThrowOutOfMemory(ctx);
    plan->group_count = (size_t)count;
    for (int64_t index = 0; good && plan->groups && index < count; index++) {
        JSValue item = JS_GetPropertyUint32(ctx, groups, (uint32_t)index);
        good = !JS_ToUint32(ctx, &plan->groups[index], item);
        JS_FreeValue(ctx, item);
    }
    JS_FreeValue(ctx, groups);
    return good && plan->groups;
}

/* The three ends for the child (child[]) and for the agent (ours[], -1 for none). */
typedef struct {
    int child[3], ours[3];
} Ends;

static void close_all(int *descriptors)
{
    for (int index = 0; index < 3; index++) {
        bool first = descriptors[index] >= 0;
        for (int earlier = 0; earlier < index; earlier++)
            first = first && descriptors[earlier] != descriptors[index];
        if (first)
            close(descriptors[index]);
    }
}

static bool open_terminal(Ends *ends, int columns, int rows)
{
    char path[32];
    int number, zero = 0;
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (master < 0)
        return false;
    ends->ours[0] = master;
    if (ioctl(master, TIOCSPTLCK, &zero) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
        return false;
    snprintf(path, sizeof path, "/dev/pts/%d", number);
    int slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        return false;
    /* One descriptor per direction: epoll accepts a descriptor only once. */
    ends->ours[1] = fcntl(master, F_DUPFD_CLOEXEC, 0);
    if (ends->ours[1] < 0) {
        close(slave);
        return false;
    }
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    ioctl(slave, TIOCSWINSZ, &size);
    ends->child[0] = ends->child[1] = ends->child[2] = slave;
    return true;
}

static bool open_pipes(Ends *ends, bool with_stdin)
{
    int pair[2];
    if (with_stdin) {
        if (pipe2(pair, O_CLOEXEC) < 0)
            return false;
        ends->child[0] = pair[0];
        ends->ours[0] = pair[1];
    } else if ((ends->child[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)) < 0) {
        return false;
    }
    for (int index = 1; index < 3; index++) {
        if (pipe2(pair, O_CLOEXEC) < 0)
            return false;
        ends->child[index] = pair[1];
        ends->ours[index] = pair[0];
    }
    for (int index = 0; index < 3; index++)
        if (ends->ours[index] >= 0)
            fcntl(ends->ours[index], F_SETFL, O_NONBLOCK);
    return true;
}

static int child_main(void *plan)
{
    ((Plan *)plan)->began = true;
    run_child(plan);
}

/* Of a child after clone(CLONE_VM | CLONE_VFORK); known after the first one. An emulator of user programs copies. */
static enum { UNKNOWN, SHARED, COPIED } child_memory;

/* Waits until a child with its own memory has executed its program or failed, as CLONE_VFORK does elsewhere. */
static void await_child(Plan *plan, int report)
{
    Failure failure;
    ssize_t got;
    do
        got = read(report, &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    if (got == sizeof failure)
        plan->failure = failure;
}

/*
 * vfork semantics with a separate stack for the child: fast whatever the agent's size; errors return in shared memory.
 */
static pid_t clone_child(Plan *plan)
{
    static char stack[64 * 1024] __attribute__((aligned(16)));
    pid_t pid = -1;
#ifdef __SANITIZE_ADDRESS__
    /* The child before left its frames without returning from them. */
    __asan_unpoison_memory_region(stack, sizeof stack);
#endif
    plan->in_group = *plan->group_entry && child_memory == SHARED;
    if (plan->in_group)
        pid = clone_into_group(child_main, plan, plan->group_entry, stack, sizeof stack);
    /* A kernel with kill counts kills the child if the cgroup's differs from the agent's, though nobody asked for it. */
    if (pid > 0 && !plan->began) {
        waitpid(pid, NULL, 0);
        pid = -1;
    }
    if (pid > 0)
        return pid;
    plan->in_group = false;
    return clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, plan);
}

/* A child whose failure, if any, is known when this returns. -1 with errno. */
static pid_t start_child(Plan *plan)
{
    int report[2] = {-1, -1};
    sigset_t all, before;
    if (child_memory != SHARED && pipe2(report, O_CLOEXEC) < 0)
        return -1;
    plan->report = report[1];
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t pid = clone_child(plan);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (report[1] >= 0)
        close(report[1]);
    if (pid > 0 && child_memory == UNKNOWN)
        child_memory = plan->began ? SHARED : COPIED;
    if (pid > 0 && child_memory == COPIED)
        await_child(plan, report[0]);
    if (report[0] >= 0)
        close(report[0]);
    errno = error;
    return pid;
}

/*
 * spawn(programs, argv, environment, directory, identity | undefined, stdin, columns, rows, umask, groupEntry):
 *   [pid, stdin, stdout, stderr], -1 for an end that does not exist. columns > 0 asks for a terminal, returned both as
 *   stdin and as stdout. Throws with the errno and call of what failed in the child.
 */
static JSValue js_spawn(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    Plan plan = {0};
    Ends ends = {{-1, -1, -1}, {-1, -1, -1}};
    int32_t columns, rows, mask;
    JSValue result = JS_EXCEPTION;
    if (JS_ToInt32(ctx, &columns, argv[6]) || JS_ToInt32(ctx, &rows, argv[7]) || JS_ToInt32(ctx, &mask, argv[8]))
        return JS_EXCEPTION;
    plan.umask = (mode_t)mask;
    plan.programs = get_strings(ctx, argv[0]);
    plan.argv = get_strings(ctx, argv[1]);
    plan.environment = get_strings(ctx, argv[2]);
    plan.directory = JS_ToCString(ctx, argv[3]);
    plan.group_entry = JS_ToCString(ctx, argv[9]);
    plan.terminal = columns > 0;
    if (!plan.programs || !plan.argv || !plan.environment || !plan.directory || !plan.group_entry || !get_identity(ctx, argv[4], &plan))
        goto done;
    if (!(plan.terminal ? open_terminal(&ends, columns, rows) : open_pipes(&ends, JS_ToBool(ctx, argv[5])))) {
        result = throw_errno(ctx, errno, plan.terminal ? "pty" : "pipe", NULL);
        close_all(ends.ours);
        goto done;
    }
    plan.in = ends.child[0], plan.out = ends.child[1], plan.err = ends.child[2];
    pid_t pid = start_child(&plan);
    if (pid < 0 || plan.failure.error) {
        result = pid < 0 ? throw_errno(ctx, errno, "fork", NULL)
                         : throw_errno(ctx, plan.failure.error, plan.failure.call, plan.failure.path);
        if (pid > 0)
            waitpid(pid, NULL, 0);
        close_all(ends.ours);
        goto done;
    }
    result = JS_NewArray(ctx);
    JS_DefinePropertyValueUint32(ctx, result, 0, JS_NewInt32(ctx, pid), JS_PROP_C_W_E);
    for (uint32_t index = 0; index < 3; index++)
        JS_DefinePropertyValueUint32(ctx, result, index + 1, JS_NewInt32(ctx, ends.ours[index]), JS_PROP_C_W_E);
done:
    close_all(ends.child);
    free_strings(plan.programs);
    JS_FreeCString(ctx, plan.directory);
    JS_FreeCString(ctx, plan.group_entry);
    free_strings(plan.argv);
    free_strings(plan.environment);
    free(plan.groups);
    return result;
}

static const JSCFunctionListEntry processes_entries[] = {JS_CFUNC_DEF("spawn", 10, js_spawn)};
PORT(processes);
