/*
 * innkeeper-agent: a QuickJS context with the module `host`, and the bundle as bytecode in it. There is no parser: eval
 * and regular expressions built at run time are not available.
 */
#include "host.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const Port *const ports[] = {
    &attributes_port,
    &bytes_port,
    &children_port,
    &clock_port,
    &directories_port,
    &entropy_port,
    &errors_port,
    &files_port,
    &filesystems_port,
    &freezer_port,
    &handover_port,
    &hashing_port,
    &jobs_port,
    &loop_port,
    &network_port,
    &numbers_port,
    &parts_port,
    &processes_port,
    &protobuf_port,
    &signature_port,
    &sockets_port,
    &system_port,
    &text_port,
    &watches_port,
};
enum { PORT_COUNT = sizeof ports / sizeof ports[0] };

/* Bytes allocated after the start until garbage is collected for the first time: more than the buffers of a session. */
enum { GARBAGE = 512 * 1024 };

static JSValue arguments;

/* A word on standard error, which is lost where it would have to wait: nobody reads it, and the agent has to go on. */
static void complain(const char *format, ...)
{
    char line[2048];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    if (length > 0)
        (void)!write_now(2, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

void print_exception(JSContext *ctx)
{
    JSValue exception = JS_GetException(ctx);
    const char *text = JS_ToCString(ctx, exception);
    complain("innkeeper-agent: uncaught: %s\n", text ? text : "?");
    JS_FreeCString(ctx, text);
    if (JS_IsError(ctx, exception)) {
        JSValue stack = JS_GetPropertyStr(ctx, exception, "stack");
        const char *trace = JS_ToCString(ctx, stack);
        complain("%s", trace ? trace : "");
        JS_FreeCString(ctx, trace);
        JS_FreeValue(ctx, stack);
    }
    JS_FreeValue(ctx, exception);
}

/* print(text): writes a line to standard error; printOut(text): to standard output. */
static JSValue js_print(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int magic)
{
    const char *text = JS_ToCString(ctx, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    fprintf(magic ? stdout : stderr, "%s\n", text);
    fflush(magic ? stdout : stderr);
    JS_FreeCString(ctx, text);
    return JS_UNDEFINED;
}

/* A process that writes to standard error what comes through the pipe whose end is returned, and ends with it; or -1. */
static int start_error_writer(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        char bytes[4096];
        ssize_t count;
        leave_loop_in_child();
        dup2(ends[0], 0);
        close_from_to(3, ~0u);
        /* A full disk loses what it loses. */
        while ((count = read(0, bytes, sizeof bytes)) > 0)
            (void)!write(2, bytes, (size_t)count);
        _exit(0);
    }
    close(ends[0]);
    if (pid < 0) {
        close(ends[1]);
        return -1;
    }
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    return ends[1];
}

/*
 * ownStandardError(): from here on, writing to it never waits. A terminal or pipe is opened once more, since O_NONBLOCK
 * belongs to the open file, which whoever started us shares. O_NONBLOCK does nothing for a file, whose disk may hang or
 * be frozen, so a process of its own writes there. What cannot be done leaves it as it is.
 */
static JSValue js_own_standard_error(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    struct stat info = {0};
    int fd = -1;
    if (fstat(2, &info) == 0 && S_ISREG(info.st_mode))
        fd = start_error_writer();
    else if (S_ISCHR(info.st_mode) || S_ISFIFO(info.st_mode))
        fd = open("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        dup2(fd, 2);
        close(fd);
    }
    return JS_UNDEFINED;
}

/* programArguments(): the command line; the first is the name that the program was called by. */
static JSValue js_arguments(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    return JS_DupValue(ctx, arguments);
}

static const JSCFunctionListEntry own_entries[] = {
    JS_CFUNC_MAGIC_DEF("print", 1, js_print, 0),
    JS_CFUNC_MAGIC_DEF("printOut", 1, js_print, 1),
    JS_CFUNC_DEF("programArguments", 0, js_arguments),
    JS_CFUNC_DEF("ownStandardError", 0, js_own_standard_error),
};

static int init_module(JSContext *ctx, JSModuleDef *module)
{
    for (int index = 0; index < PORT_COUNT; index++)
        if (JS_SetModuleExportList(ctx, module, ports[index]->entries, ports[index]->count) < 0)
            return -1;
    return JS_SetModuleExportList(ctx, module, own_entries, sizeof own_entries / sizeof own_entries[0]);
}

static bool add_module(JSContext *ctx)
{
    JSModuleDef *module = JS_NewCModule(ctx, "host", init_module);
    if (!module)
        return false;
    for (int index = 0; index < PORT_COUNT; index++)
        if (JS_AddModuleExportList(ctx, module, ports[index]->entries, ports[index]->count) < 0)
            return false;
    return JS_AddModuleExportList(ctx, module, own_entries, sizeof own_entries / sizeof own_entries[0]) == 0;
}

static JSContext *new_context(JSRuntime *runtime)
{
    JSContext *ctx = JS_NewContextRaw(runtime);
    if (!ctx)
        return NULL;
    JS_AddIntrinsicBaseObjects(ctx);
    JS_AddIntrinsicDate(ctx);
    JS_AddIntrinsicRegExp(ctx);
    JS_AddIntrinsicJSON(ctx);
    JS_AddIntrinsicMapSet(ctx);
    JS_AddIntrinsicTypedArrays(ctx);
    JS_AddIntrinsicPromise(ctx);
    return ctx;
}

static bool run_first_part(JSContext *ctx)
{
    JSValue module = read_part(ctx, 0);
    if (JS_IsException(module) || JS_ResolveModule(ctx, module) < 0)
        return false;
    JSValue result = JS_EvalFunction(ctx, module);
    if (JS_IsException(result))
        return false;
    /* A module's result is a promise; its rejection is the part's exception. */
    if (JS_PromiseState(ctx, result) == JS_PROMISE_REJECTED) {
        JS_Throw(ctx, JS_PromiseResult(ctx, result));
        return false;
    }
    JS_FreeValue(ctx, result);
    return true;
}

/* Rejections without a handler: one is often attached in the same turn, so they are reported after the jobs. */
static struct {
    JSValue promise, reason;
} rejections[16];
static size_t rejection_count;

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, JS_BOOL handled, void *opaque)
{
    size_t index = 0;
    if (!handled) {
        /* Sixteen at a time are enough for a diagnosis. */
        if (rejection_count == sizeof rejections / sizeof rejections[0])
            return;
        rejections[rejection_count].promise = JS_DupValue(ctx, promise);
        rejections[rejection_count++].reason = JS_DupValue(ctx, reason);
        return;
    }
    while (index < rejection_count && JS_VALUE_GET_PTR(rejections[index].promise) != JS_VALUE_GET_PTR(promise))
        index++;
    if (index == rejection_count)
        return;
    JS_FreeValue(ctx, rejections[index].promise);
    JS_FreeValue(ctx, rejections[index].reason);
    rejections[index] = rejections[--rejection_count];
}

void print_rejections(JSContext *ctx)
{
    while (rejection_count > 0) {
        JSValue promise = rejections[--rejection_count].promise, reason = rejections[rejection_count].reason;
        const char *text = JS_ToCString(ctx, reason);
        if (!text)
            JS_FreeValue(ctx, JS_GetException(ctx));
        complain("innkeeper-agent: unhandled rejection: %s\n", text ? text : "?");
        JS_FreeCString(ctx, text);
        JS_FreeValue(ctx, reason);
        JS_FreeValue(ctx, promise);
    }
}

/* If a standard descriptor were closed at the start, the first opened file would take its number. */
static bool open_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd < 3);
    return fd < 0 || close(fd) == 0;
}

static int run(int argc, char **argv)
{
    JSRuntime *runtime = JS_NewRuntime2(&heap_functions, NULL);
    JSContext *ctx = runtime ? new_context(runtime) : NULL;
    if (!ctx || start_loop() < 0) {
        perror("innkeeper-agent");
        return 1;
    }
    /* Nothing that is loaded at the start is garbage. */
    JS_SetGCThreshold(runtime, (size_t)-1);
    JS_SetModuleLoaderFunc(runtime, NULL, load_part, NULL);
    JS_SetHostPromiseRejectionTracker(runtime, on_rejection, NULL);
    arguments = JS_NewArray(ctx);
    for (int index = 0; index < argc; index++)
        JS_DefinePropertyValueUint32(ctx, arguments, (uint32_t)index, JS_NewString(ctx, argv[index]), JS_PROP_C_W_E);
    if (!add_module(ctx) || !run_first_part(ctx)) {
        print_exception(ctx);
        return 1;
    }
    /* Collecting a small heap often is cheap; the agent rarely creates cycles. */
    JS_SetGCThreshold(runtime, heap_used + GARBAGE);
    /* No teardown: the kernel frees memory faster than the collector. */
    return run_loop(ctx);
}

int main(int argc, char **argv)
{
    if (!open_standard_descriptors() || !start_handover(argv))
        return 1;
    int code = run(argc, argv);
    leave_trial(code);
    return code;
}
