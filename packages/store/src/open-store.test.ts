import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openStore } from './open-store.ts';
import { describeStore } from './testing/describe-store.ts';
import { image, vm } from './testing/rows.ts';

describeStore('a store in SQLite', () => openStore(':memory:'));

describe('openStore()', () => {
  it('a reopened SQLite file has what an earlier daemon wrote', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-store-'));
    try {
      {
        await using store = await openStore(join(folder, 'a.db'));
        await store.images.insert(image);
        await store.vms.insert(vm);
      }
      await using store = await openStore(join(folder, 'a.db'));
      assert.deepEqual({ ...(await store.vms.list())[0] }, vm);
      assert.equal((await store.images.find('tiny'))?.virtual_bytes, 2 ** 40);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
