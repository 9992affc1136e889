import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AccountServiceLite,
  FileServiceLite,
  NetworkServiceLite,
  ProcessServiceLite,
  TelemetryServiceLite,
  TunnelServiceLite,
} from '@innkeeper/contract/agent-lite';
import { ManualClock, settle } from '../fake/manual-clock.ts';
import { GuestFreezeState, neverFrozen } from '../freeze-state.ts';
import type { GatedMethod } from '../serving/call-gate.ts';
import { untilFew } from './hand-over.ts';
import { createSuccession } from './succession.ts';

/** How an update begins while a call of this method is open: its error, if it ends in 10 s. */
async function beginDuring(method: GatedMethod, options: { readonly endsInMs?: number } = {}): Promise<unknown> {
  const clock = new ManualClock();
  const succession = createSuccession('one', 0n);
  const ended = Promise.withResolvers<void>();
  void succession.gate.count(method, () => ended.promise);
  let result: unknown = 'waits';
  untilFew({ host: { clock }, freeze: neverFrozen, succession }, false).then(
    () => (result = 'begins'),
    (error: unknown) => (result = error),
  );
  await settle();
  if (result !== 'waits') return result;
  if (options.endsInMs !== undefined) {
    await clock.advance(options.endsInMs);
    assert.equal(result, 'waits');
    ended.resolve();
    await settle();
    await clock.advance(100);
  } else await clock.advance(10_100);
  await settle();
  return result;
}

describe('a freeze that an earlier agent left', () => {
  it('while it is thawed and its hooks run, an update is refused, since the hooks would be lost', async () => {
    const freeze = new GuestFreezeState();
    const parts = { host: { clock: new ManualClock() }, freeze, succession: createSuccession('one', 0n) };
    const recovered = Promise.withResolvers<void>();
    freeze.recover(recovered.promise);
    await assert.rejects(untilFew(parts, true), { reason: 'UPDATE_BUSY' });
    recovered.resolve();
    await settle();
    await untilFew(parts, true);
  });
});

describe('calls that are open when an update begins', () => {
  for (const method of [
    FileServiceLite.readTar,
    FileServiceLite.writeTar,
    AccountServiceLite.change,
    AccountServiceLite.changeKeys,
    NetworkServiceLite.setNetwork,
    TunnelServiceLite.connect,
  ])
    it(`${method.name} has 10 s to end, and is in the way after that`, async () => {
      assert.equal(await beginDuring(method, { endsInMs: 9000 }), 'begins');
      const error = (await beginDuring(method)) as { reason: string; message: string };
      assert.equal(error.reason, 'UPDATE_BUSY');
      assert.ok(error.message.includes(method.name.slice('innkeeper.agent.v1.'.length)), error.message);
    });

  for (const method of [
    FileServiceLite.read,
    FileServiceLite.write,
    FileServiceLite.watch,
    ProcessServiceLite.exec,
    TelemetryServiceLite.watch,
  ])
    it(`${method.name} is handed over or repeated, and not waited for`, async () => {
      assert.equal(await beginDuring(method), 'begins');
    });
});
