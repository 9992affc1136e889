/*
 * Encodes protobuf messages (https://protobuf.dev/programming-guides/encoding/) by plans passed in from JavaScript; no
 * message type is known here. packages/contract/src/lite/lite-encode.ts is the same in TypeScript; the self-test
 * compares the two.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

/* Codes and rules of packages/contract/src/lite/lite-type.ts. */
enum { UINT32, BOOL, INT32, UINT64, INT64, DOUBLE, STRING, BYTES, MESSAGE, FIXED32, FIXED64 };
enum { IMPLICIT, EXPLICIT, REPEATED, MAP };
/*
 * One field in a plan: name, oneof or undefined, tag, code | rule << 4, function that returns a nested message's plan.
 */
enum { PLAN_NAME, PLAN_ONEOF, PLAN_TAG, PLAN_KIND, PLAN_TYPE, PLAN_STEP };
/* Memory that is kept after a large message, and the maximum nesting of messages. */
enum { KEPT = 16 * 1024, DEEPEST = 32 };

typedef struct {
    uint32_t tag;
    int code, rule;
    JSValue type;
} Field;

/* One message is encoded at a time; the buffer is reused. */
static uint8_t *out;
static size_t room, size;

static bool reserve(JSContext *ctx, size_t count)
{
    if (count <= room - size)
        return true;
    size_t wanted = room * 2 > size + count ? room * 2 : size + count;
    uint8_t *grown = realloc(out, wanted);
    if (!grown) {
        JS_ThrowOutOfMemory(ctx);
        return false;
    }
    out = grown;
    room = wanted;
    return true;
}

static bool put(JSContext *ctx, const void *bytes, size_t count)
{
    if (!reserve(ctx, count))
        return false;
    memcpy(out + size, bytes, count);
    size += count;
    return true;
}

static bool put_varint(JSContext *ctx, uint64_t value)
{
    if (!reserve(ctx, 10))
        return false;
    for (; value > 127; value >>= 7)
        out[size++] = (uint8_t)(value | 128);
    out[size++] = (uint8_t)value;
    return true;
}

/* Inserts the length before what was written since `start`. */
static bool close_delimited(JSContext *ctx, size_t start)
{
    uint8_t length[10];
    size_t count = 0, rest = size - start;
    for (; rest > 127; rest >>= 7)
        length[count++] = (uint8_t)(rest | 128);
    length[count++] = (uint8_t)rest;
    if (!reserve(ctx, count))
        return false;
    memmove(out + start + count, out + start, size - start);
    memcpy(out + start, length, count);
    size += count;
    return true;
}

static bool to_int64(JSContext *ctx, JSValueConst value, int64_t *number)
{
    return (JS_IsBigInt(ctx, value) ? JS_ToBigInt64(ctx, number, value) : JS_ToInt64(ctx, number, value)) == 0;
}

/* Whether a value is its field's default, which is not written. -0 is not the default. */
static int is_default(JSContext *ctx, int code, JSValueConst value)
{
    int64_t number;
    double real;
    size_t length;
    switch (code) {
    case MESSAGE:
        return 0;
    case STRING: {
        const char *text = JS_ToCStringLen(ctx, &length, value);
        JS_FreeCString(ctx, text);
        return text ? length == 0 : -1;
    }
    case BYTES:
        return get_bytes(ctx, value, &length) ? length == 0 : -1;
    case DOUBLE:
        return JS_ToFloat64(ctx, &real, value) ? -1 : real == 0 && !__builtin_signbit(real);
    case BOOL:
        return !JS_ToBool(ctx, value);
    default:
        return to_int64(ctx, value, &number) ? number == 0 : -1;
    }
}

static bool write_message(JSContext *ctx, JSValueConst plan, JSValueConst message, int depth);

static bool write_text(JSContext *ctx, JSValueConst value)
{
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    bool good = text && put_varint(ctx, length) && put(ctx, text, length);
    if (good)
        repair_surrogates(out + size - length, length);
    JS_FreeCString(ctx, text);
    return good;
}

static bool write_nested(JSContext *ctx, const Field *field, JSValueConst value, int depth)
{
    size_t start = size;
    JSValue plan = JS_Call(ctx, field->type, JS_UNDEFINED, 0, NULL);
    bool good = !JS_IsException(plan) && write_message(ctx, plan, value, depth + 1) && close_delimited(ctx, start);
    JS_FreeValue(ctx, plan);
    return good;
}

static bool write_value(JSContext *ctx, const Field *field, JSValueConst value, int depth)
{
    int64_t number;
    uint32_t small;
    double real;
    size_t length;
    const uint8_t *bytes;
    switch (field->code) {
    case UINT32:
        return !JS_ToUint32(ctx, &small, value) && put_varint(ctx, small);
    case BOOL:
        return put_varint(ctx, JS_ToBool(ctx, value) == 1);
    case INT32:
    case UINT64:
    case INT64:
        return to_int64(ctx, value, &number) && put_varint(ctx, (uint64_t)number);
    case DOUBLE:
        return !JS_ToFloat64(ctx, &real, value) && put(ctx, &real, sizeof real);
    case STRING:
        return write_text(ctx, value);
    case BYTES:
        bytes = get_bytes(ctx, value, &length);
        return bytes && put_varint(ctx, length) && put(ctx, bytes, length);
    case MESSAGE:
        return write_nested(ctx, field, value, depth);
    case FIXED32:
        return !JS_ToUint32(ctx, &small, value) && put(ctx, &small, sizeof small);
    default:
        return to_int64(ctx, value, &number) && put(ctx, &number, sizeof number);
    }
}

static bool write_field(JSContext *ctx, const Field *field, JSValueConst value, int depth)
{
    return put_varint(ctx, field->tag) && write_value(ctx, field, value, depth);
}

static bool write_repeated(JSContext *ctx, const Field *field, JSValueConst values, int depth)
{
    int64_t count;
    JSValue length = JS_GetPropertyStr(ctx, values, "length");
    if (JS_ToInt64(ctx, &count, length))
        return false;
    bool packed = (field->tag & 7) != 2, good = true;
    if (count == 0)
        return true;
    if (packed && !put_varint(ctx, (field->tag & ~7u) | 2))
        return false;
    size_t start = size;
    for (int64_t index = 0; good && index < count; index++) {
        JSValue value = JS_GetPropertyUint32(ctx, values, (uint32_t)index);
        good = !JS_IsException(value) && (packed ? write_value : write_field)(ctx, field, value, depth);
        JS_FreeValue(ctx, value);
    }
    return good && (!packed || close_delimited(ctx, start));
}

static bool write_entry(JSContext *ctx, const Field *field, JSValueConst entries, JSAtom key, int depth)
{
    Field name = {.tag = 10, .code = STRING}, content = *field;
    content.tag = 16 | (field->tag & 7);
    if (!put_varint(ctx, (field->tag & ~7u) | 2))
        return false;
    size_t start = size;
    JSValue text = JS_AtomToString(ctx, key), value = JS_GetProperty(ctx, entries, key);
    bool good = !JS_IsException(text) && !JS_IsException(value) && write_field(ctx, &name, text, depth) &&
                write_field(ctx, &content, value, depth) && close_delimited(ctx, start);
    JS_FreeValue(ctx, text);
    JS_FreeValue(ctx, value);
    return good;
}

static bool write_map(JSContext *ctx, const Field *field, JSValueConst entries, int depth)
{
    JSPropertyEnum *keys;
    uint32_t count;
    if (JS_GetOwnPropertyNames(ctx, &keys, &count, entries, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY))
        return false;
    bool good = true;
    for (uint32_t index = 0; index < count; index++) {
        good = good && write_entry(ctx, field, entries, keys[index].atom, depth);
        JS_FreeAtom(ctx, keys[index].atom);
    }
    js_free(ctx, keys);
    return good;
}

static bool write_by_rule(JSContext *ctx, const Field *field, JSValueConst value, int depth)
{
    if (JS_IsUndefined(value) || JS_IsNull(value))
        return true;
    if (field->rule == REPEATED)
        return write_repeated(ctx, field, value, depth);
    if (field->rule == MAP)
        return write_map(ctx, field, value, depth);
    int skip = field->rule == IMPLICIT ? is_default(ctx, field->code, value) : 0;
    return skip > 0 || (skip == 0 && write_field(ctx, field, value, depth));
}

/* A field of a oneof: {case, value}, written when `case` is its name. */
static bool write_choice(JSContext *ctx, const Field *field, JSValueConst message, JSAtom oneof, JSAtom name, int depth)
{
    JSValue choice = JS_GetProperty(ctx, message, oneof);
    if (!JS_IsObject(choice)) {
        JS_FreeValue(ctx, choice);
        return !JS_IsException(choice);
    }
    JSValue chosen = JS_GetPropertyStr(ctx, choice, "case");
    JSAtom atom = JS_IsString(chosen) ? JS_ValueToAtom(ctx, chosen) : JS_ATOM_NULL;
    bool good = true;
    if (atom == name) {
        JSValue value = JS_GetPropertyStr(ctx, choice, "value");
        good = !JS_IsException(value) && write_field(ctx, field, value, depth);
        JS_FreeValue(ctx, value);
    }
    if (atom != JS_ATOM_NULL)
        JS_FreeAtom(ctx, atom);
    JS_FreeValue(ctx, chosen);
    JS_FreeValue(ctx, choice);
    return good;
}

static bool write_planned(JSContext *ctx, JSValueConst plan, uint32_t at, JSValueConst message, int depth)
{
    uint32_t kind;
    Field field;
    JSValue part[PLAN_STEP];
    for (uint32_t index = 0; index < PLAN_STEP; index++)
        part[index] = JS_GetPropertyUint32(ctx, plan, at + index);
    JSAtom name = JS_ValueToAtom(ctx, part[PLAN_NAME]);
    bool good = name != JS_ATOM_NULL && !JS_ToUint32(ctx, &field.tag, part[PLAN_TAG]) && !JS_ToUint32(ctx, &kind, part[PLAN_KIND]);
    if (good) {
        field.code = (int)(kind & 15);
        field.rule = (int)(kind >> 4);
        field.type = part[PLAN_TYPE];
        if (JS_IsUndefined(part[PLAN_ONEOF])) {
            JSValue value = JS_GetProperty(ctx, message, name);
            good = !JS_IsException(value) && write_by_rule(ctx, &field, value, depth);
            JS_FreeValue(ctx, value);
        } else {
            JSAtom oneof = JS_ValueToAtom(ctx, part[PLAN_ONEOF]);
            good = oneof != JS_ATOM_NULL && write_choice(ctx, &field, message, oneof, name, depth);
            JS_FreeAtom(ctx, oneof);
        }
    }
    if (name != JS_ATOM_NULL)
        JS_FreeAtom(ctx, name);
    for (uint32_t index = 0; index < PLAN_STEP; index++)
        JS_FreeValue(ctx, part[index]);
    return good;
}

static bool write_message(JSContext *ctx, JSValueConst plan, JSValueConst message, int depth)
{
    uint32_t count;
    JSValue length = JS_GetPropertyStr(ctx, plan, "length");
    if (JS_ToUint32(ctx, &count, length))
        return false;
    if (depth > DEEPEST) {
        JS_ThrowRangeError(ctx, "messages are nested too deeply");
        return false;
    }
    for (uint32_t at = 0; at + PLAN_STEP <= count; at += PLAN_STEP)
        if (!write_planned(ctx, plan, at, message, depth))
            return false;
    return true;
}

/* encodeMessage(plan, message): Uint8Array. */
static JSValue js_encode_message(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    size = 0;
    JSValue result = write_message(ctx, argv[0], argv[1], 0) ? new_uint8_array(ctx, out, size) : JS_EXCEPTION;
    if (room > KEPT) {
        free(out);
        out = NULL;
        room = 0;
    }
    return result;
}

static const JSCFunctionListEntry protobuf_entries[] = {
    JS_CFUNC_DEF("encodeMessage", 2, js_encode_message),
};
PORT(protobuf);
