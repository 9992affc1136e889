import type { Channel } from '@innkeeper/kit';
import type {
  AgentAddress,
  ConsoleStream,
  DiskUsage,
  HostUsage,
  HypervisorProcess,
  RunningVm,
  VmEnd,
  VmEvent,
} from '../driver.ts';
import type { DriverFeatures } from '../features.ts';
import type { VmRecord } from '../vm-record.ts';
import type { FakeMachine } from './fake-machine.ts';

/** One daemon's handle on a fake VM. */
export class FakeRunningVm implements RunningVm {
  readonly record: VmRecord;
  readonly features: DriverFeatures;
  readonly process: HypervisorProcess;
  readonly ended: Promise<VmEnd>;
  readonly console: ConsoleStream;
  readonly #machine: FakeMachine;
  readonly #channels = new Set<Channel>();
  readonly #unlisten: (() => void)[] = [];

  constructor(machine: FakeMachine, features: DriverFeatures) {
    this.#machine = machine;
    this.record = machine.record;
    this.features = features;
    this.process = { pid: machine.pid, accelerator: 'tcg' };
    this.ended = machine.ended;
    this.console = {
      history: () => machine.consoleHistory.view(),
      onOutput: (listener) => this.#listen(machine.consoleOutput.add(listener)),
      write: async (bytes) => {
        this.#assertAlive();
        machine.typeOnConsole(new Uint8Array(bytes));
      },
    };
  }

  onEvent(listener: (event: VmEvent) => void): () => void {
    return this.#listen(this.#machine.events.add(listener));
  }

  async requestShutdown(): Promise<void> {
    this.#assertAlive();
    this.#machine.pressPowerButton();
  }

  async kill(): Promise<void> {
    this.#machine.kill();
    await this.ended;
  }

  async openAgent(address: AgentAddress): Promise<Channel> {
    this.#assertAlive();
    const port = address.kind === 'port' ? this.#machine.port(address.name) : undefined;
    if (port === undefined) throw new Error(`no port ${address.kind === 'port' ? address.name : address.port}`);
    const channel = port.attachHost();
    this.#channels.add(channel);
    return channel;
  }

  async isPortOpen(name: string): Promise<boolean> {
    this.#assertAlive();
    return this.#machine.isPortOpen(name);
  }

  usage(): HostUsage | undefined {
    return this.#machine.alive
      ? { cpuTimeUs: 5_000, rssBytes: 64 * 1024 * 1024, isStopped: this.#machine.isStopped }
      : undefined;
  }

  async diskUsage(): Promise<DiskUsage | undefined> {
    this.#assertAlive();
    return this.#machine.diskUsage;
  }

  async network(): Promise<undefined> {
    this.#assertAlive();
  }

  async isPaused(): Promise<boolean> {
    this.#assertAlive();
    return this.#machine.paused;
  }

  async whyPaused(): Promise<string | undefined> {
    this.#assertAlive();
    return this.#machine.whyPaused;
  }

  async pause(): Promise<void> {
    this.#assertAlive();
    this.#machine.pause();
  }

  async resume(): Promise<void> {
    this.#assertAlive();
    this.#machine.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const unlisten of this.#unlisten.splice(0)) unlisten();
    for (const channel of this.#channels) await channel.close();
    this.#channels.clear();
  }

  #listen(unlisten: () => void): () => void {
    this.#unlisten.push(unlisten);
    return unlisten;
  }

  #assertAlive(): void {
    if (!this.#machine.alive) throw new Error('the fake machine is off');
  }
}
