/**
 * Builds the agent: TypeScript → one module → bytecode → a static program. Each stage is a file under dist/agent.
 * Skips what is unchanged. Flags: --sanitize builds with address and undefined-behaviour sanitizers for this machine's
 * own libc; --force builds whatever the hash says.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './build-agent/bundle.ts';
import { buildQjsc, compileBytecode, link, toolchains } from './build-agent/compile.ts';
import { inputsHash } from './build-agent/inputs-hash.ts';
import { quickJsSource } from './build-agent/quickjs-source.ts';

/** The agent may not be larger (DESIGN: 1 MiB with all features). */
const budgetBytes = 1024 * 1024;

const root = join(import.meta.dirname, '..');
const sanitize = process.argv.includes('--sanitize');
const kind = sanitize ? 'sanitize' : 'release';
const output = join(root, 'dist', 'agent');
const cache = join(root, '.cache', 'agent');
const program = join(output, `innkeeper-agent-linux-${process.arch}${sanitize ? '-sanitize' : ''}`);
const stamp = join(output, `${kind}.hash`);
const { version } = JSON.parse(readFileSync(join(root, 'apps', 'agent', 'package.json'), 'utf8')) as {
  version: string;
};

const hash = inputsHash(root, `${kind} ${process.arch} ${version}`);
if (
  existsSync(program) &&
  existsSync(stamp) &&
  readFileSync(stamp, 'utf8') === hash &&
  !process.argv.includes('--force')
) {
  process.stderr.write(`${size(program)}, unchanged\n`);
} else {
  await build();
}

async function build(): Promise<void> {
  mkdirSync(output, { recursive: true });
  const source = quickJsSource(cache);
  const qjsc = buildQjsc(source, cache);
  const bundleFile = join(output, 'bundle.js');
  const bytecode = join(output, 'bytecode.c');
  await bundle({ root, outFile: bundleFile, version, readable: sanitize });
  compileBytecode(qjsc, bundleFile, bytecode, sanitize);
  // Whoever takes the program meanwhile finds the whole old one or the whole new one, and may run it.
  const half = `${program}.${process.pid}.part`;
  try {
    link({
      toolchain: toolchains[kind],
      source,
      ownSource: join(root, 'apps', 'agent', 'c'),
      bytecode,
      objects: join(cache, `objects-${kind}`),
      outFile: half,
    });
    chmodSync(half, 0o755);
    testItself(half);
    renameSync(half, program);
  } finally {
    rmSync(half, { force: true });
  }
  process.stderr.write(`${size(program)}; bundle ${size(bundleFile)}\n`);
  if (!sanitize && statSync(program).size > budgetBytes)
    throw new Error(`The agent is larger than its budget of ${budgetBytes} bytes.`);
  writeFileSync(stamp, hash);
}

/** An interpreter or a compiler that computes wrongly is found here, and not in a guest. */
function testItself(path: string): void {
  const { status, signal, stdout, stderr, error } = spawnSync(path, ['--self-test'], { encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(
    `The agent that was built fails its self-test (${signal ?? status ?? error?.message}):\n${stdout}${stderr}`,
  );
}

function size(path: string): string {
  return `${path.slice(root.length + 1)} ${statSync(path).size.toLocaleString('en')} bytes`;
}
