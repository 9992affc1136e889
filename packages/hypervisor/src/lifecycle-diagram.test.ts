import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';

const repository = join(import.meta.dirname, '../../..');

/** The lines of the diagram without their indentation. */
function drawing(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /[─│▼▲]/u.test(line))
    .map((line) => line.replace(/^ \* {2}/, '').trimEnd());
}

it('docs/develop/drivers.md contains the state diagram of lifecycle.ts', async () => {
  const source = await readFile(join(repository, 'packages/hypervisor/src/lifecycle.ts'), 'utf8');
  const page = await readFile(join(repository, 'docs/develop/drivers.md'), 'utf8');
  assert.deepEqual(drawing(page), drawing(source));
});
