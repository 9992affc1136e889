import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { Part } from './bundle.ts';
import { runProgram } from './run-program.ts';
import { ownTarget, targetNames } from './targets.ts';

export interface Toolchain {
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly strip: string | undefined;
}

/** Linux headers for musl, which has none. Searched last, so that libc's headers are musl's. */
const kernelHeaders = ['-idirafter', '/usr/include', '-idirafter', `/usr/include/${targetNames[ownTarget].gnu}`];

export const releaseFlags: readonly string[] = [
  // Optimized for speed: every call waits for the interpreter, and the size is below the budget.
  '-O2',
  '-flto',
  '-static',
  '-ffunction-sections',
  '-fdata-sections',
  '-Wl,--gc-sections',
  '-fno-asynchronous-unwind-tables',
];

/** For this machine's architecture. */
export const toolchains: Record<'release' | 'sanitize', Toolchain> = {
  release: {
    compiler: 'musl-gcc',
    flags: [...releaseFlags, ...kernelHeaders],
    strip: 'strip',
  },
  sanitize: {
    compiler: 'gcc',
    flags: ['-O1', '-g', '-fsanitize=address,undefined', '-fno-omit-frame-pointer'],
    strip: undefined,
  },
};

const quickJsFiles = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'cutils.c', 'dtoa.c'];
const define = ['-D_GNU_SOURCE', '-DCONFIG_VERSION="2025-04-26"'];

/** The bytecode compiler for this machine; built once per source folder. */
export function buildQjsc(source: string, cache: string): string {
  const program = join(cache, 'qjsc');
  if (existsSync(program)) return program;
  const files = [...quickJsFiles, 'quickjs-libc.c', 'qjsc.c'].map((name) => join(source, name));
  runProgram('gcc', [
    '-O1',
    ...define,
    '-DCONFIG_PREFIX="/usr"',
    '-w',
    '-o',
    program,
    ...files,
    '-lm',
    '-ldl',
    '-lpthread',
  ]);
  return program;
}

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
 * the first are compressed.
 */
export function compileParts({ qjsc, parts, folder, keepDebug }: CompileOptions): PartSize[] {
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of parts) writeFileSync(join(folder, name), code);
  const compiled = parts.map(({ name, title }) => {
    const others = ['host', ...parts.map((each) => each.name).filter((each) => each !== name)];
    const flags = ['-c', '-m', ...(keepDebug ? [] : ['-s']), ...others.flatMap((each) => ['-M', each])];
    // The name that a module is compiled by is the one that others import.
    runProgram(qjsc, [...flags, '-N', 'part', '-o', `${name}.c`, name], folder);
    const bytes = bytesOf(readFileSync(join(folder, `${name}.c`), 'latin1'));
    return { title, bytes, stored: name === '0' ? bytes : deflateRawSync(bytes, { level: 9, memLevel: 9 }) };
  });
  writeFileSync(join(folder, 'bytecode.c'), partsInC(compiled));
  return compiled.map(({ title, bytes, stored }) => ({ title, bytes: bytes.length, storedBytes: stored.length }));
}

/** The bytes of the array that qjsc prints. */
function bytesOf(text: string): Buffer {
  return Buffer.from([...text.matchAll(/ 0x([0-9a-f]{2}),/g)].map(([, digits = '']) => Number.parseInt(digits, 16)));
}

/** As apps/agent/c/parts.c declares it. The bytes have pages of their own. */
function partsInC(parts: readonly { readonly bytes: Buffer; readonly stored: Buffer }[]): string {
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
__attribute__((aligned(4096))) const uint8_t agent_part_bytes[] = {
${[...Buffer.concat(parts.map(({ stored }) => stored))].join(',')}
};
`;
}

export interface LinkOptions {
  readonly toolchain: Toolchain;
  readonly source: string;
  /** Folder of the agent's C sources. */
  readonly ownSource: string;
  readonly bytecode: string;
  /** Cache of object files. */
  readonly objects: string;
  readonly outFile: string;
}

/** Compiles QuickJS and the agent's C, and links the agent. Objects of QuickJS are cached, since they do not change. */
export function link({ toolchain, source, ownSource, bytecode, objects, outFile }: LinkOptions): void {
  mkdirSync(objects, { recursive: true });
  const { compiler, flags, strip } = toolchain;
  const quickJsObjects = quickJsFiles.map((name) => {
    const object = join(objects, name.replace(/\.c$/, '.o'));
    if (!existsSync(object)) runProgram(compiler, [...flags, ...define, '-w', '-c', join(source, name), '-o', object]);
    return object;
  });
  const ownFiles = readdirSync(ownSource).filter((name) => name.endsWith('.c') && name !== 'bench-peer.c');
  const warnings = ['-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror'];
  const ownObjects = ownFiles.map((name) => {
    const object = join(objects, `own-${name.replace(/\.c$/, '.o')}`);
    runProgram(compiler, [
      ...flags,
      ...define,
      ...warnings,
      '-isystem',
      source,
      '-c',
      join(ownSource, name),
      '-o',
      object,
    ]);
    return object;
  });
  const bytecodeObject = join(objects, 'bytecode.o');
  runProgram(compiler, [...flags, '-I', source, '-w', '-c', bytecode, '-o', bytecodeObject]);
  runProgram(compiler, [...flags, '-o', outFile, ...ownObjects, bytecodeObject, ...quickJsObjects, '-lm']);
  if (strip !== undefined)
    runProgram(strip, ['-s', '-R', '.comment', '-R', '.eh_frame', '-R', '.eh_frame_hdr', outFile]);
}
