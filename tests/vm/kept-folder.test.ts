import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { claimDataDirectory, keptCache } from './kept-folder.ts';

it('test files that run at the same time have data directories of their own, which share the cache of images', async () => {
  const directories = [await claimDataDirectory(), await claimDataDirectory()];
  assert.notEqual(directories[0], directories[1]);
  for (const directory of directories) assert.equal(realpathSync(join(directory, 'cache')), realpathSync(keptCache));
});
