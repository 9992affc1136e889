/*
 * Byte operations that would be too slow in JavaScript: CRC-32C, zero runs, base64, random. UTF-8 is in text.c, SHA-256 in
 * hashing.c.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

/* Slicing by 8, for the reflected Castagnoli polynomial (RFC 3720, appendix B.4). */
static uint32_t table[8][256];

static void make_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
        table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int slice = 1; slice < 8; slice++)
            table[slice][byte] = (table[slice - 1][byte] >> 8) ^ table[0][table[slice - 1][byte] & 0xff];
}

static uint32_t crc_by_table(uint32_t crc, const uint8_t *bytes, size_t length)
{
    if (!table[0][1])
        make_table();
    for (; length >= 8; length -= 8, bytes += 8) {
        uint32_t low, high;
        memcpy(&low, bytes, 4);
        memcpy(&high, bytes + 4, 4);
        low ^= crc;
        crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^ table[4][low >> 24] ^
              table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^ table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    while (length--)
        crc = (crc >> 8) ^ table[0][(crc ^ *bytes++) & 0xff];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_by_cpu(uint32_t crc, const uint8_t *bytes, size_t length)
{
    uint64_t wide = crc;
    for (; length >= 8; length -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    while (length--)
        crc = _mm_crc32_u8(crc, *bytes++);
    return crc;
}
#elif defined(__aarch64__)
__attribute__((target("+crc"))) static uint32_t crc_by_cpu(uint32_t crc, const uint8_t *bytes, size_t length)
{
    for (; length >= 8; length -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        crc = __crc32cd(crc, word);
    }
    while (length--)
        crc = __crc32cb(crc, *bytes++);
    return crc;
}
#endif

#if defined(__x86_64__)
/*
 * Whether the CPU has the instruction natively. QEMU's emulation computes it bit by bit, four times slower than the
 * table. Asked at first use and of the CPU alone: in a guest each CPUID is an exit to the hypervisor, and
 * __builtin_cpu_supports makes dozens of them at every start.
 */
static bool cpu_has_crc(void)
{
    static int known = -1;
    unsigned eax, vendor[3];
    if (known < 0) {
        known = __get_cpuid(1, &eax, &vendor[0], &vendor[1], &vendor[2]) && (vendor[1] & bit_SSE4_2);
        /* Bit 31 of leaf 1: running under a hypervisor, whose name is in leaf 0x40000000. */
        if (known && vendor[1] >> 31) {
            __cpuid(0x40000000, eax, vendor[0], vendor[1], vendor[2]);
            known = memcmp(vendor, "TCGTCGTCGTCG", sizeof vendor) != 0;
        }
    }
    return known;
}
#elif defined(__aarch64__)
static bool cpu_has_crc(void)
{
    return getauxval(AT_HWCAP) & HWCAP_CRC32;
}
#endif

static uint32_t crc_of(const uint8_t *bytes, size_t length, uint32_t seed)
{
#if defined(__x86_64__) || defined(__aarch64__)
    if (cpu_has_crc())
        return ~crc_by_cpu(~seed, bytes, length);
#endif
    return ~crc_by_table(~seed, bytes, length);
}

/* crc32c(array, seed): number. seed is an earlier result, 0 to start. */
static JSValue js_crc32c(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    size_t length;
    uint32_t seed;
    const uint8_t *bytes = get_bytes(ctx, argv[0], &length);
    if (!bytes || JS_ToUint32(ctx, &seed, argv[1]))
        return JS_EXCEPTION;
    return JS_NewUint32(ctx, crc_of(bytes, length, seed));
}

/* putCrc32c(array, from, to, at); with magic hasCrc32c(array, from, to, at): boolean. */
static JSValue js_crc32c_at(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int is_check)
{
    size_t length;
    uint32_t from, to, at;
    uint8_t *bytes = get_bytes(ctx, argv[0], &length);
    if (!bytes || JS_ToUint32(ctx, &from, argv[1]) || JS_ToUint32(ctx, &to, argv[2]) || JS_ToUint32(ctx, &at, argv[3]))
        return JS_EXCEPTION;
    if (from > to || to > length || at > length || length - at < 4)
        return JS_ThrowRangeError(ctx, "crc32c: out of bounds");
    uint32_t crc = crc_of(bytes + from, to - from, 0);
    uint8_t stored[4] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)};
    if (is_check)
        return JS_NewBool(ctx, memcmp(bytes + at, stored, 4) == 0);
    memcpy(bytes + at, stored, 4);
    return JS_UNDEFINED;
}

/* matches(array, at, part): boolean */
static JSValue js_matches(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    size_t length, size;
    uint32_t at;
    const uint8_t *bytes = get_bytes(ctx, argv[0], &length);
    const uint8_t *part = bytes ? get_bytes(ctx, argv[2], &size) : NULL;
    if (!part || JS_ToUint32(ctx, &at, argv[1]))
        return JS_EXCEPTION;
    return JS_NewBool(ctx, at <= length && size <= length - at && memcmp(bytes + at, part, size) == 0);
}

static JSValue js_count_leading_zeros(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    size_t length, at = 0;
    const uint8_t *bytes = get_bytes(ctx, argv[0], &length);
    if (!bytes)
        return JS_EXCEPTION;
    for (uint64_t word; length - at >= 8; at += 8) {
        memcpy(&word, bytes + at, 8);
        if (word)
            break;
    }
    while (at < length && bytes[at] == 0)
        at++;
    return JS_NewFloat64(ctx, (double)at);
}

/* encodeBase64(bytes, into): length. */
static JSValue js_encode_base64(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length, room, to = 0;
    const uint8_t *bytes = get_bytes(ctx, argv[0], &length);
    uint8_t *into = bytes ? get_bytes(ctx, argv[1], &room) : NULL;
    if (!into)
        return JS_EXCEPTION;
    if (room / 4 < (length + 2) / 3)
        return JS_ThrowRangeError(ctx, "encodeBase64: no room");
    for (size_t at = 0; at < length; at += 3) {
        size_t left = length - at;
        uint32_t group = bytes[at] << 16 | (left > 1 ? bytes[at + 1] << 8 : 0) | (left > 2 ? bytes[at + 2] : 0);
        into[to++] = alphabet[group >> 18];
        into[to++] = alphabet[group >> 12 & 63];
        into[to++] = left > 1 ? alphabet[group >> 6 & 63] : '=';
        into[to++] = left > 2 ? alphabet[group & 63] : '=';
    }
    return JS_NewFloat64(ctx, (double)to);
}

static uint8_t base64_values[256];

static void make_base64_values(void)
{
    memset(base64_values, 64, sizeof base64_values);
    for (int value = 0; value < 26; value++) {
        base64_values['A' + value] = value;
        base64_values['a' + value] = 26 + value;
    }
    for (int value = 0; value < 10; value++)
        base64_values['0' + value] = 52 + value;
    base64_values['+'] = 62;
    base64_values['/'] = 63;
}

/* decodeBase64(text, into): groups. */
static JSValue js_decode_base64(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    size_t length, room, group = 0;
    const uint8_t *text = get_bytes(ctx, argv[0], &length);
    uint8_t *into = text ? get_bytes(ctx, argv[1], &room) : NULL;
    if (!into)
        return JS_EXCEPTION;
    if (!base64_values[0])
        make_base64_values();
    size_t groups = length / 4 < room / 3 ? length / 4 : room / 3;
    for (; group < groups; group++) {
        uint8_t a = base64_values[text[4 * group]], b = base64_values[text[4 * group + 1]];
        uint8_t c = base64_values[text[4 * group + 2]], d = base64_values[text[4 * group + 3]];
        if ((a | b | c | d) & 64)
            break;
        into[3 * group] = a << 2 | b >> 4;
        into[3 * group + 1] = b << 4 | c >> 2;
        into[3 * group + 2] = c << 6 | d;
    }
    return JS_NewFloat64(ctx, (double)group);
}

/* For kernels before 5.6, whose getrandom lacks GRND_INSECURE: the pool in its current state. */
static ssize_t read_urandom(uint8_t *bytes, size_t count)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t got = read(fd, bytes, count);
    close(fd);
    return got;
}

/* random(count): Uint8Array, at most 256. */
static JSValue js_random(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
{
    uint8_t bytes[256];
    uint32_t count;
    if (JS_ToUint32(ctx, &count, argv[0]))
        return JS_EXCEPTION;
    if (count > sizeof bytes)
        return JS_ThrowRangeError(ctx, "random: the maximum is 256 bytes per call");
    /* Non-blocking: early in the boot of a guest without entropy, a weak random id is better than a hang. */
    ssize_t got = getrandom(bytes, count, GRND_NONBLOCK);
    if (got < 0 && errno == EAGAIN)
        got = read_urandom(bytes, count);
    return got == (ssize_t)count ? new_uint8_array(ctx, bytes, count) : throw_errno(ctx, got < 0 ? errno : EIO, "getrandom", NULL);
}

static const JSCFunctionListEntry bytes_entries[] = {
    JS_CFUNC_DEF("crc32c", 2, js_crc32c),
    JS_CFUNC_MAGIC_DEF("putCrc32c", 4, js_crc32c_at, 0),
    JS_CFUNC_MAGIC_DEF("hasCrc32c", 4, js_crc32c_at, 1),
    JS_CFUNC_DEF("matches", 3, js_matches),
    JS_CFUNC_DEF("countLeadingZeros", 1, js_count_leading_zeros),
    JS_CFUNC_DEF("encodeBase64", 2, js_encode_base64),
    JS_CFUNC_DEF("decodeBase64", 2, js_decode_base64),
    JS_CFUNC_DEF("random", 1, js_random),
};
PORT(bytes);
