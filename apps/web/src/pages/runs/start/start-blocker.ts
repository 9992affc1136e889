import type { DraftProblems, RunDraft } from './run-draft.ts';
import { maxTargets, type RunTargets } from './use-run-targets.ts';

/** Why a run cannot be started as it is filled in, in one sentence; undefined when it can. */
export function startBlocker(
  { where, vms, filter }: RunDraft,
  problems: DraftProblems,
  { targets, total }: RunTargets,
): string | undefined {
  if (where === 'vms' && vms.length === 0) return 'Choose the VMs that it shall run on.';
  if (where === 'filter' && filter.trim() === '') return 'Say which VMs it shall run on.';
  const blocking = targets?.find((target) => target.blocking);
  if (blocking !== undefined) return `${blocking.name}: ${blocking.problem}`;
  const [problem] = Object.values(problems);
  if (problem !== undefined) return problem;
  if (targets === undefined) return 'The VMs are being looked up.';
  const [first, ...others] = targets;
  if (first === undefined) return 'No running VM matches.';
  if (total > maxTargets) return `A run goes to at most ${maxTargets.toLocaleString()} VMs.`;
  if (targets.some((target) => target.problem === undefined)) return undefined;
  return others.length === 0 ? `${first.name}: ${first.problem}` : 'None of these VMs answers now.';
}
