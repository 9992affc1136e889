import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { draftProblems, emptyDraft, type RunDraft } from './run-draft.ts';
import { startBlocker } from './start-blocker.ts';
import type { RunTargets, RunTargetView } from './use-run-targets.ts';

const command: RunDraft = { ...emptyDraft, command: 'id', vms: ['a', 'b'] };
const found = (...targets: readonly RunTargetView[]): RunTargets => ({ targets, total: targets.length, error: null });
const well = (name: string): RunTargetView => ({ name, problem: undefined, blocking: false });
const away = (name: string): RunTargetView => ({ name, problem: 'The VM does not run.', blocking: false });
const blocker = (draft: RunDraft, targets: RunTargets): string | undefined =>
  startBlocker(draft, draftProblems(draft), targets);

describe('what keeps a run from starting', () => {
  it('is nothing when one VM answers', () => {
    assert.equal(blocker(command, found(well('a'), away('b'))), undefined);
  });

  for (const [why, draft, targets] of [
    ['Choose the VMs that it shall run on.', { ...command, vms: [] }, found()],
    ['Say which VMs it shall run on.', { ...command, where: 'filter' }, found()],
    ['There is nothing to run yet.', { ...command, command: ' ' }, found(well('a'))],
    ['The VMs are being looked up.', command, { targets: undefined, total: 0, error: null }],
    ['No running VM matches.', { ...command, where: 'filter', filter: 'tag:x' }, found()],
    ['A run goes to at most 1,000 VMs.', command, { ...found(well('a')), total: 1001 }],
    ['a: The VM does not run.', command, found(away('a'))],
    ['None of these VMs answers now.', command, found(away('a'), away('b'))],
    ['b: No.', command, found(well('a'), { name: 'b', problem: 'No.', blocking: true })],
  ] as const satisfies readonly (readonly [string, RunDraft, RunTargets])[])
    it(`is: ${why}`, () => assert.equal(blocker(draft, targets), why));
});
