import { OperationError } from '@innkeeper/contract';
import { type Abortable, type HypervisorDriver, type HypervisorProcess, nativePort, type Probe } from '../driver.ts';
import type { DriverFeatures } from '../features.ts';
import type { VmRecord } from '../vm-record.ts';
import type { VmSpec } from '../vm-spec.ts';
import type { FakeBoot, StartAgent } from './fake-guest.ts';
import { FakeHost } from './fake-host.ts';
import { FakeMachine } from './fake-machine.ts';
import { FakeRunningVm } from './fake-running-vm.ts';

const fakeFeatures: DriverFeatures = {
  supportsAgentPorts: true,
  supportsVsock: false,
  supportsPortState: true,
  supportsPause: true,
  supportsNetworkState: false,
  supportsSeveralDisks: true,
  supportsSeveralNics: true,
  supportsUserNic: true,
  supportsBridgeNic: false,
  supportsTapNic: false,
  supportsUefi: false,
  supportsSnapshots: false,
};

export interface FakeDriverOptions {
  /** Starts an agent on the native port of every guest without a `boot`. Absent: guests have no agent. */
  readonly startAgent?: StartAgent | undefined;
  /** The behaviour of a VM's guest, by its spec; `undefined` for the default boot. */
  readonly boot?: ((spec: VmSpec) => FakeBoot | undefined) | undefined;
  /** Default 5. */
  readonly bootMs?: number | undefined;
  /** The host that runs the VMs. Default: a new one. */
  readonly host?: FakeHost | undefined;
  /** Makes `launch` fail like a hypervisor that prints this and exits. */
  readonly failLaunch?: ((spec: VmSpec) => string | undefined) | undefined;
  /** Delays `launch` until it resolves; a rejection fails the launch. */
  readonly beforeLaunch?: ((signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Features that differ from the default. */
  readonly features?: Partial<DriverFeatures> | undefined;
  /** Makes `probe` report it as unavailable, with this reason. */
  readonly missing?: string | undefined;
}

/**
 * A driver without a hypervisor, for tests of code that uses drivers: VMs boot in 5 ms and behave as the test defines.
 */
export class FakeDriver implements HypervisorDriver {
  readonly name = 'fake';
  readonly features: DriverFeatures;
  readonly host: FakeHost;
  readonly #options: FakeDriverOptions;

  constructor(options: FakeDriverOptions = {}) {
    this.#options = options;
    this.features = { ...fakeFeatures, ...options.features };
    this.host = options.host ?? new FakeHost();
  }

  async probe(): Promise<Probe> {
    const reason = this.#options.missing ?? '';
    return {
      available: reason === '',
      reason,
      version: '1.0',
      accelerator: 'tcg',
      acceleratorReason: 'A fake VM has no CPUs.',
    };
  }

  async launch(spec: VmSpec, options?: Abortable): Promise<FakeRunningVm> {
    options?.signal?.throwIfAborted();
    await this.#options.beforeLaunch?.(options?.signal);
    if (this.#options.missing !== undefined) throw new OperationError('HYPERVISOR_MISSING', this.#options.missing);
    const lastLines = this.#options.failLaunch?.(spec);
    if (lastLines !== undefined) {
      throw new OperationError('HYPERVISOR_FAILED', `The fake hypervisor exited at start: ${lastLines}`);
    }
    const pid = this.host.takePid();
    const record: VmRecord = { id: spec.id, driver: this.name, payload: { pid, pidStartTicks: String(pid * 10) } };
    const boot = this.#options.boot?.(spec) ?? this.#usualBoot();
    const machine = new FakeMachine({ spec, record, pid, boot, bootMs: this.#options.bootMs ?? 5 });
    this.host.add(machine);
    return new FakeRunningVm(machine, this.features);
  }

  async adopt(record: VmRecord, options?: Abortable): Promise<FakeRunningVm | undefined> {
    options?.signal?.throwIfAborted();
    const machine = this.host.find(record);
    return machine === undefined ? undefined : new FakeRunningVm(machine, this.features);
  }

  /** Nothing remains of a fake VM that has ended. */
  async howEnded(): Promise<undefined> {
    return undefined;
  }

  processOf({ driver, payload: { pid } }: VmRecord): HypervisorProcess | undefined {
    return driver === this.name && typeof pid === 'number' ? { pid, accelerator: 'tcg' } : undefined;
  }

  async kill(record: VmRecord): Promise<void> {
    this.host.find(record)?.kill();
  }

  /** A fake machine has no files to find it by. */
  async killUnrecorded(): Promise<boolean> {
    return false;
  }

  #usualBoot(): FakeBoot {
    return async (guest) => {
      guest.print('fake guest\r\n');
      await this.#options.startAgent?.(guest.openPort(nativePort), guest);
    };
  }
}
