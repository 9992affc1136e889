/**
 * Builds the agent: TypeScript → one module → bytecode → a static program. Each stage is a file under dist/agent.
 * Skips what is unchanged. Flags: --arch x64|arm64|all (default: this machine's); --variant asan builds with address
 * and undefined-behaviour sanitizers for this machine's own libc; --force builds even if nothing changed;
 * --skip-missing skips an architecture without a compiler on this machine, with a message; --sizes prints the size of each
 * part of the JavaScript.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './build-agent/bundle.ts';
import { buildQjsc, link, toolchains } from './build-agent/compile.ts';
import { compileParts } from './build-agent/compile-parts.ts';
import { crossToolchain, ToolchainMissing } from './build-agent/cross-toolchain.ts';
import { ed25519Source } from './build-agent/ed25519-source.ts';
import { inputsHash } from './build-agent/inputs-hash.ts';
import { oneAtATime } from './build-agent/one-at-a-time.ts';
import { quickJsSource } from './build-agent/quickjs-source.ts';
import { tryProgram } from './build-agent/run-program.ts';
import { ownTarget, type Target, targetNames, wantedTargets } from './build-agent/targets.ts';

/** Maximum size of the agent, with any compiler. */
const budgetBytes = 1024 * 1024;

const root = join(import.meta.dirname, '..');
const isChecked = process.argv[process.argv.indexOf('--variant') + 1] === 'asan';
if (process.argv.includes('--variant') && !isChecked) throw new Error('--variant must be asan.');
const kind = isChecked ? 'asan' : 'release';
const output = join(root, 'dist', 'agent');
const cache = join(root, '.cache', 'agent');
const { version } = JSON.parse(readFileSync(join(root, 'apps', 'agent', 'package.json'), 'utf8')) as {
  version: string;
};

await oneAtATime(root, () => process.stderr.write('Another build of the agent runs here; waiting for its end.\n'));
for (const target of isChecked ? [ownTarget] : wantedTargets(process.argv)) {
  try {
    await buildFor(target);
  } catch (error) {
    if (!(error instanceof ToolchainMissing) || !process.argv.includes('--skip-missing')) throw error;
    process.stderr.write(`No agent for ${target}: ${error.message}\n`);
  }
}

async function buildFor(target: Target): Promise<void> {
  const program = join(output, `innkeeper-agent-linux-${target}${isChecked ? '-asan' : ''}`);
  const stamp = join(output, `${kind}-${target}.hash`);
  const hash = inputsHash(root, `${kind} ${target} ${version}`);
  const isKnown = existsSync(program) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
  if (isKnown && !process.argv.includes('--force')) {
    process.stderr.write(`${size(program)}, unchanged\n`);
    return;
  }
  await build(target, program);
  writeFileSync(stamp, hash);
}

async function build(target: Target, program: string): Promise<void> {
  mkdirSync(output, { recursive: true });
  const source = quickJsSource(cache);
  const toolchain = target === ownTarget ? toolchains[kind] : crossToolchain(target, cache);
  const qjsc = buildQjsc(source, cache);
  const folder = join(output, isChecked ? 'parts-asan' : 'parts');
  const parts = await bundle({ root, version, readable: isChecked });
  // The bytecode is the same for both architectures: 64 bits, little-endian.
  const sizes = compileParts({ qjsc, parts, folder, keepDebug: isChecked });
  // Renamed atomically, so that other processes find either the old or the new program.
  const half = `${program}.${process.pid}.part`;
  try {
    link({
      toolchain,
      source,
      ed25519: ed25519Source(cache),
      bytecode: join(folder, 'bytecode.c'),
      ownSource: join(root, 'apps', 'agent', 'c'),
      objects: join(cache, `objects-${kind}${target === ownTarget ? '' : `-${target}`}`),
      outFile: half,
    });
    chmodSync(half, 0o755);
    testItself(half, target);
    renameSync(half, program);
  } finally {
    rmSync(half, { force: true });
  }
  if (process.argv.includes('--sizes'))
    for (const { title, bytes, storedBytes } of sizes) process.stderr.write(`${bytes} → ${storedBytes} ${title}\n`);
  process.stderr.write(`${size(program)}, ${parts.length} parts\n`);
  if (!isChecked && statSync(program).size > budgetBytes)
    throw new Error(`The agent is larger than its budget of ${budgetBytes} bytes.`);
}

/** Runs the self-test, which finds a miscompiled interpreter here and not in a guest. */
function testItself(path: string, target: Target): void {
  const { emulator } = targetNames[target];
  const isOwn = target === ownTarget;
  if (!isOwn && !tryProgram(emulator, ['--version'], undefined)) {
    process.stderr.write(
      `The self-test of the agent for ${target} was skipped: ${emulator} is not installed (qemu-user-static).\n`,
    );
    return;
  }
  const [program, args] = isOwn ? [path, ['--self-test']] : [emulator, [path, '--self-test']];
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`The built agent fails its self-test (${signal ?? status ?? error?.message}):\n${stdout}${stderr}`);
}

function size(path: string): string {
  return `${path.slice(root.length + 1)} ${statSync(path).size.toLocaleString('en')} bytes`;
}
