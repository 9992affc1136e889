import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PanicWatch } from './panic-watch.ts';

it('a kernel panic is found on the serial console, also in pieces, and named without control characters', () => {
  const found: string[] = [];
  const watch = new PanicWatch((detail) => found.push(detail));
  const text = '[ 1.2] Kernel panic - not syncing: VFS: Unable to mount\u001b[2J root fs\r\n[ 1.3] CPU: 0\r\n';
  for (const byte of Buffer.from(`${'x'.repeat(2000)}\n${text}`)) watch.take(Uint8Array.of(byte));
  watch.take(Buffer.from('Kernel panic is a word\n'));
  assert.deepEqual(found, ['The guest’s kernel panicked: VFS: Unable to mount[2J root fs']);
});
