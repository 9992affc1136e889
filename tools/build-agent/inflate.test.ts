import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { constants, deflateRawSync, type ZlibOptions } from 'node:zlib';

const source = join(import.meta.dirname, '..', '..', 'apps', 'agent', 'c');
/** Reads the data, given its size and the dictionary as text; prints the result, or exits with 3. */
const main = `#include "inflate.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    size_t size = strtoul(argv[1], NULL, 10), room = 1 << 20;
    uint8_t *in = malloc(room);
    size_t count = fread(in, 1, room, stdin);
    uint8_t *exact = realloc(in, count + 1), *out = malloc(size + 1);
    uint8_t *dictionary = (uint8_t *)strdup(argv[2]);
    bool good = inflate(exact, count, dictionary, strlen(argv[2]), out, size);
    if (good)
        fwrite(out, 1, size, stdout);
    free(exact);
    free(dictionary);
    free(out);
    return good ? 0 : 3;
}`;

let folder: string;
let program: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ik-inflate-'));
  program = join(folder, 'inflate');
  writeFileSync(join(folder, 'main.c'), main);
  const files = [join(folder, 'main.c'), join(source, 'inflate.c')];
  const flags = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover', '-I', source];
  const { status, stderr } = spawnSync('gcc', [...flags, '-o', program, ...files], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function inflate(
  bytes: Uint8Array,
  size: number,
  dictionary = '',
): { readonly status: number | null; readonly out: Buffer } {
  const { status, stdout, stderr } = spawnSync(program, [String(size), dictionary], {
    input: bytes,
    maxBuffer: 4 << 20,
  });
  assert.equal(String(stderr), '');
  return { status, out: stdout };
}

describe('inflate() of the C layer', () => {
  const text = Buffer.from('the quick brown fox jumps over the lazy dog; '.repeat(2000));
  const mixed = Buffer.concat([randomBytes(70_000), text, Buffer.alloc(70_000), randomBytes(10)]);
  const kinds: Readonly<Record<string, ZlibOptions>> = {
    'codes of their own': { level: 9 },
    'fixed codes': { strategy: constants.Z_FIXED },
    'no compression': { level: 0 },
    'Huffman codes alone': { strategy: constants.Z_HUFFMAN_ONLY },
  };
  for (const [kind, options] of Object.entries(kinds))
    it(`data that zlib compressed with ${kind} is the same after inflate()`, () => {
      for (const content of [Buffer.alloc(0), Buffer.from('a'), text, mixed]) {
        const { status, out } = inflate(deflateRawSync(content, options), content.length);
        assert.equal(status, 0, `${content.length} bytes`);
        assert.ok(out.equals(content), `${content.length} bytes`);
      }
    });

  it('inflate() reads what was compressed with a dictionary, and refuses it with a shorter one', () => {
    const dictionary = 'the lazy dog jumps over the quick brown fox, and then over each of the others';
    const content = Buffer.from(`${dictionary.slice(3)}; again: ${dictionary}`);
    const bytes = deflateRawSync(content, { level: 9, dictionary: Buffer.from(dictionary) });
    const { status, out } = inflate(bytes, content.length, dictionary);
    assert.equal(status, 0);
    assert.ok(out.equals(content));
    for (const other of ['', dictionary.slice(4)]) assert.equal(inflate(bytes, content.length, other).status, 3, other);
  });

  it('inflate() refuses truncated data and another size', () => {
    const bytes = deflateRawSync(text, { level: 9 });
    for (const cut of [0, 1, 2, 20, bytes.length >> 1, bytes.length - 2])
      assert.equal(inflate(bytes.subarray(0, cut), text.length).status, 3, `${cut} bytes`);
    for (const size of [0, 1, text.length - 1, text.length + 1])
      assert.equal(inflate(bytes, size).status, 3, `${size}`);
  });

  it('inflate() never writes or reads beyond its buffers, whatever the data', () => {
    const bytes = deflateRawSync(text, { level: 9 });
    for (let at = 0; at < 60; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ (1 << (at % 8));
      assert.ok([0, 3].includes(inflate(damaged, text.length).status ?? -1), `byte ${at}`);
    }
    for (let round = 0; round < 30; round++) assert.equal(inflate(randomBytes(500), 100_000).status, 3);
  });
});
