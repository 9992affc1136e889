import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { openStore } from '@innkeeper/store';
import { Audit } from './audit.ts';
import { controlWriter, watchIntents } from './interrupted.ts';

const record = {
  caller: { name: 'ann', via: 'session', address: '192.0.2.1' },
  action: 'StopVm',
  parameters: {},
} as const;

it('the intents of a control plane that was killed become entries within three minutes, those of a living one stay', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.UTC(2026, 0, 10) });
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-intents-'));
  await using store = await openStore(join(folder, 'innkeeper.db'));
  const options = { store, log: silentLog, nowMs: () => Date.now() };
  const [killed, living] = [controlWriter(), controlWriter()];
  const entries = async () => (await store.audit.list({ limit: 10 })).map(({ action, result }) => [action, result]);
  try {
    using _ = watchIntents(store, living, silentLog);
    await new Audit({ ...options, writer: killed }).intend(record);
    const audit = new Audit({ ...options, writer: living });
    const own = await audit.intend({ ...record, action: 'StartVm' });
    for (let seconds = 0; seconds < 110; seconds += 10) t.mock.timers.tick(10_000);
    assert.deepEqual(await entries(), [], 'its own lifetime has not run out');
    for (let seconds = 110; seconds < 180; seconds += 10) {
      t.mock.timers.tick(10_000);
      // The database answers in a thread of its own.
      await store.audit.list({ limit: 1 });
    }
    await until(async () => (await entries()).length > 0);
    assert.deepEqual(await entries(), [['StopVm', 'INTERRUPTED']]);
    await audit.record({ ...record, action: 'StartVm', result: 'ok' }, own);
    assert.deepEqual((await entries()).toSorted(), [
      ['StartVm', 'ok'],
      ['StopVm', 'INTERRUPTED'],
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
