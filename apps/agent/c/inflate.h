/* inflate.c: DEFLATE (RFC 1951). */
#ifndef INNKEEPER_INFLATE_H
#define INNKEEPER_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decompresses `count` bytes, which may refer back to the end of the dictionary, to exactly `size`; false if they are
 * malformed or of another size. Never writes beyond.
 */
bool inflate(const uint8_t *bytes, size_t count, const uint8_t *dictionary, size_t dictionary_size, uint8_t *out,
             size_t size);

#endif
