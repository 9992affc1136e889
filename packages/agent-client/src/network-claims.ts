import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  ConfirmNetworkRequestSchema,
  NetworkReport,
  RollBackNetworkRequestSchema,
  SetNetworkRequestSchema,
} from '@innkeeper/contract/agent';
import { NetworkPhase as Phase } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { maxReportedResolvers, maxReportedInterfaces as most, networkConfirmMs } from '@innkeeper/contract/limits';

/** Checks the phase of an answer about a change: of the one that was asked for; without an id, of any. */
function checkPhase(id: string, report: NetworkReport, phases: readonly number[]): void {
  checkNetwork(report);
  const { change } = report;
  if (change === undefined || (id !== '' && change.id !== id) || !phases.includes(change.phase))
    throw misbehaves(`The guest reports phase ${change?.phase} of the change "${change?.id.slice(0, 64)}".`);
}

/** A change that was set is pending, or confirmed by now. */
export function checkSet({ id = '' }: MessageInitShape<typeof SetNetworkRequestSchema>, report: NetworkReport): void {
  // Between its application and this report it can have been rolled back.
  checkPhase(id, report, [Phase.PENDING, Phase.CONFIRMED, Phase.ROLLING_BACK, Phase.ROLLED_BACK]);
}

/** Nothing but a confirmed change is reported as confirmed. */
export function checkConfirmed(
  { id = '' }: MessageInitShape<typeof ConfirmNetworkRequestSchema>,
  report: NetworkReport,
): void {
  checkPhase(id, report, [Phase.CONFIRMED]);
}

export function checkRolledBack(
  { id = '' }: MessageInitShape<typeof RollBackNetworkRequestSchema>,
  report: NetworkReport,
): void {
  checkPhase(id, report, [Phase.ROLLED_BACK]);
}

/** The report of any network. */
export function checkNetwork({ interfaces, dns, search, change }: NetworkReport): void {
  checkCount(interfaces.length, most, 'interfaces');
  for (const { addresses, routes } of interfaces) {
    checkCount(addresses.length, most, 'addresses');
    checkCount(routes.length, most, 'routes');
  }
  checkCount(dns.length, maxReportedResolvers, 'name servers');
  checkCount(search.length, maxReportedResolvers, 'search domains');
  checkCount(change?.files.length ?? 0, most, 'files');
  if ((change?.confirmLeftMs ?? 0) > networkConfirmMs.max)
    throw misbehaves(`${change?.confirmLeftMs} ms to confirm are more than possible.`);
}

function checkCount(count: number, maximum: number, what: string): void {
  if (count > maximum) throw misbehaves(`A report of at most ${maximum} ${what} has ${count}.`);
}

function misbehaves(message: string): OperationError {
  return new OperationError('GUEST_MISBEHAVES', message);
}
