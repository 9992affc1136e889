/*
 * innkeeper-agent: a QuickJS context with the module `host`, and the bundle as bytecode in it. There is no parser: eval
 * and regular expressions built at run time are not available.
 */
#include "host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const uint8_t agent_bundle[];
extern const uint32_t agent_bundle_size;

static const Port *const ports[] = {
    &bytes_port, &clock_port, &directories_port, &files_port, &jobs_port, &loop_port, &network_port, &numbers_port, &processes_port, &protobuf_port, &sockets_port, &system_port, &text_port,
};
enum { PORT_COUNT = sizeof ports / sizeof ports[0] };

static JSValue arguments;

void print_exception(JSContext *ctx)
{
    JSValue exception = JS_GetException(ctx);
    const char *text = JS_ToCString(ctx, exception);
    fprintf(stderr, "innkeeper-agent: uncaught: %s\n", text ? text : "?");
    JS_FreeCString(ctx, text);
    if (JS_IsError(ctx, exception)) {
        JSValue stack = JS_GetPropertyStr(ctx, exception, "stack");
        const char *trace = JS_ToCString(ctx, stack);
        fprintf(stderr, "%s", trace ? trace : "");
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

/* programArguments(): the command line without the program's name. */
static JSValue js_arguments(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    return JS_DupValue(ctx, arguments);
}

static const JSCFunctionListEntry own_entries[] = {
    JS_CFUNC_MAGIC_DEF("print", 1, js_print, 0),
    JS_CFUNC_MAGIC_DEF("printOut", 1, js_print, 1),
    JS_CFUNC_DEF("programArguments", 0, js_arguments),
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

static bool run_bundle(JSContext *ctx)
{
    JSValue module = JS_ReadObject(ctx, agent_bundle, agent_bundle_size, JS_READ_OBJ_BYTECODE | JS_READ_OBJ_ROM_DATA);
    if (JS_IsException(module) || JS_ResolveModule(ctx, module) < 0)
        return false;
    JSValue result = JS_EvalFunction(ctx, module);
    if (JS_IsException(result))
        return false;
    /* A module's result is a promise; its rejection is the bundle's exception. */
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
        fprintf(stderr, "innkeeper-agent: unhandled rejection: %s\n", text ? text : "?");
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

int main(int argc, char **argv)
{
    if (!open_standard_descriptors())
        return 1;
    JSRuntime *runtime = JS_NewRuntime2(&heap_functions, NULL);
    JSContext *ctx = runtime ? new_context(runtime) : NULL;
    if (!ctx || start_loop() < 0) {
        perror("innkeeper-agent");
        return 1;
    }
    /* Collecting a small heap often is cheap; the agent rarely creates cycles. */
    JS_SetGCThreshold(runtime, 512 * 1024);
    JS_SetHostPromiseRejectionTracker(runtime, on_rejection, NULL);
    arguments = JS_NewArray(ctx);
    for (int index = 1; index < argc; index++)
        JS_DefinePropertyValueUint32(ctx, arguments, (uint32_t)index - 1, JS_NewString(ctx, argv[index]), JS_PROP_C_W_E);
    if (!add_module(ctx) || !run_bundle(ctx)) {
        print_exception(ctx);
        return 1;
    }
    /* No teardown: the kernel frees memory faster than the collector. */
    return run_loop(ctx);
}
