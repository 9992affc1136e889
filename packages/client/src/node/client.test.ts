import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { OperationState } from '@innkeeper/contract/control';
import { isOperationError } from '@innkeeper/contract/errors';
import { callError, startFakeDaemon } from '../testing/fake-daemon.ts';
import { createClient } from './create-client.ts';

describe('calls', () => {
  it('a call returns the daemon’s response and keeps no connection open', async () => {
    await using daemon = await startFakeDaemon({ vms: { listVms: () => ({ vms: [{ name: 'one' }], total: 1 }) } });
    const { vms } = await createClient(daemon).vms.listVms({});
    assert.deepEqual(
      vms.map(({ name }) => name),
      ['one'],
    );
    await daemon.idle();
  });

  it('a call rejects with the daemon’s reason and next step', async () => {
    await using daemon = await startFakeDaemon({
      vms: {
        getVm() {
          throw callError('VM_NOT_FOUND', 'There is no VM named "x".', 'See “inn ls”.');
        },
      },
    });
    await assert.rejects(createClient(daemon).vms.getVm({ vm: 'x' }), {
      name: 'OperationError',
      reason: 'VM_NOT_FOUND',
      code: 'not_found',
      message: 'There is no VM named "x".',
      nextStep: 'See “inn ls”.',
    });
  });

  it('a call keeps an error whose next step is malformed percent-encoding', async () => {
    await using daemon = await startFakeDaemon({
      vms: {
        getVm() {
          const error = callError('VM_BUSY', 'busy');
          error.metadata.set('x-innkeeper-next-step', '%zz');
          throw error;
        },
      },
    });
    await assert.rejects(createClient(daemon).vms.getVm({ vm: 'x' }), { reason: 'VM_BUSY', nextStep: '%zz' });
  });

  it('a call of a method that the daemon does not implement rejects with UNKNOWN_METHOD', async () => {
    await using daemon = await startFakeDaemon();
    await assert.rejects(createClient(daemon).node.getNode({}), { reason: 'UNKNOWN_METHOD' });
  });

  it('calls, exec and file transfers say how to start the daemon when it is not running', async () => {
    await using daemon = await startFakeDaemon();
    await daemon.stop();
    const client = createClient(daemon);
    const absent = (error: unknown): boolean => {
      assert.ok(isOperationError(error));
      assert.equal(error.reason, 'DAEMON_UNREACHABLE');
      assert.match(error.nextStep, /npm start/);
      return error.message.includes(daemon.socketPath);
    };
    await assert.rejects(client.vms.listVms({}), absent);
    await assert.rejects(client.operations.wait('x'), absent);
    await assert.rejects(
      client
        .exec('x', { start: { argv: ['true'] } })
        [Symbol.asyncIterator]()
        .next(),
      absent,
    );
    await assert.rejects(client.readFile('x', '/f'), absent);
    await assert.rejects(client.writeFile('x', '/f', { source: () => Readable.from([]), uploadId: 'u' }), absent);
  });

  it('a socket that closes at once is DAEMON_UNREACHABLE', async () => {
    await using daemon = await startFakeDaemon();
    const socketPath = join(daemon.folder, 'closing.sock');
    const server = createServer((socket) => socket.destroy()).listen(socketPath);
    try {
      await assert.rejects(createClient({ socketPath }).vms.listVms({}), { reason: 'DAEMON_UNREACHABLE' });
    } finally {
      server.close();
    }
  });

  it('a call rejects with CANCELED when its signal is aborted before or during the call', async () => {
    const asked = Promise.withResolvers<void>();
    await using daemon = await startFakeDaemon({
      vms: {
        listVms(_, { signal }) {
          asked.resolve();
          return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
      },
    });
    const client = createClient(daemon);
    await assert.rejects(client.vms.listVms({}, { signal: AbortSignal.abort() }), { reason: 'CANCELED' });
    const controller = new AbortController();
    const call = client.vms.listVms({}, { signal: controller.signal });
    await asked.promise;
    controller.abort();
    await assert.rejects(call, { reason: 'CANCELED' });
    await assert.rejects(client.vms.listVms({}, { timeoutMs: 20 }), { reason: 'DEADLINE_EXCEEDED' });
  });
});

describe('watches', () => {
  it('a watch yields every message, and ends the call when its reader leaves', async () => {
    const left = Promise.withResolvers<void>();
    await using daemon = await startFakeDaemon({
      vms: {
        async *watchVm(_, { signal }) {
          signal.addEventListener('abort', () => left.resolve());
          for (let count = 1; ; count++) {
            yield { name: 'one', cpus: count };
            if (count === 3) await left.promise;
          }
        },
      },
    });
    const seen: number[] = [];
    for await (const { cpus } of createClient(daemon).vms.watchVm({ vm: 'one' })) {
      seen.push(cpus);
      if (cpus === 3) break;
    }
    assert.deepEqual(seen, [1, 2, 3]);
    await left.promise;
  });

  it('a watch rejects with the daemon’s error, and with DAEMON_UNREACHABLE when the daemon is killed', async () => {
    const listening = Promise.withResolvers<void>();
    await using daemon = await startFakeDaemon({
      vms: {
        async *watchVm({ vm }, { signal }) {
          yield { name: vm };
          if (vm === 'fails') throw callError('VM_NOT_FOUND', 'deleted');
          listening.resolve();
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      },
    });
    const read = async (vm: string): Promise<void> => {
      for await (const each of createClient(daemon).vms.watchVm({ vm })) assert.equal(each.name, vm);
    };
    await assert.rejects(read('fails'), { reason: 'VM_NOT_FOUND', message: 'deleted' });
    const cut = read('hangs');
    await listening.promise;
    await daemon.stop();
    await assert.rejects(cut, { reason: 'DAEMON_UNREACHABLE' });
  });
});

describe('waiting for an operation', () => {
  const operation = { id: 'o', kind: 'vm.create', target: 'one' };

  it('operations.wait reports every change, and resolves on success', async () => {
    await using daemon = await startFakeDaemon({
      operations: {
        async *watchOperation() {
          yield { ...operation, state: OperationState.RUNNING, stage: 'copying', progress: 0.5 };
          yield { ...operation, state: OperationState.SUCCEEDED };
        },
      },
    });
    const stages: string[] = [];
    const ended = await createClient(daemon).operations.wait('o', { onProgress: ({ stage }) => stages.push(stage) });
    assert.equal(ended.state, OperationState.SUCCEEDED);
    assert.deepEqual(stages, ['copying', '']);
  });

  it('operations.wait rejects with the error of the operation', async () => {
    await using daemon = await startFakeDaemon({
      operations: {
        async *watchOperation({ id }) {
          if (id === 'cut') return;
          yield id === 'canceled'
            ? { ...operation, state: OperationState.CANCELED }
            : {
                ...operation,
                state: OperationState.FAILED,
                errorReason: id === 'odd' ? 'OF_A_LATER_VERSION' : 'HOST_DISK_FULL',
                errorMessage: 'full',
                errorNextStep: 'Free some.',
              };
        },
      },
    });
    const { operations } = createClient(daemon);
    await assert.rejects(operations.wait('o'), { reason: 'HOST_DISK_FULL', message: 'full', nextStep: 'Free some.' });
    await assert.rejects(operations.wait('odd'), { reason: 'INTERNAL', message: 'full' });
    await assert.rejects(operations.wait('canceled'), { reason: 'CANCELED' });
    await assert.rejects(operations.wait('cut'), { reason: 'INTERNAL' });
  });
});
