import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { AgentState, type Vm, VmSchema, VmState } from '@innkeeper/contract/control';
import { agentView, isBooting, needsAttention } from './agent-view.ts';
import { unknownReason } from './unknown-reason.ts';

const vm = (state: VmState, agent: { state: AgentState; version?: string; reason?: string; detail?: string }): Vm =>
  create(VmSchema, { state, agent });

describe('the agent of a VM', () => {
  it('the state of an agent is a word, also when it is connected or outdated, and never its version', () => {
    const connected = vm(VmState.RUNNING, { state: AgentState.CONNECTED, version: '0.9.2' });
    assert.equal(agentView(connected, '0.9.2').word, 'connected');
    assert.equal(agentView(connected, '0.9.2').hint, 'The agent is connected.\nVersion 0.9.2.');
    assert.deepEqual(agentView(connected, '0.10.0'), {
      word: 'connected',
      tone: 'warn',
      hint: 'Version 0.9.2; the daemon has 0.10.0.',
      outdated: true,
    });
  });

  it('a VM that boots, stops, is stopped or paused shows no warning', () => {
    const calm: readonly [VmState, AgentState][] = [
      [VmState.STARTING, AgentState.WAITING],
      [VmState.RUNNING, AgentState.WAITING],
      [VmState.STOPPING, AgentState.LOST],
      [VmState.STOPPED, AgentState.OFF],
      [VmState.PAUSED, AgentState.PAUSED],
    ];
    for (const [state, agent] of calm) {
      const one = vm(state, { state: agent, reason: state === VmState.STOPPING ? 'AGENT_UNREACHABLE' : '' });
      assert.equal(needsAttention(one), false);
      assert.ok(['idle', 'busy'].includes(agentView(one, '').tone), `state ${state}`);
    }
    // Its image has no agent, which is only of interest while it runs.
    const stopped = vm(VmState.STOPPED, { state: AgentState.ABSENT, reason: 'IMAGE_NOT_EXT4', detail: 'No ext4.' });
    assert.deepEqual([needsAttention(stopped), agentView(stopped, '').tone], [false, 'idle']);
  });

  it('a running VM whose agent is lost, missing or late shows a warning', () => {
    for (const state of [AgentState.LOST, AgentState.ABSENT, AgentState.WAITING])
      assert.equal(needsAttention(vm(VmState.RUNNING, { state, reason: 'AGENT_UNREACHABLE' })), true);
    assert.equal(
      agentView(vm(VmState.RUNNING, { state: AgentState.LOST, reason: 'AGENT_UNREACHABLE' }), '').tone,
      'bad',
    );
  });

  it('why an agent is lost is a sentence, since another one follows', () => {
    const lost = vm(VmState.RUNNING, { state: AgentState.LOST, detail: 'nothing heard for 15 s' });
    assert.equal(unknownReason(lost.agent), 'Nothing heard for 15 s.');
    assert.match(agentView(lost, '').hint ?? '', /^Nothing heard for 15 s\./);
    assert.equal(unknownReason({ state: AgentState.ABSENT, detail: 'No ext4.' }), 'No ext4.');
  });

  it('isBooting ends when the agent connects or is late', () => {
    assert.equal(isBooting(vm(VmState.STARTING, { state: AgentState.WAITING })), true);
    assert.equal(isBooting(vm(VmState.RUNNING, { state: AgentState.WAITING })), true);
    assert.equal(isBooting(vm(VmState.RUNNING, { state: AgentState.WAITING, reason: 'AGENT_UNREACHABLE' })), false);
    assert.equal(isBooting(vm(VmState.RUNNING, { state: AgentState.CONNECTED })), false);
    assert.equal(isBooting(vm(VmState.STOPPED, { state: AgentState.OFF })), false);
  });
});
