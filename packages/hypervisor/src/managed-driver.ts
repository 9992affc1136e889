import { isOperationError, OperationError } from '@innkeeper/contract';
import { type Channel, errorMessage } from '@innkeeper/kit';
import type {
  Abortable,
  AgentAddress,
  ConsoleStream,
  DiskUsage,
  HostUsage,
  HypervisorDriver,
  HypervisorProcess,
  NetworkState,
  RunningVm,
  VmEnd,
  VmEvent,
} from './driver.ts';
import { assertSpecSupported, assertSupported, type DriverFeature, type DriverFeatures } from './features.ts';
import type { VmRecord } from './vm-record.ts';

/**
 * The driver that all other code uses: wraps a simple one. Unsupported features are UNSUPPORTED_BY_DRIVER. A kill or a
 * stop of a VM that has ended succeeds; any other call on it is VM_NOT_RUNNING; a hypervisor that is alive and does not
 * answer is HYPERVISOR_UNREACHABLE.
 */
export function manageDriver(driver: HypervisorDriver): HypervisorDriver {
  return {
    name: driver.name,
    features: driver.features,
    probe: (options) => driver.probe(options),
    launch: async (spec, options) => {
      assertSpecSupported(driver, spec);
      return new ManagedVm(await driver.launch(spec, options));
    },
    adopt: async (record, options) => {
      const vm = await driver.adopt(record, options);
      return vm === undefined ? undefined : new ManagedVm(vm);
    },
    howEnded: (record, options) => driver.howEnded(record, options),
    processOf: (record) => driver.processOf(record),
    kill: (record) => driver.kill(record),
    killUnrecorded: (runDirectory) => driver.killUnrecorded(runDirectory),
  };
}

class ManagedVm implements RunningVm {
  readonly record: VmRecord;
  readonly features: DriverFeatures;
  readonly process: HypervisorProcess | undefined;
  readonly adoptedAgent: string | undefined;
  readonly ended: Promise<VmEnd>;
  readonly console: ConsoleStream;
  readonly #vm: RunningVm;
  #ended = false;

  constructor(vm: RunningVm) {
    this.#vm = vm;
    this.record = vm.record;
    this.features = vm.features;
    this.process = vm.process;
    this.adoptedAgent = vm.adoptedAgent;
    this.ended = vm.ended.then((end) => {
      this.#ended = true;
      return end;
    });
    this.console = {
      history: () => vm.console.history(),
      onOutput: (listener) => vm.console.onOutput(listener),
      write: (bytes) => this.#ask(undefined, () => vm.console.write(bytes)),
    };
  }

  onEvent(listener: (event: VmEvent) => void): () => void {
    return this.#vm.onEvent(listener);
  }

  async requestShutdown(options?: Abortable): Promise<void> {
    try {
      await this.#ask(options, () => this.#vm.requestShutdown(options));
    } catch (error) {
      // Already down, as requested.
      if (isOperationError(error) && error.reason === 'VM_NOT_RUNNING') return;
      throw error;
    }
  }

  async kill(options?: Abortable): Promise<void> {
    if (this.#ended) return;
    try {
      await this.#vm.kill(options);
    } catch (error) {
      // Already ended, as requested.
      if (await this.#hasEnded()) return;
      throw this.#translate(error, options);
    }
  }

  async openAgent(address: AgentAddress, options?: Abortable): Promise<Channel> {
    this.#assertSupported(address.kind === 'port' ? 'supportsAgentPorts' : 'supportsVsock');
    return await this.#ask(options, () => this.#vm.openAgent(address, options));
  }

  async isPortOpen(port: string, options?: Abortable): Promise<boolean> {
    this.#assertSupported('supportsPortState');
    return await this.#ask(options, () => this.#vm.isPortOpen(port, options));
  }

  async network(): Promise<NetworkState | undefined> {
    this.#assertSupported('supportsNetworkState');
    return await this.#ask(undefined, () => this.#vm.network());
  }

  usage(): HostUsage | undefined {
    return this.#ended ? undefined : this.#vm.usage();
  }

  diskUsage(options?: Abortable): Promise<DiskUsage | undefined> {
    return this.#ask(options, () => this.#vm.diskUsage(options));
  }

  isPaused(options?: Abortable): Promise<boolean> {
    return this.#ask(options, () => this.#vm.isPaused(options));
  }

  whyPaused(options?: Abortable): Promise<string | undefined> {
    return this.#ask(options, () => this.#vm.whyPaused(options));
  }

  async pause(options?: Abortable): Promise<void> {
    this.#assertSupported('supportsPause');
    await this.#ask(options, () => this.#vm.pause(options));
  }

  async resume(options?: Abortable): Promise<void> {
    this.#assertSupported('supportsPause');
    await this.#ask(options, () => this.#vm.resume(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vm[Symbol.asyncDispose]();
  }

  #assertSupported(feature: DriverFeature): void {
    assertSupported({ name: this.record.driver, features: this.features }, feature);
  }

  async #ask<T>(options: Abortable | undefined, ask: () => Promise<T>): Promise<T> {
    if (this.#ended) throw this.#notRunning(undefined);
    try {
      return await ask();
    } catch (error) {
      if (await this.#hasEnded()) throw this.#notRunning(error);
      throw this.#translate(error, options);
    }
  }

  /** Whether the end is known, including a settled promise whose handlers have not run yet. */
  async #hasEnded(): Promise<boolean> {
    if (this.#ended) return true;
    return Promise.race([this.ended.then(() => true), new Promise<boolean>((done) => setImmediate(done, false))]);
  }

  #translate(error: unknown, options: Abortable | undefined): unknown {
    if (isOperationError(error) || (options?.signal?.aborted && error === options.signal.reason)) return error;
    const why = errorMessage(error);
    return new OperationError('HYPERVISOR_UNREACHABLE', `The hypervisor does not answer: ${why}.`, {
      cause: error,
      // What somebody else runs is not Innkeeper's to kill.
      nextStep: this.adoptedAgent === undefined ? undefined : 'Ask whoever runs this VM, or try again.',
    });
  }

  #notRunning(cause: unknown): OperationError {
    return new OperationError('VM_NOT_RUNNING', 'The VM is not running.', { cause });
  }
}
