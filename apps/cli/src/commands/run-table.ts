import { ExecEnding } from '@innkeeper/contract/agent';
import type { RunTarget } from '@innkeeper/contract/control';
import { formatBytes, formatDuration } from '../output/figures.ts';
import type { Column } from '../output/table.ts';
import { runStateWord } from '../output/words.ts';

/** What came of a run on each VM. */
export const runTargetColumns: readonly Column<RunTarget>[] = [
  { title: 'VM', value: (target) => target.vmName },
  { title: 'STATE', value: (target) => runStateWord(target.state) },
  { title: 'ENDED', value: howItEnded },
  { title: 'TIME', align: 'right', value: duration },
  { title: 'OUTPUT', align: 'right', value: (target) => formatBytes(target.keptBytes) },
  { title: 'NOT KEPT', align: 'right', value: notKept },
];

/** Bytes that it printed and that were not kept: too many, or lost on the way. */
export function droppedBytes({ exited, keptBytes }: RunTarget): bigint {
  if (exited === undefined) return 0n;
  const dropped = exited.stdoutBytes + exited.stderrBytes - keptBytes;
  return dropped > 0n ? dropped : 0n;
}

function notKept(target: RunTarget): string {
  const dropped = droppedBytes(target);
  return dropped === 0n ? '' : formatBytes(dropped);
}

function howItEnded({ exited, errorReason, errorMessage }: RunTarget): string {
  if (exited === undefined) return errorReason === '' ? '' : `${errorReason}: ${errorMessage}`;
  if (exited.ending === ExecEnding.TIMEOUT) return 'timeout';
  const { status } = exited;
  return status.case === 'signal' ? `signal ${status.value}` : `exit code ${status.value ?? '–'}`;
}

function duration({ exited, startedUnixNs, endedUnixNs }: RunTarget): string {
  if (exited !== undefined) return formatDuration(Number(exited.durationMs) / 1000);
  if (startedUnixNs === undefined || endedUnixNs === undefined) return '';
  return formatDuration(Number((endedUnixNs - startedUnixNs) / 1_000_000n) / 1000);
}
