import { ExecEnding, type ExecExited } from '@innkeeper/contract/agent';
import { type Run, RunState, type RunTarget } from '@innkeeper/contract/control';

/** Numbers of Linux on x86-64 and arm64. */
const signalNames: Readonly<Record<number, string>> = {
  ...{ 1: 'HUP', 2: 'INT', 3: 'QUIT', 4: 'ILL', 5: 'TRAP', 6: 'ABRT', 7: 'BUS', 8: 'FPE', 9: 'KILL', 10: 'USR1' },
  ...{ 11: 'SEGV', 12: 'USR2', 13: 'PIPE', 14: 'ALRM', 15: 'TERM', 24: 'XCPU', 25: 'XFSZ', 31: 'SYS' },
};

/** What shells mean by some exit codes. */
const exitHints: Readonly<Record<number, string>> = {
  126: 'found, and not executable',
  127: 'not found',
};

/** "exit code 0", "signal KILL", "timed out": how the process of a target ended; undefined while it has not. */
export function outcomeText({ exited }: Pick<RunTarget, 'exited'>): string | undefined {
  if (exited === undefined) return undefined;
  const ended = endText(exited);
  return exited.ending === ExecEnding.TIMEOUT ? `timed out, ${ended}` : ended;
}

/** What a person may want to know of an exit code; empty when there is nothing to add. */
export function outcomeHint({ exited }: Pick<RunTarget, 'exited'>): string {
  return exited?.status.case === 'exitCode' ? (exitHints[exited.status.value] ?? '') : '';
}

/** Whether it will not change any more. */
export function isOver(state: RunState): boolean {
  return state === RunState.SUCCEEDED || state === RunState.FAILED || state === RunState.CANCELED;
}

/** Nanoseconds of wall-clock time, up to now while it runs; undefined before it began. */
export function lastedNs(
  {
    startedUnixNs,
    endedUnixNs,
  }: { readonly startedUnixNs?: bigint | undefined; readonly endedUnixNs?: bigint | undefined },
  nowMs: number,
): bigint | undefined {
  if (startedUnixNs === undefined) return undefined;
  const lasted = (endedUnixNs ?? BigInt(Math.round(nowMs)) * 1_000_000n) - startedUnixNs;
  return lasted > 0n ? lasted : 0n;
}

/** "web-1", or "3 VMs". */
export function targetsText(targets: readonly Pick<RunTarget, 'vmName'>[]): string {
  const [first, ...others] = targets;
  if (first === undefined) return 'no VM';
  return others.length === 0 ? first.vmName : `${targets.length} VMs`;
}

const words = [
  [RunState.WAITING, 'waiting'],
  [RunState.RUNNING, 'running'],
  [RunState.SUCCEEDED, 'succeeded'],
  [RunState.FAILED, 'failed'],
  [RunState.CANCELED, 'cancelled'],
] as const;

/** How many targets are in which state, in the order of a run's life; states without any are left out. */
export function countStates(
  targets: readonly Pick<RunTarget, 'state'>[],
): readonly { readonly state: RunState; readonly word: string; readonly count: number }[] {
  return words
    .map(([state, word]) => ({ state, word, count: targets.filter((target) => target.state === state).length }))
    .filter(({ count }) => count > 0);
}

/** "The run succeeded on web-1", "The run ended: 2 succeeded, 1 failed": said once it is over. */
export function endAnnouncement({ state, targets }: Pick<Run, 'state' | 'targets'>): string {
  if (!isOver(state)) return '';
  const [only, ...others] = targets;
  const word = words.find(([each]) => each === state)?.[1] ?? 'ended';
  if (only !== undefined && others.length === 0) {
    const outcome = outcomeText(only);
    return `The run ${state === RunState.CANCELED ? 'was ' : ''}${word} on ${only.vmName}${outcome === undefined ? '' : `: ${outcome}`}.`;
  }
  return `The run ended: ${countStates(targets)
    .map(({ word: each, count }) => `${count} ${each}`)
    .join(', ')}.`;
}

function endText({ status }: ExecExited): string {
  if (status.case === 'exitCode') return `exit code ${status.value}`;
  if (status.case === 'signal') return `signal ${signalNames[status.value] ?? status.value}`;
  return 'ended';
}
