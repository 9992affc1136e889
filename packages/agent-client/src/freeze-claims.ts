import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  FreezeReport,
  FreezeRequestSchema,
  RenewFreezeRequestSchema,
  ThawRequestSchema,
  TrimResponse,
} from '@innkeeper/contract/agent';
import { FreezePhase } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { freezeLeaseMs, maxHooks, maxReportedFilesystems } from '@innkeeper/contract/limits';

/** A guest that says it is frozen must say so of the freeze that was asked for; without an id, of the present one. */
export function checkFrozen(
  { id = '' }: MessageInitShape<typeof FreezeRequestSchema> | MessageInitShape<typeof RenewFreezeRequestSchema>,
  report: FreezeReport,
): void {
  checkReport(report);
  if ((id !== '' && report.id !== id) || report.phase !== FreezePhase.FROZEN || report.leaseLeftMs === undefined)
    throw misbehaves(`The guest reports phase ${report.phase} of the freeze "${report.id.slice(0, 64)}".`);
}

/** What is reported as thawed must not be frozen. */
export function checkThawed({ id = '' }: MessageInitShape<typeof ThawRequestSchema>, report: FreezeReport): void {
  checkReport(report);
  if ((id !== '' && report.id !== id) || report.phase === FreezePhase.FROZEN)
    throw misbehaves(`The guest reports phase ${report.phase} of the freeze "${report.id.slice(0, 64)}".`);
}

/** The status of any freeze. */
export function checkReport({ filesystems, hooks, leaseLeftMs = 0 }: FreezeReport): void {
  checkCount(filesystems.length, maxReportedFilesystems, 'file systems');
  checkCount(hooks.length, 2 * maxHooks, 'hooks');
  if (leaseLeftMs > freezeLeaseMs.longest) throw misbehaves(`A lease of ${leaseLeftMs} ms is longer than possible.`);
}

export function checkTrimmed(_: unknown, { filesystems }: TrimResponse): void {
  checkCount(filesystems.length, maxReportedFilesystems, 'file systems');
}

function checkCount(count: number, most: number, what: string): void {
  if (count > most) throw misbehaves(`A report of at most ${most} ${what} has ${count}.`);
}

function misbehaves(message: string): OperationError {
  return new OperationError('GUEST_MISBEHAVES', message);
}
