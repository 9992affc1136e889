import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { beforeEach, describe, it } from 'node:test';
import { closed, killed } from '../../testing/host-without-watches.ts';

const replacement = new URL('../../testing/host-without-watches.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'host' ? { url: replacement, shortCircuit: true } : next(specifier, context),
});
const { createFreezer } = await import('./freezer.ts');
const { HelperPool } = await import('./helper-pool.ts');
const { createJobs } = await import('./jobs.ts');
const { createNetwork } = await import('./network.ts');
const { Reaper } = await import('./reaper.ts');
const { WriteHold } = await import('./write-hold.ts');

describe('a host on which no descriptor can be watched', () => {
  const reaper = new Reaper();
  const helpers = new HelperPool(reaper);
  beforeEach(() => {
    closed.length = 0;
    killed.length = 0;
  });

  it('a freeze that cannot hear its helper closes both pipes, at which the helper thaws and ends', () => {
    const freezer = createFreezer(reaper, helpers, new WriteHold());
    const times = { syncMs: 1, freezeMs: 1, leaseMs: 1 };
    assert.throws(() => freezer.start([{ mountPoint: '/', device: undefined }], times), /ENOSPC/);
    assert.deepEqual(closed, [8, 9]);
  });

  it('a helper that cannot be heard is killed, and its pipe is closed', async () => {
    await assert.rejects(
      helpers.run('fsync', () => '', 1000),
      /ENOSPC/,
    );
    assert.deepEqual([closed, killed], [[8], [7]]);
  });

  it('a program of the agent whose output cannot be read is killed, and all its pipes are closed', async () => {
    const jobs = createJobs(reaper, helpers, 0o022);
    await assert.rejects(jobs.run(['/bin/true'], { timeoutMs: 1000, stdin: 'x' }), /ENOSPC/);
    assert.deepEqual([closed.toSorted((a, b) => a - b), killed], [[8, 9, 10], [-7]]);
  });

  it('a watch of the network that fails leaves nothing open', () => {
    assert.throws(() => createNetwork().watch(() => undefined), /ENOSPC/);
    assert.deepEqual(closed, [8]);
  });
});
