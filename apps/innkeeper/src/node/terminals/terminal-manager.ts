import { type AgentLink, type ExecSession, hostClock } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import type { ExecEvent } from '@innkeeper/contract/agent';
import type { CreateTerminalRequest } from '@innkeeper/contract/control';
import { type Log, onAbort, pause, withDeadline } from '@innkeeper/kit';
import { newId } from '../../access/secrets.ts';
import { explainEnd } from '../../ports/explain-end.ts';
import type { NodeApi, VmApi } from '../../ports/node-api.ts';
import { HalfTimeQueue } from './half-time-queue.ts';
import { Terminal } from './terminal.ts';
import { processIdOf, type TerminalRecord } from './terminal-record.ts';
import { type KeptTerminal, type TerminalPlace, TerminalRecords } from './terminal-records.ts';
import { nearestSize, terminalSpec } from './terminal-spec.ts';

/** Maximum running terminals in one VM and in all. */
/** Timeout from the request for a terminal to the start of its process. */
const startMs = 60_000;
const maxPerVm = 16;
const maxTerminals = 256;
/** How long, and how many, ended terminals are listed. */
const endedMs = 10 * 60_000;
const maxEnded = 64;
const unseenMs = 24 * 60 * 60_000;
/** After a start of the daemon, how long to wait for agents to reconnect. */
const returnMs = 60_000;
const retryAfterMs = 500;
/** How long a request waits for that. */
const maxWaitMs = 10_000;

export interface TerminalManagerOptions {
  readonly vms: NodeApi['vms'];
  readonly log: Log;
  /** Storage for the running terminals; without it, a restart of the daemon loses them. */
  readonly place?: TerminalPlace | undefined;
  /** Lifetime of a terminal without viewers, in milliseconds. Default: 24 h. */
  readonly unseenMs?: number;
  readonly now?: () => number;
}

/** The terminals of all VMs of this node: at most 16 running ones per VM and 256 in all. */
export class TerminalManager implements AsyncDisposable {
  readonly #options: TerminalManagerOptions;
  readonly #terminals = new Map<string, Terminal>();
  readonly #following = new Set<Promise<void>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #records: TerminalRecords;
  readonly #queue = new HalfTimeQueue();
  readonly #stop = new AbortController();
  /** Terminals of an earlier daemon, by id, until their agents have answered. */
  readonly #resuming = new Map<
    string,
    { readonly vmId: string; readonly record: TerminalRecord; readonly done: Promise<void> }
  >();
  /** VMs in which terminals are being started, once for each terminal. */
  readonly #starting: string[] = [];

  constructor(options: TerminalManagerOptions) {
    this.#options = options;
    this.#records = new TerminalRecords(options.place, options.log, () => this.#kept());
  }

  /** Resumes the terminals of an earlier daemon. Returns before their agents have answered. */
  async start(): Promise<void> {
    for (const record of await this.#records.load()) {
      const vm = this.#options.vms.byId(record.vmId);
      if (vm === undefined) continue;
      const done = this.#resume(vm, record).finally(() => this.#resuming.delete(record.id));
      this.#resuming.set(record.id, { vmId: record.vmId, record, done });
    }
  }

  /**
   * Starts a process on a new terminal. Fails with TOO_MANY_TERMINALS, INVALID_ARGUMENT, AGENT_UNREACHABLE and errors of
   * the agent such as USER_NOT_FOUND and COMMAND_NOT_FOUND.
   */
  async create(vm: VmApi, request: CreateTerminalRequest, createdBy: string, signal: AbortSignal): Promise<Terminal> {
    const record: TerminalRecord = {
      id: newId(),
      vmId: vm.id,
      title: request.title,
      user: request.user,
      argv: request.argv,
      ...(nearestSize(request.columns || 80, request.rows || 24) ?? { columns: 80, rows: 24 }),
      createdMs: this.#now(),
      createdBy,
    };
    const spec = terminalSpec(record, request.workingDirectory);
    const running = this.#running();
    if (
      running.filter((each) => each.record.vmId === vm.id).length +
        this.#starting.filter((id) => id === vm.id).length >=
      maxPerVm
    )
      throw new OperationError('TOO_MANY_TERMINALS', `"${vm.name}" already has ${maxPerVm} terminals, the maximum.`);
    if (running.length + this.#starting.length >= maxTerminals)
      throw new OperationError('TOO_MANY_TERMINALS', `The node already has ${maxTerminals} terminals, the maximum.`);
    this.#starting.push(vm.id);
    // A guest that never confirms the start must not occupy the place for as long as the caller waits.
    try {
      return await withDeadline(
        { timers: hostClock, timeoutMs: startMs, signal, late: startedLate },
        async (inTime) => {
          const link = await vm.agent({ signal: inTime });
          const session = link.exec(spec, { signal: this.#stop.signal });
          return await this.#open(vm, record, { link, session, signal: inTime });
        },
      );
    } finally {
      this.#starting.splice(this.#starting.indexOf(vm.id), 1);
    }
  }

  /** The terminals of a VM, oldest first. After a start of the daemon, waits for those of an earlier one. */
  async list(vmId: string): Promise<Terminal[]> {
    await this.#resumed(vmId);
    return [...this.#terminals.values()]
      .filter(({ record }) => record.vmId === vmId)
      .sort((one, other) => one.record.createdMs - other.record.createdMs);
  }

  /** Undefined when the VM has no terminal with this id. Waits like `list`. */
  async find(vmId: string, id: string): Promise<Terminal | undefined> {
    if (this.#resuming.has(id)) await this.#resumed(vmId);
    const terminal = this.#terminals.get(id);
    return terminal?.record.vmId === vmId ? terminal : undefined;
  }

  /** Ends a terminal with all its processes; an ended one is removed from the list. */
  async close(terminal: Terminal, signal: AbortSignal): Promise<void> {
    if (terminal.isEnded) this.#forget(terminal);
    else await terminal.close(signal);
  }

  /** Releases the terminals, which keep running for the next daemon. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Before the abort, so that terminals that end by it stay in the record.
    const saved = this.#records.save();
    this.#stop.abort(new OperationError('CANCELED', 'The daemon is stopping.'));
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await saved;
    this.#records.close();
    await Promise.all([...this.#following, ...[...this.#resuming.values()].map(({ done }) => done)]);
  }

  /** Resolves when the terminals of a VM were resumed, or after a timeout. */
  async #resumed(vmId: string): Promise<void> {
    const resuming = [...this.#resuming.values()].filter((each) => each.vmId === vmId);
    if (resuming.length === 0) return;
    await Promise.race([Promise.all(resuming.map(({ done }) => done)), pause(hostClock, maxWaitMs, this.#stop.signal)]);
  }

  #running(): Terminal[] {
    return [...this.#terminals.values()].filter(({ isEnded }) => !isEnded);
  }

  /** Includes terminals of an earlier daemon whose agents have not answered yet, so that a stop does not lose them. */
  #kept(): KeptTerminal[] {
    const resuming = [...this.#resuming.values()].map(({ record }) => ({ ...record, record }));
    return [...this.#running(), ...resuming.filter(({ id }) => !this.#terminals.has(id))];
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  async #resume(vm: VmApi, record: TerminalRecord): Promise<void> {
    const stop = this.#stop.signal;
    const late = (): Error => new Error(`its agent did not answer within ${returnMs} ms`);
    try {
      await withDeadline({ timers: hostClock, timeoutMs: returnMs, signal: stop, late }, async (signal) => {
        const link = await agentOf(vm, signal);
        const session = link.attach(processIdOf(record), 0n, { signal: stop });
        await this.#open(vm, record, { link, session, signal });
      });
    } catch (error) {
      // Its process or its VM ended while no daemon was running.
      this.#options.log.info('terminal.not-resumed', { terminal: record.id, vm: vm.name, message: String(error) });
    }
  }

  /** Waits until the process has started, then follows it. */
  async #open(
    vm: VmApi,
    record: TerminalRecord,
    {
      link,
      session,
      signal,
    }: { readonly link: AgentLink; readonly session: ExecSession; readonly signal: AbortSignal },
  ): Promise<Terminal> {
    const events = session.events[Symbol.asyncIterator]();
    const giveUp = (): void => void session[Symbol.asyncDispose]();
    const stopWaiting = onAbort(signal, giveUp);
    try {
      await untilStarted(events);
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw signal.aborted ? signal.reason : await explainEnd(error, vm, signal);
    } finally {
      stopWaiting();
    }
    const stop = this.#stop.signal;
    const terminal = new Terminal({
      record,
      session,
      link,
      stop,
      queue: this.#queue,
      log: this.#options.log,
      explain: (error) => explainEnd(error, vm, stop),
    });
    this.#terminals.set(record.id, terminal);
    terminal.changes.add(() => this.#onChange(terminal));
    this.#onChange(terminal);
    const following = terminal.follow(events).finally(() => this.#following.delete(following));
    this.#following.add(following);
    return terminal;
  }

  #onChange(terminal: Terminal): void {
    const { id } = terminal.record;
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (this.#stop.signal.aborted) return;
    this.#records.saveSoon();
    if (terminal.isEnded) this.#after(id, endedMs, () => this.#forget(terminal));
    else if (terminal.viewers.size === 0)
      this.#after(id, this.#options.unseenMs ?? unseenMs, () => void this.#closeUnseen(terminal));
    const ended = [...this.#terminals.values()].filter(({ isEnded }) => isEnded);
    for (const old of ended.slice(0, Math.max(0, ended.length - maxEnded))) this.#forget(old);
  }

  async #closeUnseen(terminal: Terminal): Promise<void> {
    const { id } = terminal.record;
    this.#options.log.info('terminal.unseen', { terminal: id });
    try {
      await terminal.close(this.#stop.signal);
    } catch (error) {
      this.#options.log.warn('terminal.not-closed', { terminal: id, message: String(error) });
      if (!this.#stop.signal.aborted && !terminal.isEnded) this.#onChange(terminal);
    }
  }

  #after(id: string, ms: number, work: () => void): void {
    const timer = setTimeout(work, ms);
    timer.unref();
    this.#timers.set(id, timer);
  }

  #forget(terminal: Terminal): void {
    const { id } = terminal.record;
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#terminals.delete(id);
  }
}

async function untilStarted(events: AsyncIterator<ExecEvent>): Promise<void> {
  const { value, done } = await events.next();
  if (done === true || (value as ExecEvent).event.case !== 'started')
    throw new OperationError('GUEST_MISBEHAVES', 'The agent did not confirm that the process started.');
}

/** The agent of a VM that was running before the daemon started, once it reconnects. */
async function agentOf(vm: VmApi, signal: AbortSignal): Promise<AgentLink> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await vm.agent({ signal });
    } catch (error) {
      if (!(error instanceof OperationError && error.reason === 'AGENT_UNREACHABLE')) throw error;
      await pause(hostClock, retryAfterMs, signal);
    }
  }
}

/** The error after the maximum time for starting a process. */
function startedLate(): OperationError {
  return new OperationError('AGENT_UNREACHABLE', `The guest did not start the process within ${startMs} ms.`);
}
