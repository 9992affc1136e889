import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../tools/build-agent/bundle.ts';
import { buildQjsc, link, toolchains } from '../../tools/build-agent/compile.ts';
import { compileParts } from '../../tools/build-agent/compile-parts.ts';
import { ed25519Source } from '../../tools/build-agent/ed25519-source.ts';
import { inputsHash } from '../../tools/build-agent/inputs-hash.ts';
import { quickJsSource } from '../../tools/build-agent/quickjs-source.ts';

const root = join(import.meta.dirname, '..', '..');

/**
 * Builds the hostile agent from tests/vm/hostile-agent like the agent, and returns its path. It replaces the agent in a
 * guest and behaves as /run/hostile says. Rebuilt when its or the agent's sources have changed.
 */
export async function buildHostileAgent(): Promise<string> {
  const output = join(root, '.cache', 'hostile-agent');
  const cache = join(root, '.cache', 'agent');
  const program = join(output, 'hostile-agent');
  const stamp = join(output, 'hash');
  mkdirSync(output, { recursive: true });
  const parts = await bundle({
    root,
    version: '0.0.0',
    readable: false,
    entry: 'tests/vm/hostile-agent/main.ts',
  });
  const hash = createHash('sha256').update(JSON.stringify(parts)).update(inputsHash(root, 'hostile')).digest('hex');
  if (existsSync(program) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return program;
  const source = quickJsSource(cache);
  const folder = join(output, 'parts');
  compileParts({ qjsc: buildQjsc(source, cache), parts, folder, keepDebug: false });
  link({
    toolchain: toolchains.release,
    source,
    ed25519: ed25519Source(cache),
    ownSource: join(root, 'apps', 'agent', 'c'),
    bytecode: join(folder, 'bytecode.c'),
    objects: join(cache, 'objects-release'),
    outFile: `${program}.part`,
  });
  renameSync(`${program}.part`, program);
  writeFileSync(stamp, hash);
  return program;
}
