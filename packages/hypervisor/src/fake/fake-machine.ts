import { setTimeout as delay } from 'node:timers/promises';
import { createDeferred, type Deferred, Listeners } from '@innkeeper/kit';
import { ConsoleHistory } from '../console-history.ts';
import { agentPorts, type DiskUsage, type VmEnd, type VmEvent } from '../driver.ts';
import type { VmRecord } from '../vm-record.ts';
import type { VmSpec } from '../vm-spec.ts';
import type { FakeBoot, FakeGuest } from './fake-guest.ts';
import { FakePort } from './fake-port.ts';

interface FakeMachineOptions {
  readonly spec: VmSpec;
  readonly record: VmRecord;
  readonly pid: number;
  readonly boot: FakeBoot;
  /** Milliseconds from power-on to the call of `boot`. */
  readonly bootMs: number;
}

/**
 * A fake hypervisor process with its guest. It belongs to the FakeHost, so it outlives drivers and their handles of
 * VMs.
 */
export class FakeMachine {
  readonly record: VmRecord;
  readonly pid: number;
  readonly ended: Promise<VmEnd>;
  readonly events = new Listeners<VmEvent>();
  readonly consoleOutput = new Listeners<Uint8Array>();
  readonly consoleHistory = new ConsoleHistory();
  readonly #spec: VmSpec;
  readonly #boot: FakeBoot;
  readonly #bootMs: number;
  readonly #end: Deferred<VmEnd> = createDeferred();
  readonly #consoleInput = new Listeners<Uint8Array>();
  readonly #powerButton = new Set<() => void>();
  readonly #openPorts = new Set<string>();
  readonly #ports = new Map<string, FakePort>();
  #power = new AbortController();
  #alive = true;
  /** Undefined for a hypervisor that does not count it. */
  diskUsage: DiskUsage | undefined;
  /** As if the process had received SIGSTOP. */
  isStopped = false;
  #running: Deferred<void> | undefined;
  #whyPaused: string | undefined;

  constructor(options: FakeMachineOptions) {
    this.#spec = options.spec;
    this.record = options.record;
    this.pid = options.pid;
    this.#boot = options.boot;
    this.#bootMs = options.bootMs;
    this.ended = this.#end.promise;
    const machine = this;
    const gate = {
      get paused() {
        return machine.paused;
      },
      whenRunning: () => machine.#running?.promise ?? Promise.resolve(),
    };
    for (const name of agentPorts) this.#ports.set(name, new FakePort(name, gate));
    void this.#start();
  }

  get alive(): boolean {
    return this.#alive;
  }

  get whyPaused(): string | undefined {
    return this.#whyPaused;
  }

  get paused(): boolean {
    return this.#running !== undefined;
  }

  port(name: string): FakePort | undefined {
    return this.#ports.get(name);
  }

  isPortOpen(name: string): boolean {
    return this.#openPorts.has(name);
  }

  /** As if the program in the guest that had it open had ended. */
  closePort(name: string): void {
    if (this.#openPorts.delete(name)) this.events.emit({ type: 'agent-port', port: name, open: false });
  }

  pressPowerButton(): void {
    if (this.#powerButton.size === 0) this.#endWith('shutdown');
    for (const listener of [...this.#powerButton]) listener();
  }

  typeOnConsole(bytes: Uint8Array): void {
    this.#consoleInput.emit(bytes);
  }

  /** With `detail`, as if the hypervisor did it by itself. */
  pause(detail?: string): void {
    if (!this.#alive || this.paused) return;
    this.#running = createDeferred();
    this.#whyPaused = detail;
    this.events.emit({ type: 'paused', detail });
  }

  resume(): void {
    const running = this.#running;
    if (!this.#alive || running === undefined) return;
    this.#running = undefined;
    this.#whyPaused = undefined;
    running.resolve();
    this.events.emit({ type: 'resumed' });
  }

  reset(): void {
    if (!this.#alive) return;
    this.#powerDown();
    this.events.emit({ type: 'reset' });
    this.#power = new AbortController();
    void this.#start();
  }

  kill(): void {
    this.#endWith('killed');
  }

  crash(lastLines: string): void {
    this.#endWith('crashed', lastLines);
  }

  async #start(): Promise<void> {
    const { signal } = this.#power;
    try {
      await delay(this.#bootMs, undefined, { signal });
      await this.#boot(this.#createGuest(signal));
    } catch (error) {
      // A boot that is aborted by a power-off is not a failure; any other error crashes the machine visibly.
      if (!signal.aborted) this.crash(`the fake guest's boot failed: ${error instanceof Error ? error.stack : error}`);
    }
  }

  #createGuest(signal: AbortSignal): FakeGuest {
    return {
      vmId: this.#spec.id,
      signal,
      openPort: (name) => this.#openPort(name),
      print: (text) => this.#print(typeof text === 'string' ? new TextEncoder().encode(text) : text),
      onConsoleInput: (listener) => this.#consoleInput.add(listener),
      onPowerButton: (listener) => {
        this.#powerButton.add(listener);
        return () => void this.#powerButton.delete(listener);
      },
      powerOff: () => this.#endWith('shutdown'),
      reboot: () => this.reset(),
    };
  }

  #openPort(name: string): FakePort['guest'] {
    const port = this.#ports.get(name);
    if (port === undefined) throw new Error(`no port ${name}`);
    this.#openPorts.add(name);
    this.events.emit({ type: 'agent-port', port: name, open: true });
    return port.guest;
  }

  #print(bytes: Uint8Array): void {
    this.consoleHistory.append(bytes);
    this.consoleOutput.emit(bytes);
  }

  #powerDown(): void {
    this.#power.abort(new Error('the VM was turned off'));
    this.#powerButton.clear();
    for (const name of this.#openPorts) this.events.emit({ type: 'agent-port', port: name, open: false });
    this.#openPorts.clear();
  }

  #endWith(kind: VmEnd['kind'], lastLines = ''): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#powerDown();
    for (const port of this.#ports.values()) port.powerOff();
    this.#running?.resolve();
    this.#running = undefined;
    const exitCode = { shutdown: 0, killed: undefined, crashed: 1 }[kind];
    this.#end.resolve({ kind, exitCode, signal: kind === 'killed' ? 'SIGKILL' : undefined, lastLines });
  }
}
