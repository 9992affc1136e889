import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkedToolchain, withCountedCollection } from './checked-variant.ts';
import { ed25519Files } from './ed25519-source.ts';
import { withHotFunctions } from './hot-functions.ts';
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
  // For size, except what every call waits for: `hotFunctions`, `hotFiles`.
  '-Os',
  '-flto',
  '-static',
  '-ffunction-sections',
  '-fdata-sections',
  '-Wl,--gc-sections',
  // Nothing is relocated in a static program; on arm64 it only rounds the file up to 64 KiB.
  '-Wl,-z,norelro',
  '-fno-asynchronous-unwind-tables',
  '-fno-unwind-tables',
];

/** For this machine's architecture. */
export const toolchains: Record<'release' | 'asan', Toolchain> = {
  release: {
    compiler: 'musl-gcc',
    flags: [...releaseFlags, ...kernelHeaders],
    strip: 'strip',
  },
  asan: checkedToolchain,
};

/** Of the agent's own sources: compiled for speed. */
const hotFiles = ['bytes', 'heap', 'inflate', 'numbers', 'protobuf', 'sha256', 'text', 'values'].map(
  (name) => `${name}.c`,
);

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

export interface LinkOptions {
  readonly toolchain: Toolchain;
  readonly source: string;
  /** Folder with the source of Ed25519. */
  readonly ed25519: string;
  /** Folder of the agent's C sources. */
  readonly ownSource: string;
  readonly bytecode: string;
  /** Cache of object files. */
  readonly objects: string;
  readonly outFile: string;
}

/** Compiles QuickJS, Ed25519 and the agent's C, and links the agent. Objects of others are cached for the same source and flags. */
export function link(options: LinkOptions): void {
  const { toolchain, source, ed25519, ownSource, bytecode, objects: cache, outFile } = options;
  const { compiler, flags, strip } = toolchain;
  const hot = withHotFunctions(readFileSync(join(source, 'quickjs.c'), 'utf8'));
  const engine = toolchain === checkedToolchain ? withCountedCollection(hot) : hot;
  const objects = `${cache}-${createHash('sha256')
    .update(`${flags.join(' ')}${engine}`)
    .digest('hex')
    .slice(0, 12)}`;
  mkdirSync(objects, { recursive: true });
  writeFileSync(join(objects, 'quickjs.c'), engine);
  const quickJsObjects = quickJsFiles.map((name) => {
    const object = join(objects, name.replace(/\.c$/, '.o'));
    const file = join(name === 'quickjs.c' ? objects : source, name);
    if (!existsSync(object)) runProgram(compiler, [...flags, ...define, '-w', '-I', source, '-c', file, '-o', object]);
    return object;
  });
  const ed25519Objects = ed25519Files.map((name) => {
    const object = join(objects, `ed25519-${basename(name, '.c')}.o`);
    // Signing needs a source of random bytes; it is dropped with what else is not used.
    const own = ['-fwrapv', '-ffunction-sections', '-Os', '-w', '-I', join(ed25519, 'cryptoint')];
    if (!existsSync(object)) runProgram(compiler, [...flags, ...own, '-c', join(ed25519, name), '-o', object]);
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
      ...(hotFiles.includes(name) ? ['-O2'] : []),
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
  runProgram(compiler, [
    ...flags,
    '-O2',
    '-o',
    outFile,
    ...ownObjects,
    bytecodeObject,
    ...quickJsObjects,
    ...ed25519Objects,
    '-Wl,--gc-sections',
    '-lm',
  ]);
  if (strip !== undefined)
    runProgram(strip, ['-s', '-R', '.comment', '-R', '.eh_frame', '-R', '.eh_frame_hdr', outFile]);
}
