import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { TransferMeter } from '../output/transfer-meter.ts';
import { SkippedEntries } from './skipped-entries.ts';

function check(...entries: readonly string[]): void {
  const skipped = new SkippedEntries(new TransferMeter(true));
  for (const entry of entries) skipped.add(entry);
  skipped.check();
}

/** The reasons for which an agent leaves entries out of an archive, found in its source. */
function reasonsIn(file: string): string[] {
  const source = readFileSync(join(import.meta.dirname, '../../../../packages/agent-core/src/tar', file), 'utf8');
  return [...source.matchAll(/#skip\(`\$\{[\w.]+\}: ([^`]+)`\)/g)].map(([, reason = '']) => reason);
}

it('a copy without an entry of any kind is incomplete, and further entries that were only counted count', () => {
  for (const what of ['x: is a fifo', 'x: a special file', 'x: is not a file, folder or link', 'x: EACCES'])
    assert.throws(() => check(what), { message: /1 entry was left out/, exitCode: 1 });
  assert.throws(() => check('x: EACCES', '232 more entries'), { message: /233 entries were left out/, exitCode: 1 });
});

it('a virtual file system of the kernel does not make a copy incomplete, in the words of this and of older agents', () => {
  const reasons = reasonsIn('tar-source.ts').filter((reason) => reason.includes('kernel'));
  assert.equal(reasons.length, 1);
  check(...reasons.map((reason) => `proc: ${reason}`), "proc: is a file system of the kernel's own");
});
