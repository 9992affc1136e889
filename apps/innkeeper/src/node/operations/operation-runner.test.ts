import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/contract';
import { createDeferred, silentLog } from '@innkeeper/kit';
import { openStore } from '@innkeeper/store';
import { OperationRunner } from './operation-runner.ts';

const timeout = AbortSignal.timeout(30_000);

async function runner(): Promise<OperationRunner> {
  return new OperationRunner({ store: await openStore(':memory:'), log: silentLog, nodeId: 'n' });
}

describe('OperationRunner', () => {
  it('watching an operation yields its current state, its changes and its end', async () => {
    const operations = await runner();
    const go = createDeferred<void>();
    const { id } = await operations.start({
      kind: 'test',
      target: 'x',
      work: async ({ stage }) => {
        await go.promise;
        stage('half way', 0.5);
      },
    });
    const seen: string[] = [];
    for await (const row of operations.watch(id, timeout)) {
      seen.push(row.state);
      go.resolve();
    }
    assert.equal(seen[0], 'running');
    assert.equal(seen.at(-1), 'succeeded');
    assert.deepEqual(JSON.parse((await operations.get(id)).log), ['half way']);
  });

  it('a failed operation has a reason and is stored', async () => {
    const operations = await runner();
    const work = (): Promise<void> => Promise.reject(new OperationError('IMAGE_FULL', 'No room.'));
    const { id } = await operations.start({ kind: 'test', target: 'x', work });
    const row = await operations.finished(id, timeout);
    assert.equal(row.state, 'failed');
    const { next } = { next: JSON.parse(row.error ?? '{}') };
    assert.deepEqual([next.code, next.reason, next.message], ['resource_exhausted', 'IMAGE_FULL', 'No room.']);
  });

  it('cancelling an operation aborts its work and marks it as canceled', async () => {
    const operations = await runner();
    const { id } = await operations.start({
      kind: 'test',
      target: 'x',
      work: ({ signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    await operations.cancel(id);
    assert.equal((await operations.finished(id, timeout)).state, 'canceled');
    assert.equal((await operations.cancel(id)).state, 'canceled');
  });

  it('an operation keeps the last 200 lines of its log', async () => {
    const operations = await runner();
    const { id } = await operations.start({
      kind: 'test',
      target: 'x',
      work: async ({ stage }) => {
        for (let line = 0; line < 1000; line++) stage(`line ${line} ${'x'.repeat(2000)}`);
      },
    });
    const lines = JSON.parse((await operations.finished(id, timeout)).log) as string[];
    assert.equal(lines.length, 200);
    assert.ok(lines.every((line) => line.length <= 1000));
    assert.match(lines.at(-1) ?? '', /^line 999 /);
  });

  it('an unknown operation fails with OPERATION_NOT_FOUND', async () => {
    await assert.rejects((await runner()).get('nothing'), { reason: 'OPERATION_NOT_FOUND' });
  });

  it('watching an operation ends when the reader disconnects', async () => {
    const operations = await runner();
    const go = createDeferred<void>();
    const { id } = await operations.start({ kind: 'test', target: 'x', work: () => go.promise });
    const reader = new AbortController();
    const watching = operations.finished(id, reader.signal);
    reader.abort(new Error('left'));
    await assert.rejects(watching, /left/);
    go.resolve();
    await operations.finished(id, timeout);
  });
});
