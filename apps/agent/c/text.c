/*
 * Text: UTF-8 in and out, always well-formed (Unicode 15, table 3-7; invalid bytes become U+FFFD, Encoding section 4).
 */
#include "host.h"

#include <errno.h>
#include <string.h>

static const uint8_t replacement[] = {0xef, 0xbf, 0xbd};

/* The length of the sequence at `bytes`: well-formed, or (*good is false) the invalid part to replace by one U+FFFD. */
static size_t next_part(const uint8_t *bytes, size_t left, bool *good)
{
    uint8_t first = bytes[0];
    *good = first < 0x80;
    if (*good)
        return 1;
    size_t length = first >= 0xc2 && first <= 0xdf ? 2 : (first & 0xf0) == 0xe0 ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 1;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    for (size_t index = 1; index < length; index++, low = 0x80, high = 0xbf)
        if (index == left || bytes[index] < low || bytes[index] > high)
            return index;
    *good = length > 1;
    return length;
}

static size_t count_bad(const uint8_t *bytes, size_t length)
{
    size_t bad = 0;
    bool good;
    for (size_t at = 0; at < length;) {
        at += next_part(bytes + at, length - at, &good);
        bad += !good;
    }
    return bad;
}

static JSValue new_repaired_text(JSContext *ctx, const uint8_t *bytes, size_t length, size_t bad, bool escape)
{
    uint8_t *clean = js_malloc(ctx, length + bad * (sizeof replacement * (escape ? 3 : 1)));
    if (!clean)
        return JS_EXCEPTION;
    size_t size = 0;
    for (size_t at = 0; at < length;) {
        bool good;
        size_t step = next_part(bytes + at, length - at, &good);
        if (good) {
            memcpy(clean + size, bytes + at, step);
            size += step;
        } else if (escape) {
            /* One lone surrogate for each byte: U+DC80 to U+DCFF. */
            for (size_t index = at; index < at + step; index++) {
                clean[size++] = 0xed;
                clean[size++] = (uint8_t)(0xb2 | ((bytes[index] >> 6) & 1));
                clean[size++] = (uint8_t)(0x80 | (bytes[index] & 0x3f));
            }
        } else {
            memcpy(clean + size, replacement, sizeof replacement);
            size += sizeof replacement;
        }
        at += step;
    }
    JSValue text = JS_NewStringLen(ctx, (const char *)clean, size);
    js_free(ctx, clean);
    return text;
}

JSValue new_text(JSContext *ctx, const void *bytes, size_t length)
{
    size_t bad = count_bad(bytes, length);
    return bad == 0 ? JS_NewStringLen(ctx, bytes, length) : new_repaired_text(ctx, bytes, length, bad, false);
}

JSValue new_name(JSContext *ctx, const void *bytes, size_t length)
{
    size_t bad = count_bad(bytes, length);
    return bad == 0 ? JS_NewStringLen(ctx, bytes, length) : new_repaired_text(ctx, bytes, length, bad, true);
}

bool get_name(JSContext *ctx, JSValueConst value, char name[PATH_BYTES])
{
    size_t length, size = 0;
    const char *text = JS_ToCStringLen(ctx, &length, value);
    if (!text)
        return false;
    const uint8_t *bytes = (const uint8_t *)text;
    bool fits = length < PATH_BYTES && !memchr(text, 0, length);
    for (size_t at = 0; fits && at < length; at++) {
        /* U+DC80 to U+DCFF: ED B2 80 to ED B3 BF. */
        if (at + 2 < length && bytes[at] == 0xed && (bytes[at + 1] & 0xfe) == 0xb2) {
            name[size++] = (char)((bytes[at + 1] & 1) << 6 | (bytes[at + 2] & 0x3f) | 0x80);
            at += 2;
        } else {
            name[size++] = text[at];
        }
    }
    name[size] = 0;
    JS_FreeCString(ctx, text);
    if (!fits)
        throw_errno(ctx, length < PATH_BYTES ? EINVAL : ENAMETOOLONG, "name", NULL);
    return fits;
}

/* decodeUtf8(array, fatal): text; undefined when fatal and not well-formed. */
static JSValue js_decode_utf8(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    size_t length;
    const uint8_t *bytes = get_bytes(ctx, argv[0], &length);
    if (!bytes)
        return JS_EXCEPTION;
    if (JS_ToBool(ctx, argv[1]) && count_bad(bytes, length) > 0)
        return JS_UNDEFINED;
    return new_text(ctx, bytes, length);
}

/* Only surrogates are encoded with ED A0..BF. */
void repair_surrogates(uint8_t *bytes, size_t length)
{
    for (size_t at = 0; at + 2 < length; at++)
        if (bytes[at] == 0xed && bytes[at + 1] >= 0xa0)
            memcpy(bytes + at, replacement, sizeof replacement);
}

/* encodeUtf8(text): Uint8Array. */
static JSValue js_encode_utf8(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    size_t length;
    const char *text = JS_ToCStringLen(ctx, &length, argv[0]);
    if (!text)
        return JS_EXCEPTION;
    JSValue array = new_uint8_array(ctx, (const uint8_t *)text, length);
    JS_FreeCString(ctx, text);
    uint8_t *bytes = JS_IsException(array) ? NULL : get_bytes(ctx, array, &length);
    if (bytes)
        repair_surrogates(bytes, length);
    return array;
}

static const JSCFunctionListEntry text_entries[] = {
    JS_CFUNC_DEF("decodeUtf8", 2, js_decode_utf8),
    JS_CFUNC_DEF("encodeUtf8", 1, js_encode_utf8),
};
PORT(text);
