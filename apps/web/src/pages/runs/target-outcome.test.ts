import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { ExecEnding } from '@innkeeper/contract/agent';
import { RunState, type RunTarget, RunTargetSchema } from '@innkeeper/contract/control';
import { countStates, elapsedNs, endAnnouncement, outcomeHint, outcomeText, targetsText } from './target-outcome.ts';

const target = (vmName: string, state: RunState, exitCode?: number): RunTarget =>
  create(RunTargetSchema, {
    vmName,
    state,
    ...(exitCode === undefined ? {} : { exited: { status: { case: 'exitCode', value: exitCode } } }),
  });

describe('how a target ended', () => {
  it('outcomeText is an exit code, a signal name, or a timeout', () => {
    assert.equal(outcomeText(target('a', RunState.RUNNING)), undefined);
    assert.equal(outcomeText(target('a', RunState.FAILED, 3)), 'exit code 3');
    assert.equal(outcomeHint(target('a', RunState.FAILED, 127)), 'not found');
    const killed = create(RunTargetSchema, { exited: { status: { case: 'signal', value: 9 } } });
    assert.equal(outcomeText(killed), 'signal KILL');
    const late = { exited: { status: { case: 'signal', value: 15 }, ending: ExecEnding.TIMEOUT } } as const;
    assert.equal(outcomeText(create(RunTargetSchema, late)), 'timed out, signal TERM');
    const odd = create(RunTargetSchema, { exited: { status: { case: 'signal', value: 64 } } });
    assert.equal(outcomeText(odd), 'signal 64');
  });

  it('elapsedNs counts to now while running, and is never negative', () => {
    assert.equal(elapsedNs({}, 5), undefined);
    assert.equal(elapsedNs({ startedUnixNs: 2_000_000n }, 5), 3_000_000n);
    assert.equal(elapsedNs({ startedUnixNs: 9_000_000n }, 5), 0n);
    assert.equal(elapsedNs({ startedUnixNs: 1n, endedUnixNs: 4n }, 5), 3n);
  });
});

describe('many targets', () => {
  const targets = [
    target('a', RunState.SUCCEEDED, 0),
    target('b', RunState.FAILED, 1),
    target('c', RunState.SUCCEEDED, 0),
  ];

  it('targets are counted by state', () => {
    assert.equal(targetsText(targets), '3 VMs');
    assert.equal(targetsText(targets.slice(1, 2)), 'b');
    assert.deepEqual(
      countStates(targets).map(({ word, count }) => `${count} ${word}`),
      ['2 succeeded', '1 failed'],
    );
  });

  it('endAnnouncement describes the result once the run has ended', () => {
    assert.equal(endAnnouncement({ state: RunState.RUNNING, targets }), '');
    assert.equal(endAnnouncement({ state: RunState.FAILED, targets }), 'The run ended: 2 succeeded, 1 failed.');
    const one = targets.slice(1, 2);
    assert.equal(endAnnouncement({ state: RunState.FAILED, targets: one }), 'The run failed on b: exit code 1.');
    assert.equal(
      endAnnouncement({ state: RunState.CANCELED, targets: [target('a', RunState.CANCELED)] }),
      'The run was cancelled on a.',
    );
  });
});
