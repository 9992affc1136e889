/*
 * The agent's JavaScript: modules as bytecode in the program, of which part 0 is loaded at the start and each other one at
 * its first use. Those are compressed. docs/develop/agent-parts.md
 */
#include "host.h"
#include "inflate.h"

#include <stdlib.h>
#include <sys/mman.h>

/* Made by tools/build-agent/compile.ts. Part 0 is not compressed. */
extern const struct {
    uint32_t offset, stored, size;
} agent_parts[];
extern const uint32_t agent_part_count, agent_part_bytes_size;
/* The dictionary that parts were compressed with is the beginning of part 0, which is that of the bytes. */
extern const uint32_t agent_dictionary_size;
extern const uint8_t agent_part_bytes[];

static JSValue read_stored(JSContext *ctx, uint32_t part)
{
    const uint8_t *stored = agent_part_bytes + agent_parts[part].offset;
    size_t size = agent_parts[part].size;
    if (part == 0)
        return JS_ReadObject(ctx, stored, size, JS_READ_OBJ_BYTECODE);
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return JS_ThrowOutOfMemory(ctx);
    JSValue module = inflate(stored, agent_parts[part].stored, agent_part_bytes, agent_dictionary_size, bytes, size)
                         ? JS_ReadObject(ctx, bytes, size, JS_READ_OBJ_BYTECODE)
                         : JS_ThrowInternalError(ctx, "part %u of the program is damaged", part);
    munmap(bytes, size);
    return module;
}

JSValue read_part(JSContext *ctx, uint32_t part)
{
    JSValue module = read_stored(ctx, part);
    /* It is in the heap now; the pages of the file would only count as the agent's memory. */
    madvise((void *)agent_part_bytes, agent_part_bytes_size, MADV_DONTNEED);
    return module;
}

JSModuleDef *load_part(JSContext *ctx, const char *name, void *opaque)
{
    char *end;
    unsigned long part = strtoul(name, &end, 10);
    if (*end != '\0' || part >= agent_part_count) {
        JS_ThrowReferenceError(ctx, "there is no module %s", name);
        return NULL;
    }
    JSValue module = read_part(ctx, (uint32_t)part);
    if (JS_IsException(module))
        return NULL;
    JSModuleDef *definition = JS_VALUE_GET_PTR(module);
    /* The context refers to it as well. */
    JS_FreeValue(ctx, module);
    return definition;
}

/* loadPart(name): a promise of the module's exports. */
static JSValue js_load_part(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    const char *name = JS_ToCString(ctx, argv[0]);
    if (!name)
        return JS_EXCEPTION;
    JSValue promise = JS_LoadModule(ctx, "", name);
    JS_FreeCString(ctx, name);
    return promise;
}

static const JSCFunctionListEntry parts_entries[] = {JS_CFUNC_DEF("loadPart", 1, js_load_part)};
PORT(parts);
