import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Channel, Listeners, type Log, orAborted } from '@innkeeper/kit';
import {
  type Abortable,
  type AgentAddress,
  agentPorts,
  type ConsoleStream,
  type DiskUsage,
  type HostUsage,
  type HypervisorProcess,
  type NetworkState,
  type RunningVm,
  type VmEnd,
  type VmEvent,
} from '../driver.ts';
import { suspendedText } from '../lifecycle.ts';
import type { LogFile } from '../process/log-file.ts';
import type { ProcessWatch } from '../process/process-end.ts';
import { isAlive, type ProcessIdentity } from '../process/process-identity.ts';
import { readUsage } from '../process/usage.ts';
import type { VmRecord } from '../vm-record.ts';
import type { Attachment } from './attach.ts';
import { readBlockStats } from './block-stats.ts';
import { portSocketId } from './command-line.ts';
import type { QemuConsole } from './console.ts';
import { EventTranslator } from './event-translator.ts';
import { openPortChannel } from './port-channel.ts';
import { qemuFeatures } from './qemu-features.ts';
import type { QemuProcess } from './qemu-record.ts';
import type { QmpClient } from './qmp.ts';
import type { RunFiles } from './run-files.ts';
import { judgeEnd } from './vm-end.ts';
import type { VmNetwork } from './vm-network.ts';

const logTrimMs = 10_000;

/** Milliseconds to read what remains in the sockets after the process has ended. */
const drainTimeoutMs = 1000;

export interface QemuVmOptions {
  readonly record: VmRecord;
  readonly process: QemuProcess;
  readonly files: RunFiles;
  readonly attachment: Attachment;
  readonly network: VmNetwork;
  readonly watch: ProcessWatch;
  readonly logFile: LogFile;
  readonly log: Log;
}

/** A QEMU process, of this or an earlier daemon, with this daemon attached to it. */
export class QemuVm implements RunningVm {
  readonly record: VmRecord;
  readonly features = qemuFeatures;
  readonly process: HypervisorProcess;
  readonly ended: Promise<VmEnd>;
  readonly console: ConsoleStream;
  readonly #identity: ProcessIdentity;
  readonly #files: RunFiles;
  readonly #control: QmpClient;
  readonly #qemuConsole: QemuConsole;
  readonly #network: VmNetwork;
  readonly #watch: ProcessWatch;
  readonly #logFile: LogFile;
  readonly #events = new Listeners<VmEvent>();
  readonly #channels = new Map<string, Channel | undefined>();
  readonly #logTimer: NodeJS.Timeout;
  readonly #translator = new EventTranslator();
  #killedByUs = false;
  /** Disposed of: the process continues without this daemon. */
  #released = false;

  constructor(options: QemuVmOptions) {
    const { record, attachment } = options;
    this.record = record;
    this.process = options.process;
    this.console = attachment.console;
    this.#identity = options.process;
    this.#files = options.files;
    this.#control = attachment.control;
    this.#qemuConsole = attachment.console;
    this.#network = options.network;
    this.#watch = options.watch;
    this.#logFile = options.logFile;
    this.#control.events.add((event) => {
      const translated = this.#translator.take(event);
      if (translated !== undefined) this.#events.emit(translated);
    });
    void this.#control.closed.then(() => {
      if (!this.#released) this.#watch.expect();
    });
    this.ended = this.#awaitEnd();
    this.#logTimer = setInterval(() => this.#trimLog(options.log), logTrimMs);
    this.#logTimer.unref();
  }

  onEvent(listener: (event: VmEvent) => void): () => void {
    return this.#events.add(listener);
  }

  async requestShutdown(options: Abortable = {}): Promise<void> {
    await this.#control.execute('system_powerdown', {}, options);
  }

  async kill({ signal }: Abortable = {}): Promise<void> {
    this.#killedByUs = true;
    this.#watch.expect();
    if (isAlive(this.#identity)) process.kill(this.#identity.pid, 'SIGKILL');
    await orAborted(this.ended, signal);
  }

  async openAgent(address: AgentAddress, { signal }: Abortable = {}): Promise<Channel> {
    if (address.kind !== 'port') throw new Error('there is no vsock device');
    const port = address.name;
    if (!(agentPorts as readonly string[]).includes(port)) throw new Error(`there is no port ${port}`);
    // QEMU would accept a second client and let it wait silently.
    if (this.#channels.has(port)) throw new Error(`the port ${port} is already open`);
    this.#channels.set(port, undefined);
    const onClosed = (): void => void this.#channels.delete(port);
    try {
      const channel = await openPortChannel(this.#files.portSocket(port), `virtio:${port}`, { signal, onClosed });
      if (this.#channels.has(port)) this.#channels.set(port, channel);
      return channel;
    } catch (error) {
      onClosed();
      throw error;
    }
  }

  async isPortOpen(port: string, options: Abortable = {}): Promise<boolean> {
    const label = portSocketId((agentPorts as readonly string[]).indexOf(port));
    const rows = await this.#control.execute('query-chardev', {}, options);
    return Array.isArray(rows) && rows.some((row) => row['label'] === label && row['frontend-open'] === true);
  }

  network(): Promise<NetworkState | undefined> {
    return this.#network.state();
  }

  usage(): HostUsage | undefined {
    return readUsage(this.#identity);
  }

  async diskUsage(options: Abortable = {}): Promise<DiskUsage | undefined> {
    return readBlockStats(await this.#control.execute('query-blockstats', {}, options));
  }

  async isPaused(options: Abortable = {}): Promise<boolean> {
    const status = await this.#control.execute('query-status', {}, options);
    return !(typeof status === 'object' && status !== null && 'running' in status && status.running === true);
  }

  async whyPaused(options: Abortable = {}): Promise<string | undefined> {
    const status = await this.#status(options);
    if (status === 'suspended') return suspendedText;
    return status === 'io-error'
      ? 'The host could not read or write the VM’s disk, usually because it is full. Free some space; the VM then resumes by itself.'
      : undefined;
  }

  /** QEMU's word for the state, such as "running"; empty if it gives none. */
  async #status(options: Abortable): Promise<string> {
    const status = await this.#control.execute('query-status', {}, options);
    return typeof status === 'object' && status !== null && 'status' in status ? String(status.status) : '';
  }

  async pause(options: Abortable = {}): Promise<void> {
    await this.#control.execute('stop', {}, options);
  }

  async resume(options: Abortable = {}): Promise<void> {
    // A guest that suspended itself is not paused: `cont` would do nothing.
    const isSuspended = (await this.#status(options)) === 'suspended';
    await this.#control.execute(isSuspended ? 'system_wakeup' : 'cont', {}, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#released = true;
    clearInterval(this.#logTimer);
    for (const channel of this.#channels.values()) await channel?.close();
    this.#control[Symbol.dispose]();
    this.#watch[Symbol.dispose]();
    this.#network[Symbol.dispose]();
    await this.#qemuConsole[Symbol.asyncDispose]();
  }

  async #awaitEnd(): Promise<VmEnd> {
    const { exitCode, signal } = await this.#watch.ended;
    clearInterval(this.#logTimer);
    const drained = Promise.all([this.#control.closed, this.#qemuConsole.closed]);
    await Promise.race([drained, delay(drainTimeoutMs)]);
    const kind = judgeEnd({
      shutdown: this.#translator.shutdown,
      exitCode,
      signal,
      killedByUs: this.#killedByUs,
      pidFileLeft: existsSync(this.#files.pidFile),
    });
    // The log is only additional information: the end is reported without it too.
    const lastLines = await this.#logFile.lastLines().catch(() => '');
    return { kind, exitCode, signal, lastLines };
  }

  #trimLog(log: Log): void {
    this.#logFile.trim().catch((error) => log.warn('qemu.log-not-trimmed', { error: String(error) }));
  }
}
