import { type Client, createClient as createConnectClient } from '@connectrpc/connect';
import {
  AccessService,
  AuditService,
  type Event,
  HistoryService,
  ImageService,
  NodeService,
  type Operation,
  OperationService,
  RunService,
  TerminalService,
  VmService,
} from '@innkeeper/contract/control';
import { type AgentClients, agentClients, type MakeService } from './agent-clients.ts';
import { type ConsoleStream, type OpenConsoleOptions, openConsoleStream } from './console-stream.ts';
import { fromConnectError } from './errors.ts';
import { type FollowEventsOptions, followEvents } from './events.ts';
import { type ExecOptions, type ExecStream, openExec } from './exec.ts';
import { createFiles, type Files } from './files.ts';
import { createGuestPower, type GuestPower } from './guest-power.ts';
import { createGuestProcesses, type GuestProcesses } from './guest-processes.ts';
import { nodeVmBackend } from './node-vm-backend.ts';
import { execTransport } from './open-exec-socket.ts';
import { nodeSockets } from './open-node-socket.ts';
import { type ReadFileOptions, type RemoteFile, readFile } from './read-file.ts';
import { readRunOutput } from './read-run-output.ts';
import { createRuns, type Runs, type RunsParts } from './runs.ts';
import { type ServerAddress, serverOf } from './server.ts';
import { createTerminals, type Terminals } from './terminals.ts';
import { createVm, type NewVm } from './vm/create-vm.ts';
import { type VmHandle, vmHandle } from './vm/vm-handle.ts';
import { type WaitOptions, waitForOperation } from './wait-for-operation.ts';
import { withOperationErrors } from './with-operation-errors.ts';
import { type WriteFileOptions, type WrittenFile, writeFile } from './write-file.ts';

export type ClientOptions = ServerAddress;

/** The control plane's API, typed. All methods take `{ signal }`; all errors are OperationError. */
export interface InnkeeperClient {
  /** A VM by its name or id: commands, files, power, waiting and events. */
  vm(nameOrId: string): VmHandle;
  /** Creates a VM; resolves when it is made, and started if it was to be. */
  createVm(vm: NewVm, options?: WaitOptions): Promise<VmHandle>;
  /** The services of the agent of a VM, by its id or name, as they are. */
  agent(vm: string): AgentClients;
  /** Files of guests. */
  readonly files: Files;
  /** Power of guests, from inside. */
  readonly power: GuestPower;
  /** Processes of guests. */
  readonly processes: GuestProcesses;
  readonly vms: Client<typeof VmService>;
  readonly images: Client<typeof ImageService>;
  readonly operations: Client<typeof OperationService> & {
    /** Resolves when the operation succeeded; rejects with its error. */
    wait(id: string, options?: WaitOptions): Promise<Operation>;
  };
  /** Commands and scripts on many VMs, kept with their output. */
  readonly runs: Client<typeof RunService> & Runs;
  /** Shells in guests that stay when one leaves. */
  readonly terminals: Terminals;
  readonly node: Client<typeof NodeService>;
  readonly access: Client<typeof AccessService>;
  readonly audit: Client<typeof AuditService>;
  readonly history: Client<typeof HistoryService>;
  /** Runs a command in a VM, or follows one that runs. */
  exec(vm: string, options: ExecOptions): ExecStream;
  /** What happens to VMs, as it happens. */
  events(options?: FollowEventsOptions): AsyncIterable<Event>;
  /** Looks at a VM's serial console, and types on it. */
  openConsole(vm: string, options?: OpenConsoleOptions): ConsoleStream;
  readFile(vm: string, path: string, options?: ReadFileOptions): Promise<RemoteFile>;
  writeFile(vm: string, path: string, options: WriteFileOptions): Promise<WrittenFile>;
}

/** A client of one daemon. Holds no connection while nothing is asked. */
export function createClient(address: ClientOptions): InnkeeperClient {
  const server = serverOf(address);
  const toError = (error: unknown): unknown => fromConnectError(error, server);
  const transport = execTransport(server);
  const service: MakeService = (desc, headers) =>
    withOperationErrors(desc, createConnectClient(desc, server.transport), { toError, headers });
  const agent = (vm: string): AgentClients => agentClients(service, vm);
  const operations = service(OperationService);
  const runs = service(RunService);
  const runParts: RunsParts = {
    output: (id, options) => readRunOutput(server, id, options),
    toError,
  };
  const vms = service(VmService);
  const files = createFiles(server, agent);
  const backend = nodeVmBackend(server, transport, { vms, operations, files });
  return {
    agent,
    vm: (nameOrId) => vmHandle(backend, nameOrId),
    createVm: (vm, options) => createVm(backend, vm, options),
    files,
    power: createGuestPower(agent),
    processes: createGuestProcesses(agent),
    vms,
    images: service(ImageService),
    operations: Object.assign(Object.create(operations) as typeof operations, {
      wait: (id: string, options?: WaitOptions) => waitForOperation(operations, id, options),
    }),
    runs: Object.assign(Object.create(runs) as typeof runs, createRuns(runs, runParts)),
    terminals: createTerminals(service(TerminalService), nodeSockets(server)),
    node: service(NodeService),
    access: service(AccessService),
    audit: service(AuditService),
    history: service(HistoryService),
    exec: (vm, options) => openExec(transport, vm, options),
    events: (options) => {
      const list = async (limit: number) => (await vms.listEvents({ vm: options?.vm ?? '', limit })).events;
      return followEvents(nodeSockets(server), list, options);
    },
    openConsole: (vm, options) => openConsoleStream(nodeSockets(server), vm, options),
    readFile: (vm, path, options) => readFile(server, vm, path, options),
    writeFile: (vm, path, options) => writeFile(server, vm, path, options),
  };
}
