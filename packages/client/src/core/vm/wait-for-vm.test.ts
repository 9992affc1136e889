import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { AgentState, type VmSchema, VmState } from '@innkeeper/contract/control';
import { createClient, type VmGoal } from '../../node/index.ts';
import { callError, startFakeDaemon } from '../../testing/fake-daemon.ts';

type Look = MessageInitShape<typeof VmSchema>;

const running = { name: 'one', state: VmState.RUNNING, agent: { state: AgentState.WAITING } };
const answering = { ...running, agent: { state: AgentState.CONNECTED } };
const stopped = { name: 'one', state: VmState.STOPPED };
const crashed = { name: 'one', state: VmState.CRASHED, stateDetail: 'out of memory' };
const agentless = {
  ...running,
  agent: { state: AgentState.ABSENT, reason: 'IMAGE_NO_INIT', detail: 'No init.', nextStep: 'Take another.' },
};

/** Waits on a VM that goes through these states and stays in the last. */
async function waitFor(goal: VmGoal, looks: readonly Look[], timeoutMs = 5000): Promise<VmState> {
  await using daemon = await startFakeDaemon({
    vms: {
      async *watchVm(_, { signal }) {
        yield* looks;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    },
  });
  const { state } = await createClient(daemon).vm('one').wait({ for: goal, timeoutMs });
  await daemon.idle();
  return state;
}

describe('waiting for a VM', () => {
  it('ends when it is so, at once when it is so already', async () => {
    assert.equal(await waitFor('running', [stopped, running]), VmState.RUNNING);
    assert.equal(await waitFor('agent', [stopped, running, answering]), VmState.RUNNING);
    assert.equal(await waitFor('stopped', [answering, stopped]), VmState.STOPPED);
    assert.equal(await waitFor('stopped', [crashed]), VmState.CRASHED);
  });

  it('fails when it ends instead', async () => {
    await assert.rejects(waitFor('agent', [running, crashed]), {
      reason: 'VM_NOT_RUNNING',
      message: 'one ended. out of memory',
    });
  });

  it('fails with the reason why there is no agent', async () => {
    await assert.rejects(waitFor('agent', [running, agentless]), {
      reason: 'IMAGE_NO_INIT',
      message: 'No init.',
      nextStep: 'Take another.',
    });
  });

  it('fails after its time, when it is aborted, and when the VM is not there', async () => {
    await assert.rejects(waitFor('agent', [running], 50), { reason: 'DEADLINE_EXCEEDED' });
    await using daemon = await startFakeDaemon({
      vms: {
        // biome-ignore lint/correctness/useYield: it fails before it has anything to give.
        async *watchVm() {
          throw callError('VM_NOT_FOUND', 'There is no VM named "one".');
        },
      },
    });
    const vm = createClient(daemon).vm('one');
    await assert.rejects(vm.wait({ for: 'agent' }), { reason: 'VM_NOT_FOUND' });
    await assert.rejects(vm.wait({ for: 'agent', signal: AbortSignal.abort() }), { reason: 'CANCELED' });
  });

  it('goes on over a restart of the daemon, and does not wait for one that was never there', async () => {
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
