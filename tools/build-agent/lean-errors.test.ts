import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { leanRegistry, namedReasons } from './lean-errors.ts';

const root = join(import.meta.dirname, '..', '..');

describe('the registry of errors in the agent', () => {
  it('the agent’s registry has the reasons that its sources name, with their codes and without descriptions', () => {
    const names = namedReasons(root);
    for (const name of ['INVALID_ARGUMENT', 'UNKNOWN_METHOD', 'GUEST_IO', 'INTERNAL', 'CANCELED'] as const)
      assert.ok(names.includes(name), name);
    assert.ok(!names.includes('VM_NAME_TAKEN'));
    const text = leanRegistry(['GUEST_DISK_FULL', 'INTERNAL']);
    assert.match(text, /GUEST_DISK_FULL: \{ code: 'resource_exhausted', next: '' \}/);
    assert.doesNotMatch(text, /when/);
  });
});
