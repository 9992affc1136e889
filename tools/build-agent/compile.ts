import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
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

/** A module as a C array named `agent_bundle`, without source and debug information. */
export function compileBytecode(qjsc: string, bundle: string, outFile: string, keepDebug: boolean): void {
  runProgram(qjsc, [
    '-c',
    '-m',
    ...(keepDebug ? [] : ['-s']),
    '-M',
    'host',
    '-N',
    'agent_bundle',
    '-o',
    outFile,
    bundle,
  ]);
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
