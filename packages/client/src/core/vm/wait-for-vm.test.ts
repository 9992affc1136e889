import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { AgentState, type VmSchema, VmState } from '@innkeeper/contract/control';
import { createClient, type VmGoal } from '../../node/index.ts';
import { callError, startFakeDaemon } from '../../testing/fake-daemon.ts';

type VmInit = MessageInitShape<typeof VmSchema>;

const running = { name: 'one', state: VmState.RUNNING, agent: { state: AgentState.WAITING } };
const answering = { ...running, agent: { state: AgentState.CONNECTED } };
const stopped = { name: 'one', state: VmState.STOPPED };
const crashed = { name: 'one', state: VmState.CRASHED, stateDetail: 'out of memory' };
const agentless = {
  ...running,
  agent: { state: AgentState.ABSENT, reason: 'IMAGE_NO_INIT', detail: 'No init.', nextStep: 'Use another image.' },
};

/** Waits for a VM that goes through these states and stays in the last. */
async function waitFor(goal: VmGoal, states: readonly VmInit[], timeoutMs = 5000): Promise<VmState> {
  await using daemon = await startFakeDaemon({
    vms: {
      async *watchVm(_, { signal }) {
        yield* states;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    },
  });
  const { state } = await createClient(daemon).vm('one').wait({ for: goal, timeoutMs });
  await daemon.idle();
  return state;
}

describe('waiting for a VM', () => {
  it('wait() resolves when the VM reaches the state, at once if it is already in it', async () => {
    assert.equal(await waitFor('running', [stopped, running]), VmState.RUNNING);
    assert.equal(await waitFor('agent', [stopped, running, answering]), VmState.RUNNING);
    assert.equal(await waitFor('stopped', [answering, stopped]), VmState.STOPPED);
    assert.equal(await waitFor('stopped', [crashed]), VmState.CRASHED);
  });

  it('wait() rejects with VM_NOT_RUNNING when the VM crashes', async () => {
    await assert.rejects(waitFor('agent', [running, crashed]), {
      reason: 'VM_NOT_RUNNING',
      message: 'VM one is no longer running. out of memory',
    });
  });

  it('wait() rejects with the reason why the VM has no agent', async () => {
    await assert.rejects(waitFor('agent', [running, agentless]), {
      reason: 'IMAGE_NO_INIT',
      message: 'No init.',
      nextStep: 'Use another image.',
    });
  });

  it('wait() rejects after its timeout, on an abort, and when the VM does not exist', async () => {
    await assert.rejects(waitFor('agent', [running], 50), { reason: 'DEADLINE_EXCEEDED' });
    await using daemon = await startFakeDaemon({
      vms: {
        // biome-ignore lint/correctness/useYield: it throws before its first message.
        async *watchVm() {
          throw callError('VM_NOT_FOUND', 'There is no VM named "one".');
        },
      },
    });
    const vm = createClient(daemon).vm('one');
    await assert.rejects(vm.wait({ for: 'agent' }), { reason: 'VM_NOT_FOUND' });
    await assert.rejects(vm.wait({ for: 'agent', signal: AbortSignal.abort() }), { reason: 'CANCELED' });
  });

  it('wait() continues across a restart of the daemon, and rejects when the daemon was never reachable', async () => {
    const seen = Promise.withResolvers<void>();
    await using daemon = await startFakeDaemon({
      vms: {
        async *watchVm(_, { signal }) {
          yield running;
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      },
    });
    const vm = createClient(daemon).vm('one');
    const waiting = vm.wait({ for: 'agent', timeoutMs: 20_000, onChange: () => seen.resolve() });
    await seen.promise;
    await daemon.stop();
    await daemon.restart({
      vms: {
        async *watchVm() {
          yield answering;
        },
      },
    });
    assert.equal((await waiting).agent?.state, AgentState.CONNECTED);
    await daemon.stop();
    await assert.rejects(vm.wait({ for: 'agent' }), { reason: 'DAEMON_UNREACHABLE' });
  });
});
