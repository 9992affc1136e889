import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  GuestProcessSchema,
  ListProcessesRequest,
  ListProcessesResponseSchema,
  SignalProcessRequest,
} from '@innkeeper/contract/agent';
import { GuestProcessServiceLite, ProcessSort } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { defaultPageSize, isSignal, maxCommandBytes, maxPageSize, maxSignal } from '@innkeeper/contract/limits';
import { AnswerRoom } from '../answer-room.ts';
import { type Operation, unaryOperation } from '../dispatch.ts';
import { AccountNames } from '../file/account-names.ts';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { BootTime } from './boot-time.ts';
import type { ProcessStat } from './parse-process-stat.ts';
import { ProcessSampler, type SampledProcess } from './process-sampler.ts';

/** Lengths that commands are truncated to, in turn, until a list fits into an answer. */
const commandChars = [maxCommandBytes, 1024, 512, 256, 128, 64, 16];
/** Maximum bytes of a GuestProcess' numbers and tags. */
const processBytes = 80;
const nsPerSecond = 1_000_000_000n;
/** Start times are given by the wall clock, which may have been set since. */
const startToleranceNs = 2n * nsPerSecond;

/** Default: by CPU. */
const orders: ReadonlyMap<number, (a: SampledProcess, b: SampledProcess) => number> = new Map([
  [ProcessSort.MEMORY, (a, b) => b.rssPages - a.rssPages],
  [ProcessSort.PID, (a, b) => a.pid - b.pid],
  [ProcessSort.NAME, (a, b) => (a.name === b.name ? a.pid - b.pid : a.name < b.name ? -1 : 1)],
]);

/** List and Signal of every process of the guest. */
export function guestProcessOperations(host: Host): Operation[] {
  const sampler = new ProcessSampler(host);
  const boot = new BootTime(host.clock);
  return [
    unaryOperation(GuestProcessServiceLite.list, (request, signal) =>
      listProcesses({ host, sampler, boot }, request, signal),
    ),
    unaryOperation(GuestProcessServiceLite.signal, async (request, signal) => ({
      signaled: await signalProcess({ host, sampler, boot }, request, signal),
    })),
  ];
}

interface Guest {
  readonly host: Host;
  readonly sampler: ProcessSampler;
  readonly boot: BootTime;
}

async function listProcesses(
  { host, sampler, boot }: Guest,
  { pageSize, limit, pageToken, sort, kernelThreads }: ListProcessesRequest,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof ListProcessesResponseSchema>> {
  const size = pageSize || limit || defaultPageSize;
  if (size > maxPageSize) throw new OperationError('INVALID_ARGUMENT', `page_size must be at most ${maxPageSize}.`);
  if (!/^\d{0,7}$/.test(pageToken))
    throw new OperationError('INVALID_ARGUMENT', 'page_token must be the next_page_token of an answer.');
  const start = Number(pageToken);
  const wanted = (await sampler.sample(signal)).filter((process) => kernelThreads || !process.isKernelThread);
  const order = orders.get(sort) ?? ((a, b) => (b.cpuPercent ?? 0) - (a.cpuPercent ?? 0) || b.cpuTicks - a.cpuTicks);
  const names = new AccountNames(host);
  const bootNs = boot.unixNs();
  const processes = wanted
    .sort(order)
    .slice(start, start + size)
    .map((process) => processMessage(host, process, names, bootNs));
  const page = fitting(processes);
  const end = start + page.length;
  const nextPageToken = page.length > 0 && end < wanted.length ? String(end) : '';
  return { processes: page, total: wanted.length, nextPageToken };
}

type ProcessInit = MessageInitShape<typeof GuestProcessSchema> & { readonly command: string };

/** As many as fit into one answer: commands are truncated before any process is left out. */
function fitting(processes: readonly ProcessInit[]): ProcessInit[] {
  for (const chars of commandChars) {
    const room = new AnswerRoom();
    const cut = processes.map((process) => ({ ...process, command: process.command.slice(0, chars) }));
    const end = cut.findIndex(({ name = '', command, user = '', state = '' }) => {
      return !room.take([name, command, user, state], processBytes);
    });
    if (end < 0) return cut;
    if (chars === commandChars.at(-1)) return cut.slice(0, end);
  }
  return [];
}

function processMessage(host: Host, process: SampledProcess, names: AccountNames, bootNs: bigint): ProcessInit {
  const { pid, cpuPercent } = process;
  const uid = ownerOf(host, pid);
  return {
    pid,
    parentPid: process.parentPid,
    name: process.name,
    state: process.state,
    threads: process.threads,
    command: readTrimmed(host, `/proc/${pid}/cmdline`, maxCommandBytes)?.replaceAll('\0', ' ').trim() ?? '',
    ...(uid === undefined ? {} : { uid, user: names.user(uid) }),
    ...(cpuPercent === undefined ? {} : { cpuPercent }),
    rssBytes: BigInt(process.rssPages * host.system.pageSizeBytes),
    cpuTimeMs: BigInt(Math.round((process.cpuTicks * 1000) / host.system.clockTicksPerSecond)),
    startedUnixNs: startNs(host, process, bootNs),
  };
}

/** @throws OperationError PROCESS_NOT_FOUND, PROCESS_PROTECTED, PROCESS_CHANGED, INVALID_ARGUMENT */
async function signalProcess(
  { host, sampler, boot }: Guest,
  request: SignalProcessRequest,
  canceled: AbortSignal,
): Promise<number> {
  const { pid, signal, tree, startedUnixNs } = request;
  if (!isSignal(signal)) throw new OperationError('INVALID_ARGUMENT', `signal must be 1 to ${maxSignal}.`);
  const target = pid === 0 ? undefined : sampler.readOne(pid);
  if (target === undefined) throw notFound(pid);
  checkUnprotected(host, target);
  const differenceNs = startNs(host, target, boot.unixNs()) - startedUnixNs;
  if (startedUnixNs !== 0n && (differenceNs < -startToleranceNs || differenceNs > startToleranceNs))
    throw new OperationError(
      'PROCESS_CHANGED',
      `Process ${pid} is a different one now: its start time does not match.`,
    );
  const wanted = tree ? descendants(await sampler.read(canceled), target) : [target];
  for (const each of wanted) checkUnprotected(host, each);
  // The parent first: otherwise it could start new children.
  const signaled = wanted.filter((process) => trySignal(host, process.pid, signal)).length;
  if (signaled === 0) throw notFound(pid);
  return signaled;
}

function checkUnprotected(host: Host, { pid, isKernelThread }: ProcessStat): void {
  const what = pid === 1 ? 'init' : pid === host.system.pid ? 'the agent' : isKernelThread ? 'a kernel thread' : '';
  if (what !== '')
    throw new OperationError('PROCESS_PROTECTED', `Process ${pid} is ${what}, which must not be signalled.`);
}

function descendants(all: readonly ProcessStat[], top: ProcessStat): ProcessStat[] {
  const children = Map.groupBy(all, ({ parentPid }) => parentPid);
  const found = [top];
  const known = new Set([top.pid]);
  for (let index = 0; index < found.length; index++)
    for (const child of children.get(found[index]?.pid ?? 0) ?? [])
      if (!known.has(child.pid)) {
        known.add(child.pid);
        found.push(child);
      }
  return found;
}

function trySignal(host: Host, pid: number, signal: number): boolean {
  try {
    host.processes.kill(pid, signal);
    return true;
  } catch (error) {
    // ESRCH: has already ended.
    if (hasErrno(error, 'ESRCH')) return false;
    throw error;
  }
}

function notFound(pid: number): OperationError {
  return new OperationError('PROCESS_NOT_FOUND', `There is no process ${pid} in the guest.`);
}

function ownerOf(host: Host, pid: number): number | undefined {
  try {
    return host.files.stat(`/proc/${pid}`, true).uid;
  } catch {
    // ENOENT: has already ended.
    return undefined;
  }
}

function startNs(host: Host, { startTicks }: ProcessStat, bootNs: bigint): bigint {
  return bootNs + BigInt(Math.round((startTicks * 1e9) / host.system.clockTicksPerSecond));
}
