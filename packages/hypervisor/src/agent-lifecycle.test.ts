import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AgentLifecycle, type AgentLifecycleEvent, agentOff, agentReduce } from './agent-lifecycle.ts';

const started: AgentLifecycleEvent = { type: 'vm-started', absence: undefined };
const lost: AgentLifecycleEvent = { type: 'lost', detail: 'silent for 15 s' };

function after(...events: readonly AgentLifecycleEvent[]): AgentLifecycle {
  return events.reduce(agentReduce, agentOff);
}

describe('agentReduce()', () => {
  it('a VM’s agent is waited for, connects, is lost and reconnects', () => {
    assert.equal(after(started).state, 'waiting');
    assert.equal(after(started, { type: 'connected' }).state, 'connected');
    assert.deepEqual(after(started, { type: 'connected' }, lost), {
      state: 'lost',
      reason: 'AGENT_UNREACHABLE',
      detail: 'silent for 15 s',
      before: undefined,
    });
    assert.equal(after(started, { type: 'connected' }, lost, { type: 'connected' }).state, 'connected');
  });

  it('an agent that never connected is not lost', () => {
    assert.equal(after(started, lost).state, 'waiting');
  });

  it('an absent agent has a reason', () => {
    const absence = { reason: 'IMAGE_NOT_EXT4', detail: 'It is XFS.' };
    const agent = after({ type: 'vm-started', absence });
    assert.deepEqual([agent.state, agent.reason, agent.detail], ['absent', 'IMAGE_NOT_EXT4', 'It is XFS.']);
  });

  it('an agent that answers where none was expected is connected', () => {
    const absence = { reason: 'IMAGE_NOT_EXT4', detail: '' };
    assert.equal(after({ type: 'vm-started', absence }, { type: 'connected' }).state, 'connected');
  });

  it('an agent is paused with its VM, not lost, and returns to its earlier state', () => {
    const paused = after(started, { type: 'connected' }, { type: 'vm-paused' }, lost, { type: 'vm-paused' });
    assert.equal(paused.state, 'paused');
    assert.equal(agentReduce(paused, { type: 'vm-resumed' }).state, 'connected');
  });

  it('an agent is waited for again after a reset of the guest', () => {
    assert.equal(after(started, { type: 'connected' }, { type: 'vm-reset' }).state, 'waiting');
  });

  it('an agent is off when its VM has ended, whatever its state', () => {
    assert.equal(after(started, { type: 'connected' }, { type: 'vm-paused' }, { type: 'vm-ended' }).state, 'off');
    assert.equal(after({ type: 'connected' }).state, 'off');
  });
});
