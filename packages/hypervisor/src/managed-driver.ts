import { isOperationError, OperationError } from '@innkeeper/contract';
import { type Channel, errorMessage } from '@innkeeper/kit';
import type {
  Abortable,
  ConsoleStream,
  HostUsage,
  HypervisorDriver,
  NetworkState,
  RunningVm,
  VmEnd,
  VmEvent,
  VmRecord,
} from './driver.ts';

/**
 * The driver that everything above uses: a naive one with its rough edges taken off. A kill or a stop of a VM that is
 * gone succeeds; anything else asked of it is VM_NOT_RUNNING; a hypervisor that lives and does not answer is
 * HYPERVISOR_UNREACHABLE.
 */
export function manageDriver(driver: HypervisorDriver): HypervisorDriver {
  const howEnded = driver.howEnded?.bind(driver);
  return {
    ...(howEnded === undefined ? {} : { howEnded }),
    name: driver.name,
    probe: (options) => driver.probe(options),
    launch: async (spec, options) => new ManagedVm(await driver.launch(spec, options)),
    adopt: async (record, options) => {
      const vm = await driver.adopt(record, options);
      return vm === undefined ? undefined : new ManagedVm(vm);
    },
  };
}

class ManagedVm implements RunningVm {
  readonly record: VmRecord;
  readonly ended: Promise<VmEnd>;
  readonly console: ConsoleStream;
  readonly pause?: (options?: Abortable) => Promise<void>;
  readonly resume?: (options?: Abortable) => Promise<void>;
  readonly whyPaused?: (options?: Abortable) => Promise<string | undefined>;
  readonly network?: () => Promise<NetworkState | undefined>;
  readonly isPortOpen?: (port: string, options?: Abortable) => Promise<boolean>;
  readonly #vm: RunningVm;
  #gone = false;

  constructor(vm: RunningVm) {
    this.#vm = vm;
    this.record = vm.record;
    this.ended = vm.ended.then((end) => {
      this.#gone = true;
      return end;
    });
    this.console = {
      history: () => vm.console.history(),
      onOutput: (listener) => vm.console.onOutput(listener),
      write: (bytes) => this.#ask(undefined, () => vm.console.write(bytes)),
    };
    const pause = vm.pause?.bind(vm);
    const resume = vm.resume?.bind(vm);
    const whyPaused = vm.whyPaused?.bind(vm);
    const isPortOpen = vm.isPortOpen?.bind(vm);
    const network = vm.network?.bind(vm);
    if (network !== undefined) this.network = () => this.#ask(undefined, network);
    if (isPortOpen !== undefined)
      this.isPortOpen = (port, options) => this.#ask(options, () => isPortOpen(port, options));
    if (whyPaused !== undefined) this.whyPaused = (options) => this.#ask(options, () => whyPaused(options));
    if (pause !== undefined) this.pause = (options) => this.#ask(options, () => pause(options));
    if (resume !== undefined) this.resume = (options) => this.#ask(options, () => resume(options));
  }

  onEvent(listener: (event: VmEvent) => void): () => void {
    return this.#vm.onEvent(listener);
  }

  async pressPowerButton(options?: Abortable): Promise<void> {
    try {
      await this.#ask(options, () => this.#vm.pressPowerButton(options));
    } catch (error) {
      // It is off: what the button was pressed for.
      if (isOperationError(error) && error.reason === 'VM_NOT_RUNNING') return;
      throw error;
    }
  }

  async kill(options?: Abortable): Promise<void> {
    if (this.#gone) return;
    try {
      await this.#vm.kill(options);
    } catch (error) {
      // Whoever ended it first: it is gone, which is what a kill is for.
      if (await this.#hasEnded()) return;
      throw this.#translate(error, options);
    }
  }

  agentChannel(port: string, options?: Abortable): Promise<Channel> {
    return this.#ask(options, () => this.#vm.agentChannel(port, options));
  }

  usage(): HostUsage | undefined {
    return this.#gone ? undefined : this.#vm.usage();
  }

  isPaused(options?: Abortable): Promise<boolean> {
    return this.#ask(options, () => this.#vm.isPaused(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vm[Symbol.asyncDispose]();
  }

  async #ask<T>(options: Abortable | undefined, ask: () => Promise<T>): Promise<T> {
    if (this.#gone) throw this.#notRunning(undefined);
    try {
      return await ask();
    } catch (error) {
      if (await this.#hasEnded()) throw this.#notRunning(error);
      throw this.#translate(error, options);
    }
  }

  /** Whether the end is known, counting what is settled and only not delivered yet. */
  async #hasEnded(): Promise<boolean> {
    if (this.#gone) return true;
    return Promise.race([this.ended.then(() => true), new Promise<boolean>((done) => setImmediate(done, false))]);
  }

  #translate(error: unknown, options: Abortable | undefined): unknown {
    if (isOperationError(error) || (options?.signal?.aborted && error === options.signal.reason)) return error;
    const why = errorMessage(error);
    return new OperationError('HYPERVISOR_UNREACHABLE', `The hypervisor does not answer: ${why}.`, { cause: error });
  }

  #notRunning(cause: unknown): OperationError {
    return new OperationError('VM_NOT_RUNNING', 'The VM does not run.', { cause });
  }
}
