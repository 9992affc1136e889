import { ExecEnding, type ExecExited } from '@innkeeper/contract/agent';
import { type Run, RunState, type RunTarget } from '@innkeeper/contract/control';

/** Linux signal numbers on x86-64 and arm64. */
const signalNames: Readonly<Record<number, string>> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  4: 'ILL',
  5: 'TRAP',
  6: 'ABRT',
  7: 'BUS',
  8: 'FPE',
  9: 'KILL',
  10: 'USR1',
  11: 'SEGV',
  12: 'USR2',
  13: 'PIPE',
  14: 'ALRM',
  15: 'TERM',
  24: 'XCPU',
  25: 'XFSZ',
  31: 'SYS',
};

/** The meaning of exit codes that shells use. */
const exitHints: Readonly<Record<number, string>> = {
  126: 'not executable',
  127: 'not found',
};

/** How a target's process ended: "exit code 0", "signal KILL", "timed out"; undefined while it has not ended. */
export function outcomeText({ exited }: Pick<RunTarget, 'exited'>): string | undefined {
  if (exited === undefined) return undefined;
  const ended = endText(exited);
  if (exited.ending === ExecEnding.OUT_OF_MEMORY) return `out of memory, ${ended}`;
  return exited.ending === ExecEnding.TIMEOUT ? `timed out, ${ended}` : ended;
}

/** The meaning of an exit code; empty if it has none. */
export function outcomeHint({ exited }: Pick<RunTarget, 'exited'>): string {
  return exited?.status.case === 'exitCode' ? (exitHints[exited.status.value] ?? '') : '';
}

/** Whether a run or target has ended. */
export function isOver(state: RunState): boolean {
  return state === RunState.SUCCEEDED || state === RunState.FAILED || state === RunState.CANCELED;
}

/** Nanoseconds of wall-clock time, up to now while running; undefined before the start. */
export function elapsedNs(
  {
    startedUnixNs,
    endedUnixNs,
  }: { readonly startedUnixNs?: bigint | undefined; readonly endedUnixNs?: bigint | undefined },
  nowMs: number,
): bigint | undefined {
  if (startedUnixNs === undefined) return undefined;
  const elapsed = (endedUnixNs ?? BigInt(Math.round(nowMs)) * 1_000_000n) - startedUnixNs;
  return elapsed > 0n ? elapsed : 0n;
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

/** Counts targets by state, in the order of a run's life; omits states without targets. */
export function countStates(
  targets: readonly Pick<RunTarget, 'state'>[],
): readonly { readonly state: RunState; readonly word: string; readonly count: number }[] {
  return words
    .map(([state, word]) => ({ state, word, count: targets.filter((target) => target.state === state).length }))
    .filter(({ count }) => count > 0);
}

/**
 * Announces the result of a run: "The run succeeded on web-1", "The run ended: 2 succeeded, 1 failed". Empty before.
 */
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
