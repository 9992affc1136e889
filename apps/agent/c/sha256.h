/* SHA-256 (FIPS 180-4). */
#ifndef INNKEEPER_SHA256_H
#define INNKEEPER_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t length;
    uint32_t state[8];
    uint8_t block[64];
} Sha256;

void sha256_init(Sha256 *hash);
void sha256_update(Sha256 *hash, const uint8_t *bytes, size_t length);
void sha256_final(Sha256 *hash, uint8_t digest[32]);

#endif
