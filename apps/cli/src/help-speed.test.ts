import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';

const commands = join(import.meta.dirname, 'commands');

/** Loads files in a new process, and prints the addresses of all modules that this loads. */
const script = `
import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => { console.log(url); return next(url, context); } });
for (const file of process.argv.slice(1)) await import(file);`;

it('"inn help VERB" does not load the client, which takes longer than all else together', () => {
  const files = readdirSync(commands)
    .map((name) => join(commands, name))
    .filter((file) => readFileSync(file, 'utf8').includes('export const command = '));
  const args = ['--input-type=module', '--eval', script, ...files];
  const lines = execFileSync(process.execPath, args, { encoding: 'utf8' }).split('\n');
  assert.ok(lines.some((line) => line.endsWith('/commands/exec.ts')));
  assert.deepEqual(
    lines.filter((line) => line.includes('/packages/client/src/node/index.ts')),
    [],
  );
});
