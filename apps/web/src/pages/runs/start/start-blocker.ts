import type { DraftProblems, RunDraft } from './run-draft.ts';
import { maxTargets, type RunTargets } from './use-run-targets.ts';

/** Why the drafted run cannot be started, in one sentence; undefined if it can. */
export function startBlocker(
  { where, vms, filter }: RunDraft,
  problems: DraftProblems,
  { targets, total }: RunTargets,
): string | undefined {
  if (where === 'vms' && vms.length === 0) return 'Choose at least one VM.';
  if (where === 'filter' && filter.trim() === '') return 'Enter a filter.';
  const blocking = targets?.find((target) => target.blocking);
  if (blocking !== undefined) return `${blocking.name}: ${blocking.problem}`;
  const [problem] = Object.values(problems);
  if (problem !== undefined) return problem;
  if (targets === undefined) return 'Looking up the VMs.';
  const [first, ...others] = targets;
  if (first === undefined) return 'No running VM matches.';
  if (total > maxTargets) return `A run can have at most ${maxTargets.toLocaleString()} VMs.`;
  if (targets.some((target) => target.problem === undefined)) return undefined;
  return others.length === 0 ? `${first.name}: ${first.problem}` : 'None of these VMs is available.';
}
