import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { draftProblems, emptyDraft, type RunDraft } from './run-draft.ts';
import { startBlocker } from './start-blocker.ts';
import type { RunTargets, RunTargetView } from './use-run-targets.ts';

const command: RunDraft = { ...emptyDraft, command: 'id', vms: ['a', 'b'] };
const found = (...targets: readonly RunTargetView[]): RunTargets => ({ targets, total: targets.length, error: null });
const available = (name: string): RunTargetView => ({ name, problem: undefined, blocking: false });
const stopped = (name: string): RunTargetView => ({ name, problem: 'The VM is not running.', blocking: false });
const blocker = (draft: RunDraft, targets: RunTargets): string | undefined =>
  startBlocker(draft, draftProblems(draft), targets);

describe('what keeps a run from starting', () => {
  it('startBlocker allows a run if one VM is available', () => {
    assert.equal(blocker(command, found(available('a'), stopped('b'))), undefined);
  });

  for (const [why, draft, targets] of [
    ['Choose at least one VM.', { ...command, vms: [] }, found()],
    ['Enter a filter.', { ...command, where: 'filter' }, found()],
    ['Enter a command.', { ...command, command: ' ' }, found(available('a'))],
    ['Looking up the VMs.', command, { targets: undefined, total: 0, error: null }],
    ['No running VM matches.', { ...command, where: 'filter', filter: 'tag:x' }, found()],
    ['A run can have at most 1,000 VMs.', command, { ...found(available('a')), total: 1001 }],
    ['a: The VM is not running.', command, found(stopped('a'))],
    ['None of these VMs is available.', command, found(stopped('a'), stopped('b'))],
    ['b: No.', command, found(available('a'), { name: 'b', problem: 'No.', blocking: true })],
  ] as const satisfies readonly (readonly [string, RunDraft, RunTargets])[])
    it(`startBlocker reports: ${why}`, () => assert.equal(blocker(draft, targets), why));
});
