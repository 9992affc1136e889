import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type {
  ListDirectoryRequestSchema,
  ListDirectoryResponse,
  ListProcessesRequestSchema,
  ListProcessesResponse,
} from '@innkeeper/contract/agent';
import { FileServiceLite, GuestProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { defaultPageSize, maxPageSize, maxPageTokenChars, maxSkippedEntries } from '@innkeeper/contract/limits';
import type { LiteMethod } from '@innkeeper/contract/lite';

/** A guest said what cannot be. */
export function misbehaves(message: string): OperationError {
  return new OperationError('GUEST_MISBEHAVES', message);
}

/** An offset or a size that a guest named, as a number. @throws OperationError GUEST_MISBEHAVES when no file is as long */
export function offsetOf(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw misbehaves(`${what} ${value} is larger than 2^53.`);
  return Number(value);
}

/** @throws OperationError GUEST_MISBEHAVES for a hash that has not 32 bytes, or is missing where one was asked for */
export function checkHash(sha256: Uint8Array, isWanted: boolean): void {
  if (sha256.length !== 32 && (isWanted || sha256.length !== 0))
    throw misbehaves(`A SHA-256 has 32 bytes, not ${sha256.length}.`);
}

/** @throws OperationError GUEST_MISBEHAVES when a total is not what came */
export function checkTotal(told: bigint, came: number, what: string): void {
  if (told !== BigInt(came)) throw misbehaves(`${what} had ${came} bytes, and the guest counts ${told}.`);
}

/** @throws OperationError GUEST_MISBEHAVES for a list of what was left out that is longer than agreed */
export function checkSkipped(skipped: readonly string[]): void {
  if (skipped.length > maxSkippedEntries)
    throw misbehaves(`${skipped.length} entries were skipped; at most ${maxSkippedEntries} are named.`);
}

/** One page as it was asked for; a reader that follows the pages comes to an end or is told. */
function checkPage(
  { pageSize = 0, pageToken = '' }: MessageInitShape<typeof ListDirectoryRequestSchema>,
  { entries, nextPageToken }: ListDirectoryResponse,
): void {
  const most = Math.min(pageSize === 0 ? defaultPageSize : pageSize, maxPageSize);
  if (entries.length > most) throw misbehaves(`A page of at most ${most} entries has ${entries.length}.`);
  if (nextPageToken === '') return;
  if (nextPageToken.length > maxPageTokenChars)
    throw misbehaves(`A page token has ${nextPageToken.length} characters.`);
  if (entries.length === 0) throw misbehaves('A page without entries names a next one.');
  if (nextPageToken === pageToken) throw misbehaves('A page names itself as the next one.');
}

/** Processes as they were asked for, without shares that cannot be. */
function checkProcesses(
  { limit = 0 }: MessageInitShape<typeof ListProcessesRequestSchema>,
  answer: ListProcessesResponse,
): void {
  const most = Math.min(limit === 0 ? defaultPageSize : limit, maxPageSize);
  if (answer.processes.length > most)
    throw misbehaves(`A list of at most ${most} processes has ${answer.processes.length}.`);
  // NaN and infinity are no shares; a share that is not known is absent.
  for (const each of answer.processes)
    if (each.cpuPercent !== undefined && !(each.cpuPercent >= 0 && each.cpuPercent < 1e9)) delete each.cpuPercent;
}

/** What an answer of a method is held to, besides being a message of it. */
const answerChecks: ReadonlyMap<string, (request: never, answer: never) => void> = new Map<
  string,
  (request: never, answer: never) => void
>([
  [FileServiceLite.list.name, checkPage],
  [GuestProcessServiceLite.list.name, checkProcesses],
]);

/** @throws OperationError GUEST_MISBEHAVES for an answer that cannot be one to this request */
export function checkAnswer<I extends DescMessage, O extends DescMessage>(
  method: LiteMethod<I, O>,
  request: MessageInitShape<I>,
  answer: MessageShape<O>,
): MessageShape<O> {
  answerChecks.get(method.name)?.(request as never, answer as never);
  return answer;
}
