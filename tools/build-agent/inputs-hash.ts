import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const inputs = [
  'apps/agent/c',
  'apps/agent/src',
  'packages/kit/src',
  'packages/contract/src',
  'packages/wire/src',
  'packages/agent-core/src',
  'tools/build-agent',
];

/** A hash of all inputs of the agent. */
export function inputsHash(root: string, extra: string): string {
  const hash = createHash('sha256').update(extra);
  for (const folder of inputs) {
    const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}
