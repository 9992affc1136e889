/* Conversion between JavaScript and C values. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

uint8_t *get_bytes(JSContext *ctx, JSValueConst value, size_t *length)
{
    size_t offset, size, element, whole;
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &size, &element);
    if (JS_IsException(buffer))
        return NULL;
    uint8_t *bytes = JS_GetArrayBuffer(ctx, &whole, buffer);
    JS_FreeValue(ctx, buffer);
    if (!bytes || element != 1 || offset > whole || size > whole - offset) {
        JS_ThrowTypeError(ctx, "expected a Uint8Array");
        return NULL;
    }
    *length = size;
    return bytes + offset;
}

uint8_t *get_slice(JSContext *ctx, JSValueConst array, JSValueConst offset, JSValueConst count, size_t *length)
{
    size_t size;
    int64_t from, wanted;
    uint8_t *bytes = get_bytes(ctx, array, &size);
    if (!bytes || JS_ToInt64(ctx, &from, offset) || JS_ToInt64(ctx, &wanted, count))
        return NULL;
    if (from < 0 || wanted < 0 || (uint64_t)from > size || (uint64_t)wanted > size - (uint64_t)from) {
        JS_ThrowRangeError(ctx, "slice is out of bounds");
        return NULL;
    }
    *length = (size_t)wanted;
    return bytes + from;
}

JSValue new_uint8_array(JSContext *ctx, const uint8_t *bytes, size_t length)
{
    JSValue buffer = JS_NewArrayBufferCopy(ctx, bytes, length);
    if (JS_IsException(buffer))
        return buffer;
    JSValueConst arguments[] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
    JSValue array = JS_NewTypedArray(ctx, 3, arguments, JS_TYPED_ARRAY_UINT8);
    JS_FreeValue(ctx, buffer);
    return array;
}

void set_number(JSContext *ctx, JSValueConst object, const char *name, double value)
{
    JS_DefinePropertyValueStr(ctx, object, name, JS_NewFloat64(ctx, value), JS_PROP_C_W_E);
}

void set_int64(JSContext *ctx, JSValueConst object, const char *name, int64_t value)
{
    JS_DefinePropertyValueStr(ctx, object, name, JS_NewBigInt64(ctx, value), JS_PROP_C_W_E);
}

void set_string(JSContext *ctx, JSValueConst object, const char *name, const char *value)
{
    JS_DefinePropertyValueStr(ctx, object, name, new_text(ctx, value, strlen(value)), JS_PROP_C_W_E);
}

char **get_strings(JSContext *ctx, JSValueConst array)
{
    int64_t count;
    JSValue length = JS_GetPropertyStr(ctx, array, "length");
    if (JS_ToInt64(ctx, &count, length))
        return NULL;
    char **strings = calloc((size_t)count + 1, sizeof *strings);
    if (!strings) {
        JS_ThrowOutOfMemory(ctx);
        return NULL;
    }
    for (int64_t index = 0; index < count; index++) {
        JSValue item = JS_GetPropertyUint32(ctx, array, (uint32_t)index);
        const char *text = JS_ToCString(ctx, item);
        strings[index] = text ? strdup(text) : NULL;
        JS_FreeCString(ctx, text);
        JS_FreeValue(ctx, item);
        if (text && !strings[index])
            JS_ThrowOutOfMemory(ctx);
        if (!strings[index]) {
            free_strings(strings);
            return NULL;
        }
    }
    return strings;
}

void free_strings(char **strings)
{
    if (!strings)
        return;
    for (char **string = strings; *string; string++)
        free(*string);
    free(strings);
}
