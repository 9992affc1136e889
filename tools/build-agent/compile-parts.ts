import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { Part } from './bundle.ts';
import { runProgram } from './run-program.ts';

/** The distance that DEFLATE can refer back to, and so the useful length of a dictionary. */
const windowBytes = 32 * 1024;

export interface CompileOptions {
  readonly qjsc: string;
  readonly parts: readonly Part[];
  /** For the parts as JavaScript and as bytecode. */
  readonly folder: string;
  readonly keepDebug: boolean;
}

/** The size of a part as bytecode and in the program. */
export interface PartSize {
  readonly title: string;
  readonly bytes: number;
  readonly storedBytes: number;
}

/**
 * Compiles the parts to bytecode without source and debug information, and writes them as C to `folder`/bytecode.c. All but
 * the first are compressed, with the beginning of the first as dictionary: it has the names that all of them use.
 */
export function compileParts({ qjsc, parts, folder, keepDebug }: CompileOptions): PartSize[] {
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of parts) writeFileSync(join(folder, name), code);
  const compiled = parts.map(({ name, title }) => {
    const others = ['host', ...parts.map((each) => each.name).filter((each) => each !== name)];
    const flags = ['-c', '-m', ...(keepDebug ? [] : ['-s']), ...others.flatMap((each) => ['-M', each])];
    // The name that a module is compiled by is the one that others import.
    runProgram(qjsc, [...flags, '-N', 'part', '-o', `${name}.c`, name], folder);
    return { title, bytes: bytesOf(readFileSync(join(folder, `${name}.c`), 'latin1')) };
  });
  const dictionary = compiled[0]?.bytes.subarray(0, windowBytes) ?? Buffer.alloc(0);
  const stored = compiled.map(({ bytes }, index) =>
    index === 0 ? bytes : deflateRawSync(bytes, { level: 9, memLevel: 9, dictionary }),
  );
  const rows = compiled.map(({ title, bytes }, index) => ({ title, bytes, stored: stored[index] ?? bytes }));
  writeFileSync(join(folder, 'bytecode.c'), partsInC(rows, dictionary.length));
  return rows.map(({ title, bytes, stored }) => ({ title, bytes: bytes.length, storedBytes: stored.length }));
}

/** The bytes of the array that qjsc prints. */
function bytesOf(text: string): Buffer {
  return Buffer.from([...text.matchAll(/ 0x([0-9a-f]{2}),/g)].map(([, digits = '']) => Number.parseInt(digits, 16)));
}

/** As apps/agent/c/parts.c declares it. The bytes have pages of their own. */
function partsInC(
  parts: readonly { readonly bytes: Buffer; readonly stored: Buffer }[],
  dictionaryBytes: number,
): string {
  let offset = 0;
  const rows = parts.map(({ bytes, stored }) => {
    const row = `    {${offset}, ${stored.length}, ${bytes.length}},`;
    offset += stored.length;
    return row;
  });
  return `#include <stdint.h>
const struct {
    uint32_t offset, stored, size;
} agent_parts[] = {
${rows.join('\n')}
};
const uint32_t agent_part_count = ${parts.length}, agent_part_bytes_size = ${offset};
const uint32_t agent_dictionary_size = ${dictionaryBytes};
__attribute__((aligned(4096))) const uint8_t agent_part_bytes[] = {
${[...Buffer.concat(parts.map(({ stored }) => stored))].join(',')}
};
`;
}
