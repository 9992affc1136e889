import type { Event } from '@innkeeper/contract/control';
import { type AgentClients, agentClients } from './agent-clients.ts';
import { type ConsoleStream, type OpenConsoleOptions, openConsoleStream } from './console-stream.ts';
import type { ControlClient } from './control-client.ts';
import { type FollowEventsOptions, followEvents } from './events.ts';
import { type ExecOptions, type ExecStream, openExec } from './exec.ts';
import { createGuestFiles, type GuestFiles } from './guest-files.ts';
import { createGuestFilesystems, type GuestFilesystems } from './guest-filesystems.ts';
import { createGuestInventory, type GuestInventory } from './guest-inventory.ts';
import { createGuestLogs, type GuestLogs } from './guest-logs.ts';
import { createGuestNetworks, type GuestNetworks } from './guest-networks.ts';
import { createGuestPower, type GuestPower } from './guest-power.ts';
import { createGuestProcesses, type GuestProcesses } from './guest-processes.ts';
import { createGuestUnits, type GuestUnits } from './guest-units.ts';
import { type Platform, servicesOf } from './platform.ts';
import { createTerminals, type Terminals } from './terminals.ts';
import { type OpenTunnelOptions, openTunnel, type Tunnel, type TunnelTarget } from './tunnel.ts';
import { createVm, type NewVm } from './vm/create-vm.ts';
import type { VmBackend } from './vm/vm-backend.ts';
import { type VmHandle, vmHandle } from './vm/vm-handle.ts';
import type { WaitOptions } from './wait-for-operation.ts';

/** VMs and their guests. `vm` is an id or a name; all errors are OperationError. */
export interface GuestClient<Contents extends object> {
  /** A VM by its name or id: commands, files, power, waiting and events. */
  vm(nameOrId: string): VmHandle;
  /** Creates a VM; resolves when it is created, and started if requested. */
  createVm(vm: NewVm, options?: WaitOptions): Promise<VmHandle>;
  /** The agent's services of a VM, unwrapped. */
  agent(vm: string): AgentClients;
  /** Files in guests, including their contents. */
  readonly files: GuestFiles & Contents;
  /** Freezing, thawing and trimming file systems of guests. */
  readonly filesystems: GuestFilesystems;
  /** System, hardware, packages, accounts and containers of guests. */
  readonly inventory: GuestInventory;
  /** Addresses, routes and name servers of guests. */
  readonly networks: GuestNetworks;
  /** Logs of guests, followed. */
  readonly logs: GuestLogs;
  /** Shutdown and reboot from inside the guest. */
  readonly power: GuestPower;
  /** Processes in guests. */
  readonly processes: GuestProcesses;
  /** Terminals in guests, which keep running when nobody is attached. */
  readonly terminals: Terminals;
  /** Services of guests. */
  readonly units: GuestUnits;
  /** Runs a command in a VM, or follows a running one. */
  exec(vm: string, options: ExecOptions): ExecStream;
  /** Events of VMs, as they happen. */
  events(options?: FollowEventsOptions): AsyncIterable<Event>;
  /** Opens a VM's serial console. */
  openConsole(vm: string, options?: OpenConsoleOptions): ConsoleStream;
  /** Connects to a TCP port or unix socket of a VM's guest; it needs no network card. */
  openTunnel(vm: string, target: TunnelTarget, options?: OpenTunnelOptions): Tunnel;
}

export function guestClient<Contents extends object>(
  platform: Platform<Contents>,
  { vms, operations, terminals }: ControlClient,
): GuestClient<Contents> {
  const { openSocket, hidesRefusals, contents, readFile, writeFile } = platform;
  const service = servicesOf(platform);
  const agent = (vm: string): AgentClients => agentClients(service, vm);
  const guestFiles = createGuestFiles(agent);
  const askWhy = hidesRefusals ? (vm: string) => vms.getVm({ vm }) : undefined;
  const exec = (vm: string, options: ExecOptions): ExecStream => openExec({ open: openSocket, askWhy }, vm, options);
  const backend: VmBackend = { vms, operations, files: guestFiles, exec, readFile, writeFile };
  return {
    agent,
    vm: (nameOrId) => vmHandle(backend, nameOrId),
    createVm: (vm, options) => createVm(backend, vm, options),
    files: { ...guestFiles, ...contents },
    filesystems: createGuestFilesystems(agent),
    inventory: createGuestInventory(agent),
    networks: createGuestNetworks(agent),
    logs: createGuestLogs(agent),
    power: createGuestPower(agent),
    processes: createGuestProcesses(agent),
    terminals: createTerminals(terminals, openSocket),
    units: createGuestUnits(agent),
    exec,
    events: (options) => {
      const list = async (limit: number) => (await vms.listEvents({ vm: options?.vm ?? '', limit })).events;
      return followEvents(openSocket, list, options);
    },
    openConsole: (vm, options) => openConsoleStream(openSocket, vm, options),
    openTunnel: (vm, target, options) => openTunnel(openSocket, vm, target, options),
  };
}
