import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type {
  AdjustClockResponse,
  FreezeReport,
  ListAccountsRequest,
  ListAccountsResponse,
  ListDirectoryRequestSchema,
  ListDirectoryResponse,
  ListPackagesRequest,
  ListPackagesResponse,
  ListProcessesRequestSchema,
  ListProcessesResponse,
  ListUnitsRequest,
  ListUnitsResponse,
  NetworkReport,
} from '@innkeeper/contract/agent';
import {
  FileServiceLite,
  FilesystemServiceLite,
  GuestProcessServiceLite,
  InventoryServiceLite,
  NetworkServiceLite,
  TelemetryServiceLite,
  UnitServiceLite,
} from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import {
  defaultPageSize,
  isClockTime,
  maxPageSize,
  maxPageTokenChars,
  maxSkippedEntries,
} from '@innkeeper/contract/limits';
import type { LiteMethod } from '@innkeeper/contract/lite';
import { checkFrozen, checkReport, checkThawed, checkTrimmed } from './freeze-claims.ts';
import { checkSortedPage } from './list-claims.ts';
import { checkConfirmed, checkNetwork, checkRolledBack, checkSet } from './network-claims.ts';
import { checkUnit } from './unit-claims.ts';

/** The error for an impossible answer of a guest. */
export function misbehaves(message: string): OperationError {
  return new OperationError('GUEST_MISBEHAVES', message);
}

/**
 * An offset or size from a guest, as a number. @throws OperationError GUEST_MISBEHAVES if it is larger than any file
 */
export function offsetOf(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw misbehaves(`${what} ${value} is larger than 2^53.`);
  return Number(value);
}

/**
 * @throws OperationError GUEST_MISBEHAVES for a hash that does not have 32 bytes, or a missing hash that was requested
 */
export function checkHash(sha256: Uint8Array, isWanted: boolean): void {
  if (sha256.length !== 32 && (isWanted || sha256.length !== 0))
    throw misbehaves(`A SHA-256 has 32 bytes, not ${sha256.length}.`);
}

/** @throws OperationError GUEST_MISBEHAVES if a total differs from what arrived */
export function checkTotal(reported: bigint, received: number, what: string): void {
  if (reported !== BigInt(received))
    throw misbehaves(`${what} had ${received} bytes, but the guest reports ${reported}.`);
}

/** @throws OperationError GUEST_MISBEHAVES for a list of skipped entries that is too long */
export function checkSkipped(skipped: readonly string[]): void {
  if (skipped.length > maxSkippedEntries)
    throw misbehaves(`${skipped.length} entries were skipped; the maximum is ${maxSkippedEntries}.`);
}

/** Checks a page against its request, so that a reader that follows the pages terminates or gets an error. */
function checkPage(
  { pageSize = 0, pageToken = '' }: MessageInitShape<typeof ListDirectoryRequestSchema>,
  { entries, nextPageToken }: ListDirectoryResponse,
): void {
  const most = Math.min(pageSize === 0 ? defaultPageSize : pageSize, maxPageSize);
  if (entries.length > most) throw misbehaves(`A page of at most ${most} entries has ${entries.length}.`);
  if (nextPageToken === '') return;
  if (nextPageToken.length > maxPageTokenChars)
    throw misbehaves(`A page token has ${nextPageToken.length} characters.`);
  if (entries.length === 0) throw misbehaves('A page without entries has a next page.');
  if (nextPageToken === pageToken) throw misbehaves('A page refers to itself as the next page.');
}

/** Checks a list of processes against its request, and removes impossible CPU shares. */
function checkProcesses(
  { pageSize = 0, limit = 0 }: MessageInitShape<typeof ListProcessesRequestSchema>,
  answer: ListProcessesResponse,
): void {
  const most = Math.min(pageSize || limit || defaultPageSize, maxPageSize);
  if (answer.processes.length > most)
    throw misbehaves(`A list of at most ${most} processes has ${answer.processes.length}.`);
  // NaN and infinity are not valid; an unknown share is absent.
  for (const each of answer.processes)
    if (each.cpuPercent !== undefined && !(each.cpuPercent >= 0 && each.cpuPercent < 1e9)) delete each.cpuPercent;
}

/** The node computes with this time; its differences from others must fit into 64 bits. */
function checkClock({ wallTimeUnixNs }: AdjustClockResponse): void {
  if (!isClockTime(wallTimeUnixNs)) throw misbehaves(`The guest’s clock has the impossible time ${wallTimeUnixNs} ns.`);
}

/** Checks of a method's answers beyond their encoding. */
const answerChecks: ReadonlyMap<string, (request: never, answer: never) => void> = new Map<
  string,
  (request: never, answer: never) => void
>([
  [FileServiceLite.list.name, checkPage],
  [FilesystemServiceLite.freeze.name, checkFrozen],
  [FilesystemServiceLite.renew.name, checkFrozen],
  [FilesystemServiceLite.thaw.name, checkThawed],
  [FilesystemServiceLite.getFreeze.name, (_, report: FreezeReport) => checkReport(report)],
  [FilesystemServiceLite.trim.name, checkTrimmed],
  [GuestProcessServiceLite.list.name, checkProcesses],
  [
    UnitServiceLite.list.name,
    (request: ListUnitsRequest, { units, nextPageToken }: ListUnitsResponse) =>
      checkSortedPage(request, { count: units.length, nextPageToken }),
  ],
  [
    InventoryServiceLite.listPackages.name,
    (request: ListPackagesRequest, { packages, nextPageToken }: ListPackagesResponse) =>
      checkSortedPage(request, { count: packages.length, nextPageToken }),
  ],
  [
    InventoryServiceLite.listAccounts.name,
    (request: ListAccountsRequest, { accounts, nextPageToken }: ListAccountsResponse) =>
      checkSortedPage(request, { count: accounts.length, nextPageToken }),
  ],
  [UnitServiceLite.get.name, checkUnit],
  [TelemetryServiceLite.adjustClock.name, (_, answer: AdjustClockResponse) => checkClock(answer)],
  [NetworkServiceLite.getNetwork.name, (_, report: NetworkReport) => checkNetwork(report)],
  [NetworkServiceLite.setNetwork.name, checkSet],
  [NetworkServiceLite.confirmNetwork.name, checkConfirmed],
  [NetworkServiceLite.rollBackNetwork.name, checkRolledBack],
]);

/** @throws OperationError GUEST_MISBEHAVES for an answer that does not fit the request */
export function checkAnswer<I extends DescMessage, O extends DescMessage>(
  method: LiteMethod<I, O>,
  request: MessageInitShape<I>,
  answer: MessageShape<O>,
): MessageShape<O> {
  answerChecks.get(method.name)?.(request as never, answer as never);
  return answer;
}
