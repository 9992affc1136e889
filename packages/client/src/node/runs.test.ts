import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputStream } from '@innkeeper/contract/agent';
import { RunState } from '@innkeeper/contract/control';
import { callError, errorBody, startFakeDaemon } from '../testing/fake-daemon.ts';
import { createClient } from './create-client.ts';

const run = { id: 'r', state: RunState.RUNNING, targets: [{ vmId: 'v', vmName: 'one', state: RunState.RUNNING }] };

/** Output as WatchRun sends it. */
function output(offset: number, text: string) {
  return {
    event: {
      case: 'output',
      value: { vmId: 'v', stream: OutputStream.STDOUT, offset: BigInt(offset), data: Buffer.from(text) },
    },
  } as const;
}

describe('runs', () => {
  it('runs.start sends a new id, so that the request can be repeated', async () => {
    const ids: string[] = [];
    await using daemon = await startFakeDaemon({
      runs: {
        startRun({ id, vms, spec }) {
          ids.push(id);
          const { argv, environment, maxOutputBytes, user } = spec ?? {};
          assert.deepEqual([vms, argv, environment, user], [['one'], ['true'], { A: 'b' }, '']);
          assert.equal(maxOutputBytes, 5n);
          return run;
        },
      },
    });
    const { runs } = createClient(daemon);
    const wanted = { vms: ['one'], argv: ['true'], environment: { A: 'b' }, maxOutputBytes: 5, user: undefined };
    assert.equal((await runs.start(wanted)).id, 'r');
    await runs.start({ ...wanted, id: 'mine' });
    assert.match(ids[0] ?? '', /^[0-9a-f]{32}$/);
    assert.equal(ids[1], 'mine');
  });

  it('runs.list goes through all pages', async () => {
    await using daemon = await startFakeDaemon({
      runs: {
        listRuns: ({ beforeUnixNs, limit }) => {
          assert.equal(limit, 2);
          const first = beforeUnixNs === 0n ? 9n : beforeUnixNs - 1n;
          const runs = [first, first - 1n].map((startedUnixNs) => ({ id: `${startedUnixNs}`, startedUnixNs }));
          return { runs, more: first > 5n };
        },
      },
    });
    const ids: string[] = [];
    for await (const { id } of createClient(daemon).runs.list({ pageSize: 2 })) ids.push(id);
    assert.deepEqual(ids, ['9', '8', '7', '6', '5', '4']);
  });

  it('runs.watch continues across a restart of the daemon, without missing or repeated output', async () => {
    const sent = Promise.withResolvers<void>();
    await using daemon = await startFakeDaemon({
      runs: {
        async *watchRun(_, { signal }) {
          yield { event: { case: 'run', value: run } };
          yield output(0, 'abcd');
          sent.resolve();
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      },
    });
    const interruptions: string[] = [];
    let text = '';
    let restarted: Promise<void> | undefined;
    const onInterruption = (what: string): void => void interruptions.push(what);
    for await (const { event } of createClient(daemon).runs.watch('r', { onInterruption })) {
      if (event.case === 'output') text += Buffer.from(event.value.data).toString();
      restarted ??= (async () => {
        await sent.promise;
        await daemon.stop();
        await daemon.restart({
          runs: {
            async *watchRun() {
              yield { event: { case: 'run', value: run } };
              yield output(0, 'ab');
              yield output(2, 'cdef');
              yield output(6, 'gh');
            },
          },
        });
      })();
    }
    await restarted;
    assert.equal(text, 'abcdefgh');
    assert.deepEqual(interruptions, ['daemon lost', 'daemon back']);
  });

  it('runs.watch rejects with the daemon’s error, and with CANCELED on an abort', async () => {
    await using daemon = await startFakeDaemon({
      runs: {
        async *watchRun({ id }, { signal }) {
          if (id === 'none') throw callError('RUN_NOT_FOUND', 'None.');
          yield { event: { case: 'run', value: run } };
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      },
    });
    const { runs } = createClient(daemon);
    await assert.rejects(runs.watch('none').next(), { reason: 'RUN_NOT_FOUND' });
    const leave = new AbortController();
    const events = runs.watch('r', { signal: leave.signal });
    await events.next();
    const next = events.next();
    leave.abort();
    await assert.rejects(next, { reason: 'CANCELED' });
    await daemon.idle();
    await daemon.stop();
    await assert.rejects(runs.watch('r').next(), { reason: 'DAEMON_UNREACHABLE' });
  });

  it('runs.output yields the output, or rejects with the error that interrupted it', async () => {
    await using daemon = await startFakeDaemon({
      files: (_, response, url) => {
        if (url.searchParams.get('vm') === 'none') {
          response.writeHead(404).end(errorBody('VM_NOT_FOUND', 'Not there.'));
          return;
        }
        response.writeHead(200, { trailer: 'x-innkeeper-error' });
        response.write(`${url.pathname} ${url.searchParams.get('stream')}`);
        if (url.searchParams.get('vm') === 'broken')
          response.addTrailers({ 'x-innkeeper-error': errorBody('INTERNAL', 'Broke.') });
        response.end();
      },
    });
    const { runs } = createClient(daemon);
    const read = async (vm: string): Promise<string> => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of runs.output('a/b', { vm, stream: 'stderr' })) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };
    assert.equal(await read('one'), '/v1/runs/a%2Fb/output stderr');
    await assert.rejects(read('none'), { reason: 'VM_NOT_FOUND' });
    await assert.rejects(read('broken'), { message: 'Broke.' });
    for await (const _ of runs.output('x')) break;
    await daemon.idle();
  });
});
