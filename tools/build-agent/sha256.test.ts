import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crossToolchain, ToolchainMissing } from './cross-toolchain.ts';
import { runProgram, tryProgram } from './run-program.ts';
import { ownTarget, type Target, targetNames, targets } from './targets.ts';

const source = join(import.meta.dirname, '..', '..', 'apps', 'agent', 'c');
/** Prints two hashes of its input, which it takes in pieces of this size: by `blocks`, and by the code in C alone. */
const main = `#include "sha256.c"
#include <stdio.h>
#include <stdlib.h>
static void print(Sha256 *hash)
{
    uint8_t digest[32];
    sha256_final(hash, digest);
    for (int index = 0; index < 32; index++)
        printf("%02x", digest[index]);
    puts("");
}
int main(int argc, char **argv)
{
    static uint8_t bytes[1 << 20], padded[(1 << 20) + 128];
    size_t piece = strtoul(argv[1], NULL, 10), count = fread(bytes, 1, sizeof bytes, stdin);
    Sha256 hash;
    sha256_init(&hash);
    for (size_t at = 0; at < count; at += piece)
        sha256_update(&hash, bytes + at, count - at < piece ? count - at : piece);
    print(&hash);
    sha256_init(&hash);
    memcpy(padded, bytes, count);
    padded[count] = 0x80;
    size_t blocks = (count + 9 + 63) / 64;
    uint64_t bits = __builtin_bswap64((uint64_t)count * 8);
    memcpy(padded + blocks * 64 - 8, &bits, 8);
    blocks_in_c(hash.state, padded, blocks);
    for (int index = 0; index < 8; index++)
        printf("%08x", hash.state[index]);
    puts("");
    return 0;
}`;

function crossOrNothing(target: Target) {
  try {
    return crossToolchain(target, join(import.meta.dirname, '..', '..', '.cache', 'agent'));
  } catch (error) {
    if (error instanceof ToolchainMissing) return undefined;
    throw error;
  }
}

describe('SHA-256 of the C layer', () => {
  for (const target of targets)
    it(`SHA-256 on ${target} is right with the CPU's instructions and in C, whatever the pieces`, (t) => {
      const { emulator } = targetNames[target];
      const isOwn = target === ownTarget;
      const folder = mkdtempSync(join(tmpdir(), 'ik-sha256-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      writeFileSync(join(folder, 'main.c'), main);
      const program = join(folder, 'sha256');
      if (!isOwn && !tryProgram(emulator, ['--version'], undefined)) return t.skip(`${emulator} is not installed`);
      const toolchain = isOwn ? { compiler: 'gcc', flags: [] } : crossOrNothing(target);
      if (toolchain === undefined) return t.skip(`no compiler and C library for ${target}`);
      runProgram(toolchain.compiler, [...toolchain.flags, '-O2', '-I', source, '-o', program, join(folder, 'main.c')]);
      for (const [bytes, piece] of [
        [0, 1],
        [55, 7],
        [56, 64],
        [64, 64],
        [1000, 63],
        [300_000, 61_440],
      ] as const) {
        const input = randomBytes(bytes);
        const expected = createHash('sha256').update(input).digest('hex');
        const [command = '', ...args] = [...(isOwn ? [] : [emulator]), program, String(piece)];
        const run = spawnSync(command, args, { input, encoding: 'utf8' });
        assert.deepEqual(run.stdout.trim().split('\n'), [expected, expected], `${bytes} bytes in pieces of ${piece}`);
      }
    });
});
