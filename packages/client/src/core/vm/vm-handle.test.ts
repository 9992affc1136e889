import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentState, OperationState, VmState } from '@innkeeper/contract/control';
import { createClient } from '../../node/index.ts';
import { callError, type FakeHandlers, startFakeDaemon } from '../../testing/fake-daemon.ts';

describe("a VM's object", () => {
  it('a VmHandle creates, starts, stops and deletes, and waits for each operation to end', async () => {
    const asked: string[] = [];
    const begin = (what: string) => {
      asked.push(what);
      return { id: what, kind: what, state: OperationState.RUNNING };
    };
    await using daemon = await startFakeDaemon({
      vms: {
        createVm: ({ name, image }) => begin(`create ${name} of ${image}`),
        startVm: ({ vm }) => begin(`start ${vm}`),
        stopVm: ({ vm, timeoutMs }) => begin(`stop ${vm} ${timeoutMs}`),
        killVm: ({ vm }) => begin(`kill ${vm}`),
        deleteVm: ({ vm, force }) => begin(`delete ${vm} ${force}`),
      },
      operations: {
        async *watchOperation({ id }) {
          yield { id, state: OperationState.RUNNING };
          yield id.startsWith('kill')
            ? { id, state: OperationState.FAILED, errorReason: 'VM_BUSY', errorMessage: 'busy' }
            : { id, state: OperationState.SUCCEEDED };
        },
      },
    });
    const vm = await createClient(daemon).createVm({ name: 'one', image: 'tiny' });
    await vm.restart({ timeoutMs: 7 });
    await vm.delete({ force: true });
    await assert.rejects(vm.kill(), { reason: 'VM_BUSY' });
    assert.deepEqual(asked, ['create one of tiny', 'stop one 7', 'start one', 'delete one true', 'kill one']);
    await daemon.idle();
  });

  it('events() yields each event once, oldest first, including those from while the daemon was down', async () => {
    const handlers = (ids: readonly bigint[]): FakeHandlers => ({
      vms: { listEvents: () => ({ events: ids.map((id) => ({ id, kind: `event ${id}` })) }) },
    });
    await using daemon = await startFakeDaemon(handlers([2n, 1n]));
    const events = createClient(daemon).vm('one').events({ past: 1 });
    const next = async (): Promise<unknown> => (await events.next()).value?.id;
    assert.equal(await next(), 2n);
    await daemon.stop();
    const waiting = next();
    await daemon.restart(handlers([4n, 3n, 2n, 1n]));
    assert.deepEqual([await waiting, await next()], [3n, 4n]);
    await events.return();
  });

  it('events() rejects when the VM is deleted and when the signal is aborted', async () => {
    const handlers: FakeHandlers = { vms: { listEvents: () => ({ events: [] }) } };
    await using daemon = await startFakeDaemon(handlers);
    const vm = createClient(daemon).vm('one');
    await assert.rejects(vm.events({ signal: AbortSignal.timeout(20) }).next(), { reason: 'DEADLINE_EXCEEDED' });
    const gone = vm.events().next();
    await daemon.stop();
    await daemon.restart({
      vms: {
        listEvents() {
          throw callError('VM_NOT_FOUND', 'It was deleted.');
        },
      },
    });
    await assert.rejects(gone, { reason: /VM_NOT_FOUND|DAEMON_UNREACHABLE/ });
  });

  it('telemetry() yields each report of the agent once', async () => {
    const look = (at: bigint, count: number) => ({
      name: 'one',
      state: VmState.RUNNING,
      agent: { state: AgentState.CONNECTED, telemetryUnixNs: at },
      telemetry: { processCount: count },
    });
    await using daemon = await startFakeDaemon({
      vms: {
        async *watchVm() {
          yield { name: 'one', state: VmState.STARTING };
          yield look(1n, 10);
          yield look(1n, 10);
          yield look(2n, 11);
        },
      },
    });
    const seen: (number | undefined)[] = [];
    for await (const { processCount } of createClient(daemon).vm('one').telemetry()) seen.push(processCount);
    assert.deepEqual(seen, [10, 11]);
  });
});
