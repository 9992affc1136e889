import { OperationError } from '@innkeeper/contract';
import type { Channel } from '@innkeeper/kit';
import type { DriverFeatures } from './features.ts';
import type { VmRecord } from './vm-record.ts';
import type { VmSpec } from './vm-spec.ts';

/** Options of everything that waits. Abort means: undo what was begun and reject with the signal's reason. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

export type Accelerator = 'kvm' | 'tcg';

/** What a driver found on this host. */
export interface Probe {
  readonly available: boolean;
  /** Why not, and what to install. Empty when available. */
  readonly reason: string;
  /** What to do, where it is not to install the program. */
  readonly nextStep?: string;
  readonly version: string;
  readonly accelerator: Accelerator;
  /** Why not KVM. Empty with KVM. */
  readonly acceleratorReason: string;
}

/** Throws HYPERVISOR_MISSING when the hypervisor cannot be used on this host. */
export function assertAvailable({ available, reason, nextStep }: Probe): void {
  if (!available) throw new OperationError('HYPERVISOR_MISSING', reason, { nextStep });
}

/** What is shown of a hypervisor's process. */
export interface HypervisorProcess {
  readonly pid: number;
  readonly accelerator: Accelerator;
}

/** Where in a guest its agent listens. */
export type AgentAddress =
  /** A virtio-serial port, by its name. */
  | { readonly kind: 'port'; readonly name: string }
  /** A vsock port, by its number. */
  | { readonly kind: 'vsock'; readonly port: number };

/** How a VM's NIC is connected. */
export interface NetworkState {
  /**
   * isolated: in a network namespace of its own, joined to the host's network by pasta. restricted: to nothing, since the
   * host cannot do that. open: to all that the host reaches, its loopback too: started by an older daemon.
   */
  readonly kind: 'isolated' | 'restricted' | 'open';
  /** Why it is not isolated, or why an isolated one does not reach the outside; empty when all is well. */
  readonly problem: string;
}

/** Why a VM's process ended. */
export interface VmEnd {
  /** The guest powered off or was told to; else the process died. */
  readonly kind: 'shutdown' | 'killed' | 'crashed';
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Last lines of what the hypervisor printed, 4 KiB at most. */
  readonly lastLines: string;
}

/** What the hypervisor's process uses on the host. Counters; the reader makes rates. */
export interface HostUsage {
  readonly cpuTimeUs: number;
  readonly rssBytes: number;
}

export type VmEvent =
  /** `detail` says why when the hypervisor did it by itself: the host's disk is full. */
  | { readonly type: 'paused'; readonly detail?: string | undefined }
  | { readonly type: 'resumed' }
  | { readonly type: 'reset' }
  /** The guest opened or closed the named agent port; the only host-side sign of an agent coming or going. */
  | { readonly type: 'agent-port'; readonly port: string; readonly open: boolean };

/** A VM whose hypervisor runs. Dispose lets go of it without stopping it. */
export interface RunningVm extends AsyncDisposable {
  readonly record: VmRecord;
  /** Of its driver. What it does not support fails with UNSUPPORTED_BY_DRIVER here. */
  readonly features: DriverFeatures;
  readonly process: HypervisorProcess;
  /** Resolves once, when the process is gone; never rejects. */
  readonly ended: Promise<VmEnd>;
  onEvent(listener: (event: VmEvent) => void): () => void;
  /** Asks the guest to shut down, as the ACPI power button does. Resolves when it was asked, not when it is down. */
  requestShutdown(options?: Abortable): Promise<void>;
  /** SIGKILL to the process and wait for its end. Idempotent. */
  kill(options?: Abortable): Promise<void>;
  /** Opens a channel to an agent (supportsAgentPorts, supportsVsock); it may be opened again after it was closed. Rejects while the hypervisor does not listen. */
  openAgent(address: AgentAddress, options?: Abortable): Promise<Channel>;
  /** Whether the guest has this agent port open, now; for a look without waiting for an event (supportsPortState). */
  isPortOpen(port: string, options?: Abortable): Promise<boolean>;
  readonly console: ConsoleStream;
  usage(): HostUsage | undefined;
  /** How its NIC is connected, now; undefined without one (supportsNetworkState). */
  network(): Promise<NetworkState | undefined>;
  /** Whether the guest's CPUs run. */
  isPaused(options?: Abortable): Promise<boolean>;
  /** Why the hypervisor paused the guest by itself; undefined when it did not, or does not know. */
  whyPaused(options?: Abortable): Promise<string | undefined>;
  /** With supportsPause. */
  pause(options?: Abortable): Promise<void>;
  /** With supportsPause. */
  resume(options?: Abortable): Promise<void>;
}

/** The serial console: history kept whether or not anybody looks, bounded. */
export interface ConsoleStream {
  /** What is kept: the first and the last part, with the count of what was dropped between. */
  history(): { readonly head: Uint8Array; readonly droppedBytes: number; readonly tail: Uint8Array };
  onOutput(listener: (bytes: Uint8Array) => void): () => void;
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * A hypervisor. Drivers are naive: they need not be idempotent, tell one absence from another, or refuse what their
 * features lack; the wrapper around them (managed-driver.ts) does. A record is read by the driver that wrote it.
 */
export interface HypervisorDriver {
  readonly name: 'qemu' | 'firecracker' | 'cloud-hypervisor' | 'adopted' | 'fake';
  readonly features: DriverFeatures;
  probe(options?: Abortable): Promise<Probe>;
  launch(spec: VmSpec, options?: Abortable): Promise<RunningVm>;
  /** Finds the VM of a record again after a restart of the daemon; undefined when its process is gone. */
  adopt(record: VmRecord, options?: Abortable): Promise<RunningVm | undefined>;
  /** How a VM ended that `adopt` found gone; undefined when nothing tells. */
  howEnded(record: VmRecord): Promise<VmEnd['kind'] | undefined>;
  /** The process that a record names, whether it lives or not; undefined when the record is not this driver's. */
  processOf(record: VmRecord): HypervisorProcess | undefined;
  /** Kills the process of a VM that cannot be adopted, and waits for its end; one that is gone already is no failure. */
  kill(record: VmRecord): Promise<void>;
  /** Kills what a daemon launched in a run directory and did not live to keep a record of. False when there is nothing. */
  killUnrecorded(runDirectory: string): Promise<boolean>;
}

/** Drivers by their names. The first is the one that new VMs get. */
export function driversByName(first: HypervisorDriver, ...others: HypervisorDriver[]): DriverMap {
  return new Map([first, ...others].map((driver) => [driver.name, driver]));
}

export type DriverMap = ReadonlyMap<string, HypervisorDriver>;

/** The four named ports that every VM of ours gets. */
export const agentPorts = [
  'org.innkeeper.agent.0',
  'org.limiquantix.agent.0',
  'org.quantix.agent.0',
  'org.qemu.guest_agent.0',
] as const;

/** The one our node speaks on. */
export const nativePort = 'org.innkeeper.agent.0';
export const nativeAgent: AgentAddress = { kind: 'port', name: nativePort };
