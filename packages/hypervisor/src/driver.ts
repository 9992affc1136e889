import { OperationError } from '@innkeeper/contract';
import type { Channel } from '@innkeeper/kit';
import type { DriverFeatures } from './features.ts';
import type { VmRecord } from './vm-record.ts';
import type { VmSpec } from './vm-spec.ts';

/** Options of every operation that waits. An abort undoes what was started and rejects with the signal's reason. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

export interface AdoptOptions extends Abortable {
  /** Where the VM's run directory is now: the data folder may have been moved. Default: where it was at the launch. */
  readonly runDirectory?: string | undefined;
}

export type Accelerator = 'kvm' | 'tcg';

/** The result of a driver's probe of this host. */
export interface Probe {
  readonly available: boolean;
  /** Why it is not available, and what to install. Empty if available. */
  readonly reason: string;
  /** The next step, if it is not to install the program. */
  readonly nextStep?: string;
  readonly version: string;
  readonly accelerator: Accelerator;
  /** Why KVM is not used. Empty with KVM. */
  readonly acceleratorReason: string;
}

/** Throws HYPERVISOR_MISSING if the hypervisor cannot be used on this host. */
export function assertAvailable({ available, reason, nextStep }: Probe): void {
  if (!available) throw new OperationError('HYPERVISOR_MISSING', reason, { nextStep });
}

/** Facts about a hypervisor's process that are shown to people. */
export interface HypervisorProcess {
  readonly pid: number;
  readonly accelerator: Accelerator;
}

/** Where a guest's agent listens. */
export type AgentAddress =
  /** A virtio-serial port, by name. */
  | { readonly kind: 'port'; readonly name: string }
  /** A vsock port, by number. */
  | { readonly kind: 'vsock'; readonly port: number };

/** How a VM's NIC is connected. */
export interface NetworkState {
  /**
   * isolated: in its own network namespace, connected to the host's network by pasta. restricted: not connected, since
   * the host does not support isolation. open: everything that the host reaches, including its loopback; started by an
   * older daemon.
   */
  readonly kind: 'isolated' | 'restricted' | 'open';
  /** Why it is not isolated, or why an isolated NIC does not reach the outside; empty if there is no problem. */
  readonly problem: string;
}

/** Why a VM's process ended. */
export interface VmEnd {
  /** How it ended: the guest powered off (also on request), it was killed, or the process died. */
  readonly kind: 'shutdown' | 'killed' | 'crashed';
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The last lines that the hypervisor printed, 4 KiB at most. */
  readonly lastLines: string;
}

/** Resources used by the hypervisor's process on the host. Counters; the reader computes rates. */
export interface HostUsage {
  readonly cpuTimeUs: number;
  readonly rssBytes: number;
  /** A signal (SIGSTOP) stopped the process, so neither the guest nor the hypervisor does anything. */
  readonly isStopped: boolean;
}

/** Bytes that the guest has read from and written to all its disks since the hypervisor started. Counters. */
export interface DiskUsage {
  readonly readBytes: bigint;
  readonly writtenBytes: bigint;
}

export type VmEvent =
  /** `detail` is the reason if the hypervisor paused it by itself, such as a full disk of the host. */
  | { readonly type: 'paused'; readonly detail?: string | undefined }
  | { readonly type: 'resumed' }
  | { readonly type: 'reset' }
  /** The guest's kernel reported that it panicked. */
  | { readonly type: 'panicked'; readonly detail: string }
  /** The guest opened or closed the named agent port; the only sign on the host that an agent started or stopped. */
  | { readonly type: 'agent-port'; readonly port: string; readonly open: boolean };

/** A running VM. Disposing detaches from it without stopping it. */
export interface RunningVm extends AsyncDisposable {
  readonly record: VmRecord;
  /** The features of its driver. Unsupported calls fail with UNSUPPORTED_BY_DRIVER. */
  readonly features: DriverFeatures;
  /** Undefined if it has none on this host: somebody else runs it. */
  readonly process: HypervisorProcess | undefined;
  /** Of a VM that somebody else runs: the address of its agent, as it was adopted by. */
  readonly adoptedAgent?: string | undefined;
  /** Resolves when the process has ended; never rejects. */
  readonly ended: Promise<VmEnd>;
  onEvent(listener: (event: VmEvent) => void): () => void;
  /**
   * Asks the guest to shut down, like the ACPI power button. Resolves when the request was sent, not when the guest is
   * off.
   */
  requestShutdown(options?: Abortable): Promise<void>;
  /** Sends SIGKILL to the process and waits for its end. Idempotent. */
  kill(options?: Abortable): Promise<void>;
  /**
   * Opens a channel to an agent (supportsAgentPorts, supportsVsock); it can be reopened after it was closed. Rejects
   * while the hypervisor is not listening.
   */
  openAgent(address: AgentAddress, options?: Abortable): Promise<Channel>;
  /** Whether the guest has this agent port open now, without waiting for an event (supportsPortState). */
  isPortOpen(port: string, options?: Abortable): Promise<boolean>;
  readonly console: ConsoleStream;
  usage(): HostUsage | undefined;
  /** Asks the hypervisor. Undefined if it does not count them. */
  diskUsage(options?: Abortable): Promise<DiskUsage | undefined>;
  /** How its NIC is connected now; undefined without a NIC (supportsNetworkState). */
  network(): Promise<NetworkState | undefined>;
  /** Whether the guest's CPUs are running. */
  isPaused(options?: Abortable): Promise<boolean>;
  /** Why the hypervisor paused the guest by itself; undefined if it did not, or the reason is unknown. */
  whyPaused(options?: Abortable): Promise<string | undefined>;
  /** Requires supportsPause. */
  pause(options?: Abortable): Promise<void>;
  /** Requires supportsPause. */
  resume(options?: Abortable): Promise<void>;
}

/** The serial console: its history is always recorded, bounded. */
export interface ConsoleStream {
  /** The recorded history: the first and the last part, and the number of bytes dropped between. */
  history(): { readonly head: Uint8Array; readonly droppedBytes: number; readonly tail: Uint8Array };
  onOutput(listener: (bytes: Uint8Array) => void): () => void;
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * A hypervisor. Drivers can be simple: they need not be idempotent, distinguish kinds of absence, or refuse calls
 * beyond their features; the wrapper (managed-driver.ts) does that. A record is only read by the driver that wrote it.
 */
export interface HypervisorDriver {
  readonly name: 'qemu' | 'firecracker' | 'cloud-hypervisor' | 'adopted' | 'fake';
  readonly features: DriverFeatures;
  probe(options?: Abortable): Promise<Probe>;
  launch(spec: VmSpec, options?: Abortable): Promise<RunningVm>;
  /** Reattaches to the VM of a record after a restart of the daemon; undefined if its process is gone. */
  adopt(record: VmRecord, options?: AdoptOptions): Promise<RunningVm | undefined>;
  /** How a VM ended that `adopt` did not find; undefined if unknown. */
  howEnded(record: VmRecord, options?: AdoptOptions): Promise<VmEnd['kind'] | undefined>;
  /** The process named by a record, whether it is alive or not; undefined if the record is not this driver's. */
  processOf(record: VmRecord): HypervisorProcess | undefined;
  /** Kills the process of a VM that cannot be adopted, and waits for its end. Succeeds if it is already gone. */
  kill(record: VmRecord): Promise<void>;
  /** Kills a process that a daemon launched in a run directory and crashed before recording. False if there is none. */
  killUnrecorded(runDirectory: string): Promise<boolean>;
}

/** Drivers by name. New VMs get the first. */
export function driversByName(first: HypervisorDriver, ...others: HypervisorDriver[]): DriverMap {
  return new Map([first, ...others].map((driver) => [driver.name, driver]));
}

export type DriverMap = ReadonlyMap<string, HypervisorDriver>;

/** The four named ports of every VM. */
export const agentPorts = [
  'org.innkeeper.agent.0',
  'org.limiquantix.agent.0',
  'org.quantix.agent.0',
  'org.qemu.guest_agent.0',
] as const;

/** The port that the node uses. */
export const nativePort = 'org.innkeeper.agent.0';
export const nativeAgent: AgentAddress = { kind: 'port', name: nativePort };
