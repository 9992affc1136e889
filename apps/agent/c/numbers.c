/*
 * Numbers in text files such as /proc, without creating strings, which costs an interpreter thousands of instructions.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

/* The state of readNumbers between two pieces of a file. */
typedef struct {
    double *into, value;
    size_t room, count;
    bool in_number, after_word;
} Scan;

static void put_number(Scan *scan, double value)
{
    if (scan->count < scan->room)
        scan->into[scan->count++] = value;
}

static void scan_piece(Scan *scan, const uint8_t *bytes, size_t length)
{
    for (size_t index = 0; index < length && scan->count < scan->room; index++) {
        uint8_t byte = bytes[index];
        bool digit = byte >= '0' && byte <= '9', letter = ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte == '_';
        if (digit && scan->in_number) {
            scan->value = scan->value * 10 + (byte - '0');
            continue;
        }
        if (scan->in_number)
            put_number(scan, scan->value);
        scan->in_number = digit && !scan->after_word;
        scan->value = byte - '0';
        scan->after_word = letter || (digit && scan->after_word);
        if (byte == '\n')
            put_number(scan, NAN);
    }
}

/*
 * readNumbers(path, array): count. Every run of digits in a text file as a number, and NaN for each line end, until the
 * Float64Array is full. Digits right after a letter are part of a name and skipped.
 */
static JSValue js_read_numbers(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    uint8_t piece[4096];
    size_t offset, size, element, whole;
    Scan scan = {0};
    JSValue buffer = JS_GetTypedArrayBuffer(ctx, argv[1], &offset, &size, &element);
    if (JS_IsException(buffer))
        return JS_EXCEPTION;
    uint8_t *bytes = JS_GetArrayBuffer(ctx, &whole, buffer);
    JS_FreeValue(ctx, buffer);
    if (!bytes || element != sizeof(double) || offset > whole || size > whole - offset)
        return JS_ThrowTypeError(ctx, "expected a Float64Array");
    scan.into = (double *)(void *)(bytes + offset);
    scan.room = size / sizeof(double);
    const char *path = JS_ToCString(ctx, argv[0]);
    if (!path)
        return JS_EXCEPTION;
    ssize_t got = -1;
    int error = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        error = errno;
    while (fd >= 0 && scan.count < scan.room && (got = read(fd, piece, sizeof piece)) != 0) {
        if (got > 0)
            scan_piece(&scan, piece, (size_t)got);
        else if (errno != EINTR) {
            error = errno;
            break;
        }
    }
    if (scan.in_number)
        put_number(&scan, scan.value);
    JSValue result = error ? throw_errno(ctx, error, fd < 0 ? "open" : "read", path) : JS_NewUint32(ctx, (uint32_t)scan.count);
    if (fd >= 0)
        close(fd);
    JS_FreeCString(ctx, path);
    return result;
}

static const JSCFunctionListEntry numbers_entries[] = {
    JS_CFUNC_DEF("readNumbers", 2, js_read_numbers),
};
PORT(numbers);
