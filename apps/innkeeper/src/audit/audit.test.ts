import assert from 'node:assert/strict';
import { it } from 'node:test';
import { silentLog } from '@innkeeper/kit';
import type { Store } from '@innkeeper/store';
import { Audit } from './audit.ts';

it('an audit entry that cannot be written is in the log as audit.lost, complete, and the work continues', async () => {
  const lines: unknown[] = [];
  const log = { ...silentLog, error: (event: string, fields?: unknown) => void lines.push([event, fields]) };
  const full = () => Promise.reject(new Error('the disk is full'));
  const store = { audit: { append: full, intend: full, forget: full } } as unknown as Store;
  const audit = new Audit({ store, log, nowMs: () => 5 });
  const caller = { name: 'ann', via: 'session', address: '192.0.2.1' } as const;
  const record = {
    caller,
    action: 'StopVm',
    vm: { id: 'v', name: 'web-1' },
    parameters: { force: true },
    result: 'ok',
  };
  assert.equal(await audit.intend(record), undefined);
  await audit.record(record);
  const facts = {
    time_ms: 5,
    user_name: 'ann',
    via: 'session',
    address: '192.0.2.1',
    action: 'StopVm',
    vm_id: 'v',
    vm_name: 'web-1',
    parameters: '{"force":true}',
    result: 'ok',
    error: 'Error: the disk is full',
  };
  assert.deepEqual(lines, [
    ['audit.intent-lost', facts],
    ['audit.lost', facts],
  ]);
});
