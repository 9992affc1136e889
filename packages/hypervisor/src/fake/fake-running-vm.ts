import type { Channel } from '@innkeeper/kit';
import type { ConsoleStream, HostUsage, RunningVm, VmEnd, VmEvent, VmRecord } from '../driver.ts';
import type { FakeMachine } from './fake-machine.ts';

/** One daemon's handle on a fake VM. */
export class FakeRunningVm implements RunningVm {
  readonly record: VmRecord;
  readonly ended: Promise<VmEnd>;
  readonly console: ConsoleStream;
  readonly #machine: FakeMachine;
  readonly #channels = new Set<Channel>();
  readonly #unlisten: (() => void)[] = [];

  constructor(machine: FakeMachine) {
    this.#machine = machine;
    this.record = machine.record;
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

  async pressPowerButton(): Promise<void> {
    this.#assertAlive();
    this.#machine.pressPowerButton();
  }

  async kill(): Promise<void> {
    this.#machine.kill();
    await this.ended;
  }

  async agentChannel(name: string): Promise<Channel> {
    this.#assertAlive();
    const port = this.#machine.port(name);
    if (port === undefined) throw new Error(`no port ${name}`);
    const channel = port.attachHost();
    this.#channels.add(channel);
    return channel;
  }

  async isPortOpen(name: string): Promise<boolean> {
    this.#assertAlive();
    return this.#machine.isPortOpen(name);
  }

  usage(): HostUsage | undefined {
    return this.#machine.alive ? { cpuTimeUs: 5_000, rssBytes: 64 * 1024 * 1024 } : undefined;
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
