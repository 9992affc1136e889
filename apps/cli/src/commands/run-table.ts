import { ExecEnding } from '@innkeeper/contract/agent-lite';
import type { RunTarget } from '@innkeeper/contract/control';
import { formatBytes, formatDuration } from '../output/format.ts';
import { runStateLabel } from '../output/state-labels.ts';
import type { Column } from '../output/table.ts';

/** Columns for the result of a run on each VM. */
export const runTargetColumns: readonly Column<RunTarget>[] = [
  { title: 'VM', value: (target) => target.vmName },
  { title: 'STATE', value: (target) => runStateLabel(target.state) },
  { title: 'ENDED', value: endingOf },
  { title: 'TIME', align: 'right', value: duration },
  { title: 'OUTPUT', align: 'right', value: (target) => formatBytes(target.keptBytes) },
  { title: 'DROPPED', align: 'right', value: dropped },
];

/** Bytes of output that were not stored: over the limit, or lost in transfer. */
export function droppedBytes({ exited, keptBytes }: RunTarget): bigint {
  if (exited === undefined) return 0n;
  const dropped = exited.stdoutBytes + exited.stderrBytes - keptBytes;
  return dropped > 0n ? dropped : 0n;
}

function dropped(target: RunTarget): string {
  const bytes = droppedBytes(target);
  return bytes === 0n ? '' : formatBytes(bytes);
}

function endingOf({ exited, errorReason, errorMessage }: RunTarget): string {
  if (exited === undefined) return errorReason === '' ? '' : `${errorReason}: ${errorMessage}`;
  if (exited.ending === ExecEnding.TIMEOUT) return 'timeout';
  if (exited.ending === ExecEnding.OUT_OF_MEMORY) return 'out of memory';
  const { status } = exited;
  return status.case === 'signal' ? `signal ${status.value}` : `exit code ${status.value ?? '–'}`;
}

function duration({ exited, startedUnixNs, endedUnixNs }: RunTarget): string {
  if (exited !== undefined) return formatDuration(Number(exited.durationMs) / 1000);
  if (startedUnixNs === undefined || endedUnixNs === undefined) return '';
  return formatDuration(Number((endedUnixNs - startedUnixNs) / 1_000_000n) / 1000);
}
