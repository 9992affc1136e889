import type { AgentLink } from '@innkeeper/agent-client';
import type { VmAction } from '@innkeeper/contract';
import type {
  AddImageRequest,
  AdoptVmRequest,
  AgentInstaller,
  BuildImageRequest,
  ClockSync,
  ConnectProxmoxRequest,
  CreateVmRequest,
  Diagnosis,
  Event,
  Image,
  Node,
  Operation,
  UpdateAgentRequest,
  UpdateVmRequest,
  Vm,
} from '@innkeeper/contract/control';
import type { ConsoleStream } from '@innkeeper/hypervisor';
import type { ByArchitecture } from '@innkeeper/images';
import type { Fleet } from './fleet.ts';
import type { VmSummary } from './vm-summary.ts';

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
}

/** One VM as the API sees it. Everything on it may fail with an OperationError, which goes to the caller as it is. */
export interface VmApi {
  readonly id: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** As it is now, with its agent and last telemetry. */
  describe(): Vm;
  /** What lists are filtered by, which costs much less. */
  summary(): VmSummary;
  /** Notes what the guest says its address is, until the VM stops. Fails with INVALID_ARGUMENT. */
  reportAddress(address: string): void;
  /** Throws VM_NOT_RUNNING or VM_WRONG_STATE when the state does not allow it. */
  assertAllowed(action: VmAction): void;
  /** The link to its agent, which may yet connect. Fails with AGENT_UNREACHABLE, VM_NOT_RUNNING. */
  agent(options: Waiting): Promise<AgentLink>;
  /** Throws VM_NOT_RUNNING while the VM is not running. */
  console(): ConsoleStream;
  /** Changes the settings that are given: all or none. Fails with VM_WRONG_STATE, VM_BUSY, VM_NAME_TAKEN. */
  update(
    change: Pick<UpdateVmRequest, 'autostart' | 'name' | 'cpus' | 'memoryBytes' | 'tags' | 'removeTags'>,
  ): Promise<Vm>;
  start(): Promise<Operation>;
  /** `timeoutMs` for the agent and for ACPI each. */
  stop(timeoutMs: number): Promise<Operation>;
  kill(): Promise<Operation>;
  delete(force: boolean): Promise<Operation>;
  /** Forgets an adopted VM. Fails with UNSUPPORTED_BY_DRIVER for any other. */
  release(): Promise<void>;
  /** Wakes a suspended guest; resolves when its CPUs run. Fails with VM_WRONG_STATE. */
  wake(options: Waiting): Promise<Vm>;
  /** Replaces its agent by the daemon's. Fails with AGENT_UNREACHABLE, VM_NOT_RUNNING, AGENT_NOT_BUILT. */
  updateAgent(choices: Pick<UpdateAgentRequest, 'allowOlder' | 'cutCalls' | 'again'>): Promise<Operation>;
  /** Puts the daemon's agent in through the agent of others that it has. Fails as `updateAgent`, UNSUPPORTED_BY_AGENT. */
  installAgent(): Promise<Operation>;
  /** What is needed to put it in by hand. Fails with AGENT_NOT_BUILT. */
  agentInstaller(architecture: string): Promise<AgentInstaller>;
  diagnose(options?: Waiting): Promise<Diagnosis>;
  /** Sets the guest's clock to `setUnixNs`, or to the node's. Fails with AGENT_UNREACHABLE, VM_NOT_RUNNING. */
  syncClock(setUnixNs: bigint | undefined, options: Waiting): Promise<ClockSync>;
  /** Calls back after each change, once it is deleted also; the function ends it. */
  onChange(listener: () => void): () => void;
}

/** Where in the list of operations one is. */
export interface OperationPlace {
  readonly startedMs: number;
  readonly id: string;
}

/** What the API server stands on: the node, its images and its operations. `node/` and `operations/` implement it. */
export interface NodeApi {
  /** Stable; rows of what the node owns carry it. */
  readonly id: string;
  describe(): Promise<Node>;
  /** All VMs, ready to be listed. */
  readonly fleet: Fleet;
  readonly vms: {
    list(): readonly VmApi[];
    byId(id: string): VmApi | undefined;
    /** By id or name. Throws VM_NOT_FOUND. */
    find(idOrName: string): VmApi;
    create(request: CreateVmRequest): Promise<Operation>;
    /** Adds a VM that somebody else runs. Fails with INVALID_NAME, INVALID_ARGUMENT, VM_NAME_TAKEN. */
    adopt(request: AdoptVmRequest): Promise<Vm>;
    /** Domains of the host's libvirt. Fails with HYPERVISOR_UNREACHABLE, PROGRAM_MISSING, INVALID_ARGUMENT. */
    libvirtDomains(uri: string): Promise<{ name: string; agent: string }[]>;
    /** VMs of a Proxmox VE, whose token is kept. Fails with HYPERVISOR_UNREACHABLE, INVALID_ARGUMENT. */
    connectProxmox(request: ConnectProxmoxRequest): Promise<{ name: string; id: number; agent: string }[]>;
    /** Every change of any VM; a VM that is gone from `list` by then was deleted. */
    onChange(listener: (id: string) => void): () => void;
    /** Newest first; `vmId` undefined: of all VMs, `nodeId` undefined: of all nodes. `beforeId`: only older ones. */
    events(vmId: string | undefined, limit: number, beforeId?: number, nodeId?: string): Promise<Event[]>;
  };
  /** The agents that are put into images; none when none was built. */
  readonly agentPaths: ByArchitecture<string>;
  /** The line of the daemon's key for guests that it may update. */
  readonly updateKeyLine: string;
  readonly images: {
    list(): Promise<Image[]>;
    add(request: AddImageRequest): Promise<Operation>;
    build(request: BuildImageRequest): Promise<Operation>;
    remove(name: string): Promise<Operation>;
    /** Image files that clients send before they add them; see the routes of /v1/image-uploads. */
    readonly uploads: {
      offset(id: string): Promise<number>;
      receive(id: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<number>;
      remove(id: string): Promise<void>;
    };
  };
  readonly operations: {
    /** Fails with OPERATION_NOT_FOUND. */
    find(id: string): Promise<Operation>;
    /** Newest first; `nodeId` undefined: of all nodes. `before`: only those that began before this one. */
    list(limit: number, before?: OperationPlace, nodeId?: string): Promise<Operation[]>;
    /** Asks it to stop; what it had begun is undone. One that is over stays as it is. */
    cancel(id: string): Promise<Operation>;
    /** As it is, then again at each change, until it has ended. */
    watch(id: string, options?: Waiting): AsyncIterable<Operation>;
    /** Every change of any operation. */
    onChange(listener: () => void): () => void;
  };
}
