/* Decompresses DEFLATE data (RFC 1951) whose size is known. */
#include "inflate.h"

#include <string.h>

enum { LONGEST_CODE = 15, LITERALS = 288, DISTANCES = 30, LENGTHS_CODES = 19, END_OF_BLOCK = 256, FAST_BITS = 9 };

typedef struct {
    const uint8_t *next, *end, *dictionary_end;
    size_t dictionary_size;
    uint32_t bits;
    int count;
    uint8_t *out, *out_start, *out_end;
    bool failed;
} Stream;

/*
 * A canonical Huffman code: the number of symbols of each length, and the symbols in the order of their codes. `fast` has
 * the symbols with short codes by the next bits of the stream, as symbol << 4 | length.
 */
typedef struct {
    uint16_t counts[LONGEST_CODE + 1], symbols[LITERALS], fast[1 << FAST_BITS];
} Code;

static int take_bits(Stream *stream, int wanted)
{
    while (stream->count < wanted) {
        if (stream->next == stream->end) {
            stream->failed = true;
            return 0;
        }
        stream->bits |= (uint32_t)*stream->next++ << stream->count;
        stream->count += 8;
    }
    int value = (int)(stream->bits & ((1u << wanted) - 1));
    stream->bits >>= wanted;
    stream->count -= wanted;
    return value;
}

/* The bits of a code in the order of the stream, which has the first one lowest. */
static unsigned reversed(unsigned bits, int length)
{
    unsigned result = 0;
    for (; length > 0; length--, bits >>= 1)
        result = result << 1 | (bits & 1);
    return result;
}

static void make_fast(Code *code, const uint8_t *lengths, int symbols)
{
    unsigned next[FAST_BITS + 2] = {0};
    for (int length = 1; length <= FAST_BITS; length++)
        next[length + 1] = (next[length] + code->counts[length]) << 1;
    for (int symbol = 0; symbol < symbols; symbol++) {
        int length = lengths[symbol];
        if (length == 0 || length > FAST_BITS)
            continue;
        for (unsigned bits = reversed(next[length]++, length); bits < 1 << FAST_BITS; bits += 1u << length)
            code->fast[bits] = (uint16_t)(symbol << 4 | length);
    }
}

static void make_code(Code *code, const uint8_t *lengths, int symbols)
{
    uint16_t next[LONGEST_CODE + 1] = {0};
    memset(code, 0, sizeof *code);
    for (int symbol = 0; symbol < symbols; symbol++)
        code->counts[lengths[symbol]]++;
    code->counts[0] = 0;
    for (int length = 1; length < LONGEST_CODE; length++)
        next[length + 1] = next[length] + code->counts[length];
    for (int symbol = 0; symbol < symbols; symbol++)
        if (lengths[symbol] > 0)
            code->symbols[next[lengths[symbol]]++] = (uint16_t)symbol;
    make_fast(code, lengths, symbols);
}

static int take_symbol(Stream *stream, const Code *code)
{
    for (; stream->count <= 16 && stream->next < stream->end; stream->count += 8)
        stream->bits |= (uint32_t)*stream->next++ << stream->count;
    int entry = code->fast[stream->bits & ((1 << FAST_BITS) - 1)], bits = entry & 15;
    if (bits > 0 && bits <= stream->count) {
        stream->bits >>= bits;
        stream->count -= bits;
        return entry >> 4;
    }
    int value = 0, first = 0, index = 0;
    for (int length = 1; length <= LONGEST_CODE; length++) {
        value |= take_bits(stream, 1);
        int count = code->counts[length];
        if (value - first < count)
            return code->symbols[index + value - first];
        index += count;
        first = (first + count) << 1;
        value <<= 1;
    }
    stream->failed = true;
    return END_OF_BLOCK;
}

static void copy_back(Stream *stream, int distance, int length)
{
    /* How far it begins before the output, in the dictionary. */
    ptrdiff_t before = distance - (stream->out - stream->out_start);
    if (before > (ptrdiff_t)stream->dictionary_size || length > stream->out_end - stream->out) {
        stream->failed = true;
        return;
    }
    for (; length > 0 && before > 0; length--, before--)
        *stream->out++ = stream->dictionary_end[-before];
    for (; length > 0; length--, stream->out++)
        *stream->out = stream->out[-distance];
}

static void take_block(Stream *stream, const Code *literals, const Code *distances)
{
    static const uint16_t length_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                             31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_bits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const uint16_t distance_base[DISTANCES] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                                      193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    while (!stream->failed) {
        int symbol = take_symbol(stream, literals);
        if (symbol == END_OF_BLOCK)
            return;
        if (symbol < END_OF_BLOCK) {
            if (stream->out == stream->out_end)
                stream->failed = true;
            else
                *stream->out++ = (uint8_t)symbol;
            continue;
        }
        symbol -= END_OF_BLOCK + 1;
        int length = symbol < 29 ? length_base[symbol] + take_bits(stream, length_bits[symbol]) : 0;
        int far = take_symbol(stream, distances);
        if (length == 0 || far >= DISTANCES)
            stream->failed = true;
        else
            copy_back(stream, distance_base[far] + take_bits(stream, far < 4 ? 0 : far / 2 - 1), length);
    }
}

static void take_stored(Stream *stream)
{
    /* It begins at the next byte; whole bytes that were taken ahead are given back. */
    stream->next -= stream->count / 8;
    stream->bits = 0;
    stream->count = 0;
    int length = take_bits(stream, 16);
    take_bits(stream, 16);
    if (length > stream->end - stream->next || length > stream->out_end - stream->out) {
        stream->failed = true;
        return;
    }
    memcpy(stream->out, stream->next, (size_t)length);
    stream->next += length;
    stream->out += length;
}

static void fixed_codes(Code *literals, Code *distances)
{
    uint8_t lengths[LITERALS];
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    make_code(literals, lengths, LITERALS);
    memset(lengths, 5, DISTANCES);
    make_code(distances, lengths, DISTANCES);
}

static void take_codes(Stream *stream, Code *literals, Code *distances)
{
    static const uint8_t order[LENGTHS_CODES] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS + 32] = {0};
    int literal_count = take_bits(stream, 5) + 257, distance_count = take_bits(stream, 5) + 1;
    int code_count = take_bits(stream, 4) + 4, all = literal_count + distance_count;
    for (int index = 0; index < code_count; index++)
        lengths[order[index]] = (uint8_t)take_bits(stream, 3);
    make_code(literals, lengths, LENGTHS_CODES);
    memset(lengths, 0, LENGTHS_CODES);
    for (int index = 0; index < all && !stream->failed;) {
        int symbol = take_symbol(stream, literals);
        if (symbol < 16) {
            lengths[index++] = (uint8_t)symbol;
            continue;
        }
        uint8_t repeated = symbol == 16 && index > 0 ? lengths[index - 1] : 0;
        int times = symbol == 16 ? 3 + take_bits(stream, 2) : symbol == 17 ? 3 + take_bits(stream, 3) : 11 + take_bits(stream, 7);
        if (symbol > 18 || times > all - index)
            stream->failed = true;
        else
            memset(lengths + index, repeated, (size_t)times);
        index += times;
    }
    make_code(literals, lengths, literal_count);
    make_code(distances, lengths + literal_count, distance_count);
}

bool inflate(const uint8_t *bytes, size_t count, const uint8_t *dictionary, size_t dictionary_size, uint8_t *out,
             size_t size)
{
    Stream stream = {
        .next = bytes,
        .end = bytes + count,
        .dictionary_end = dictionary + dictionary_size,
        .dictionary_size = dictionary_size,
        .out = out,
        .out_start = out,
        .out_end = out + size,
    };
    Code literals, distances;
    bool last = false;
    while (!last && !stream.failed) {
        last = take_bits(&stream, 1) == 1;
        switch (take_bits(&stream, 2)) {
        case 0:
            take_stored(&stream);
            continue;
        case 1:
            fixed_codes(&literals, &distances);
            break;
        case 2:
            take_codes(&stream, &literals, &distances);
            break;
        default:
            stream.failed = true;
            continue;
        }
        take_block(&stream, &literals, &distances);
    }
    return !stream.failed && stream.out == stream.out_end;
}
