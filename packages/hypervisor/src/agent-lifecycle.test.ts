import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AgentLifecycle, type AgentLifecycleEvent, agentOff, agentReduce } from './agent-lifecycle.ts';

const started: AgentLifecycleEvent = { type: 'vm-started', absence: undefined };
const lost: AgentLifecycleEvent = { type: 'lost', detail: 'silent for 15 s' };

function after(...events: readonly AgentLifecycleEvent[]): AgentLifecycle {
  return events.reduce(agentReduce, agentOff);
}

describe('agentReduce()', () => {
  it('waits, connects, loses and finds again', () => {
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

  it('does not lose an agent that was never heard', () => {
    assert.equal(after(started, lost).state, 'waiting');
  });

  it('says why there is none', () => {
    const absence = { reason: 'IMAGE_NOT_EXT4', detail: 'It is XFS.' };
    const agent = after({ type: 'vm-started', absence });
    assert.deepEqual([agent.state, agent.reason, agent.detail], ['absent', 'IMAGE_NOT_EXT4', 'It is XFS.']);
  });

  it('believes an agent that answers where none was expected', () => {
    const absence = { reason: 'IMAGE_NOT_EXT4', detail: '' };
    assert.equal(after({ type: 'vm-started', absence }, { type: 'connected' }).state, 'connected');
  });

  it('is paused with the VM, not lost, and then what it was', () => {
    const paused = after(started, { type: 'connected' }, { type: 'vm-paused' }, lost, { type: 'vm-paused' });
    assert.equal(paused.state, 'paused');
    assert.equal(agentReduce(paused, { type: 'vm-resumed' }).state, 'connected');
  });

  it('waits anew after a reset of the guest', () => {
    assert.equal(after(started, { type: 'connected' }, { type: 'vm-reset' }).state, 'waiting');
  });

  it('is off when the VM ended, whatever it was', () => {
    assert.equal(after(started, { type: 'connected' }, { type: 'vm-paused' }, { type: 'vm-ended' }).state, 'off');
    assert.equal(after({ type: 'connected' }).state, 'off');
  });
});
