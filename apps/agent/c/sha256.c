/* SHA-256 (FIPS 180-4): in C, and with the CPU's SHA instructions where available. */
#include "sha256.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

static const uint32_t k[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

void sha256_init(Sha256 *hash)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memset(hash, 0, sizeof *hash);
    memcpy(hash->state, start, sizeof start);
}

static inline uint32_t rotate(uint32_t value, int bits)
{
    return value >> bits | value << (32 - bits);
}

/* One round; the caller renames the variables instead of moving them. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                                               \
    do {                                                                                                               \
        uint32_t t = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + k[i] + w[(i) & 15];    \
        d += t;                                                                                                        \
        h = t + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));                            \
    } while (0)

#define EIGHT_ROUNDS(i)                                                                                                \
    ROUND(a, b, c, d, e, f, g, h, i);                                                                                  \
    ROUND(h, a, b, c, d, e, f, g, i + 1);                                                                              \
    ROUND(g, h, a, b, c, d, e, f, i + 2);                                                                              \
    ROUND(f, g, h, a, b, c, d, e, i + 3);                                                                              \
    ROUND(e, f, g, h, a, b, c, d, i + 4);                                                                              \
    ROUND(d, e, f, g, h, a, b, c, i + 5);                                                                              \
    ROUND(c, d, e, f, g, h, a, b, i + 6);                                                                              \
    ROUND(b, c, d, e, f, g, h, a, i + 7)

static inline __attribute__((always_inline)) void expand(uint32_t w[16])
{
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
        uint32_t early = w[(i + 1) & 15], late = w[(i + 14) & 15];
        w[i] += (rotate(early, 7) ^ rotate(early, 18) ^ early >> 3) + w[(i + 9) & 15] +
                (rotate(late, 17) ^ rotate(late, 19) ^ late >> 10);
    }
}

/* Unrolled, so that w stays in registers or at fixed addresses: transfers with a hash spend most of their time here. */
static void blocks_in_c(uint32_t state[8], const uint8_t *bytes, size_t count)
{
    for (; count > 0; count--, bytes += 64) {
        uint32_t w[16];
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
        uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            uint32_t word;
            memcpy(&word, bytes + 4 * i, 4);
            w[i] = __builtin_bswap32(word);
        }
        EIGHT_ROUNDS(0);
        EIGHT_ROUNDS(8);
        for (int i = 16; i < 64; i += 16) {
            expand(w);
            EIGHT_ROUNDS(i);
            EIGHT_ROUNDS(i + 8);
        }
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;
    }
}

#if defined(__x86_64__)
__attribute__((target("sha,sse4.1"))) static void blocks_by_cpu(uint32_t state[8], const uint8_t *bytes, size_t count)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (; count > 0; count--, bytes += 64) {
        __m128i w[4], saved_abef = abef, saved_cdgh = cdgh;
        for (int i = 0; i < 16; i++) {
            __m128i words;
            if (i < 4) {
                words = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(bytes + 16 * i)), swap);
            } else {
                words = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
                words = _mm_add_epi32(words, _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
                words = _mm_sha256msg2_epu32(words, w[(i + 3) & 3]);
            }
            w[i & 3] = words;
            __m128i sum = _mm_add_epi32(words, _mm_load_si128((const __m128i *)(k + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
        }
        abef = _mm_add_epi32(abef, saved_abef);
        cdgh = _mm_add_epi32(cdgh, saved_cdgh);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static bool cpu_has_sha(void)
{
    static int known = -1;
    unsigned a, b, c, d;
    if (known < 0)
        known = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) && __get_cpuid(1, &a, &b, &c, &d) &&
                (c & bit_SSE4_1);
    return known;
}
#elif defined(__aarch64__)
__attribute__((target("+crypto"))) static void blocks_by_cpu(uint32_t state[8], const uint8_t *bytes, size_t count)
{
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
    for (; count > 0; count--, bytes += 64) {
        uint32x4_t w[4], saved_abcd = abcd, saved_efgh = efgh;
        for (int i = 0; i < 16; i++) {
            uint32x4_t words;
            if (i < 4)
                words = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(bytes + 16 * i)));
            else
                words = vsha256su1q_u32(vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]), w[(i + 2) & 3], w[(i + 3) & 3]);
            w[i & 3] = words;
            uint32x4_t sum = vaddq_u32(words, vld1q_u32(k + 4 * i)), before = abcd;
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, before, sum);
        }
        abcd = vaddq_u32(abcd, saved_abcd);
        efgh = vaddq_u32(efgh, saved_efgh);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

static bool cpu_has_sha(void)
{
    return getauxval(AT_HWCAP) & HWCAP_SHA2;
}
#endif

static void blocks(uint32_t state[8], const uint8_t *bytes, size_t count)
{
#if defined(__x86_64__) || defined(__aarch64__)
    if (cpu_has_sha()) {
        blocks_by_cpu(state, bytes, count);
        return;
    }
#endif
    blocks_in_c(state, bytes, count);
}

void sha256_update(Sha256 *hash, const uint8_t *bytes, size_t length)
{
    size_t held = hash->length & 63;
    hash->length += length;
    if (held > 0) {
        size_t take = 64 - held < length ? 64 - held : length;
        memcpy(hash->block + held, bytes, take);
        bytes += take;
        length -= take;
        if (held + take < 64)
            return;
        blocks(hash->state, hash->block, 1);
    }
    blocks(hash->state, bytes, length / 64);
    memcpy(hash->block, bytes + (length & ~(size_t)63), length & 63);
}

void sha256_final(Sha256 *hash, uint8_t digest[32])
{
    uint8_t tail[128] = {0};
    size_t held = hash->length & 63, size = held < 56 ? 64 : 128;
    uint64_t bits = __builtin_bswap64(hash->length * 8);
    memcpy(tail, hash->block, held);
    tail[held] = 0x80;
    memcpy(tail + size - 8, &bits, 8);
    blocks(hash->state, tail, size / 64);
    for (int i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32(hash->state[i]);
        memcpy(digest + 4 * i, &word, 4);
    }
}
