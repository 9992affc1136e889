import { OperationError } from '@innkeeper/contract';
import type { Channel } from '@innkeeper/kit';

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

/** Everything a driver needs to start a VM; nothing of it changes while the VM runs. */
export interface VmSpec {
  readonly id: string;
  readonly name: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Folder of this VM's run files (sockets, pid, log); exists, mode 0700, path short enough for sockets (108 bytes with names). */
  readonly runDirectory: string;
  readonly disk: { readonly path: string; readonly format: 'raw' | 'qcow2' };
  /** Boot this kernel instead of the disk's boot loader. */
  readonly kernel:
    | { readonly path: string; readonly initrdPath: string | undefined; readonly commandLine: string }
    | undefined;
  /** A NIC of the kind `user`: the guest reaches the internet, and of the host nothing but the driver's guest port. */
  readonly network: { readonly macAddress: string } | undefined;
}

/** What is kept of a running VM so that another daemon finds it again. JSON. */
export interface VmRecord {
  readonly id: string;
  readonly driver: string;
  readonly runDirectory: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot (/proc/PID/stat field 22): tells it from a reuse of the pid. */
  readonly pidStartTicks: string;
  readonly accelerator: Accelerator;
}

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

/** A VM whose hypervisor runs. */
export interface RunningVm extends AsyncDisposable {
  readonly record: VmRecord;
  /** Resolves once, when the process is gone; never rejects. */
  readonly ended: Promise<VmEnd>;
  onEvent(listener: (event: VmEvent) => void): () => void;
  /** ACPI power button. Resolves when it was pressed, not when the guest is down. */
  pressPowerButton(options?: Abortable): Promise<void>;
  /** SIGKILL to the process and wait for its end. Idempotent. */
  kill(options?: Abortable): Promise<void>;
  /** Opens the agent's channel by port name; a channel may be opened again after it was closed. Rejects while the hypervisor does not listen. */
  agentChannel(port: string, options?: Abortable): Promise<Channel>;
  /** Whether the guest has this agent port open, now; for a look without waiting for an event. */
  isPortOpen?(port: string, options?: Abortable): Promise<boolean>;
  readonly console: ConsoleStream;
  usage(): HostUsage | undefined;
  /** How its NIC is connected, now; undefined without one. */
  network?(): Promise<NetworkState | undefined>;
  /** Whether the guest's CPUs run. */
  isPaused(options?: Abortable): Promise<boolean>;
  /** Why the hypervisor paused the guest by itself; undefined when it did not, or does not know. */
  whyPaused?(options?: Abortable): Promise<string | undefined>;
  pause?(options?: Abortable): Promise<void>;
  resume?(options?: Abortable): Promise<void>;
  /** Dispose lets go of the VM without stopping it. */
}

/** The serial console: history kept whether or not anybody looks, bounded. */
export interface ConsoleStream {
  /** What is kept: the first and the last part, with the count of what was dropped between. */
  history(): { readonly head: Uint8Array; readonly droppedBytes: number; readonly tail: Uint8Array };
  onOutput(listener: (bytes: Uint8Array) => void): () => void;
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * A hypervisor. Drivers are naive: they need not be idempotent or tell one absence from another; the wrapper around
 * them (managed-driver.ts) makes stop idempotent and absence one error.
 */
export interface HypervisorDriver {
  readonly name: 'qemu' | 'firecracker' | 'cloud-hypervisor' | 'adopted' | 'fake';
  probe(options?: Abortable): Promise<Probe>;
  launch(spec: VmSpec, options?: Abortable): Promise<RunningVm>;
  /** Finds the VM of a record again after a restart of the daemon; undefined when its process is gone. */
  adopt(record: VmRecord, options?: Abortable): Promise<RunningVm | undefined>;
  /** How a VM ended that `adopt` found gone; undefined when nothing tells. */
  howEnded?(record: VmRecord): Promise<VmEnd['kind'] | undefined>;
}

/** The four named ports that every VM of ours gets. */
export const agentPorts = [
  'org.innkeeper.agent.0',
  'org.limiquantix.agent.0',
  'org.quantix.agent.0',
  'org.qemu.guest_agent.0',
] as const;

/** The one our node speaks on. */
export const nativePort = 'org.innkeeper.agent.0';
