import type { DescService } from '@bufbuild/protobuf';
import { type Client, createClient as createConnectClient } from '@connectrpc/connect';
import {
  AccessService,
  AuditService,
  GuestService,
  HistoryService,
  ImageService,
  NodeService,
  type Operation,
  OperationService,
  RunService,
  VmService,
} from '@innkeeper/contract/control';
import { fromConnectError } from './errors.ts';
import { type ExecOptions, type ExecStream, openExec } from './exec.ts';
import { createFiles, type Files } from './files.ts';
import { createGuestProcesses, type GuestProcesses } from './guest-processes.ts';
import { type ReadFileOptions, type RemoteFile, readFile } from './read-file.ts';
import { readRunOutput } from './read-run-output.ts';
import { createRuns, type Runs, type RunsParts } from './runs.ts';
import { type ServerAddress, serverOf } from './server.ts';
import { type WaitOptions, waitForOperation } from './wait-for-operation.ts';
import { withOperationErrors } from './with-operation-errors.ts';
import { type WriteFileOptions, type WrittenFile, writeFile } from './write-file.ts';

export type ClientOptions = ServerAddress;

/** The control plane's API, typed. All methods take `{ signal }`; all errors are OperationError. */
export interface InnkeeperClient {
  /** Files of guests. */
  readonly files: Files;
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
  readonly node: Client<typeof NodeService>;
  readonly access: Client<typeof AccessService>;
  readonly audit: Client<typeof AuditService>;
  readonly history: Client<typeof HistoryService>;
  /** Runs a command in a VM, or follows one that runs. */
  exec(vm: string, options: ExecOptions): ExecStream;
  readFile(vm: string, path: string, options?: ReadFileOptions): Promise<RemoteFile>;
  writeFile(vm: string, path: string, options: WriteFileOptions): Promise<WrittenFile>;
}

/** A client of one daemon. Holds no connection while nothing is asked. */
export function createClient(address: ClientOptions): InnkeeperClient {
  const server = serverOf(address);
  const service = <Desc extends DescService>(desc: Desc): Client<Desc> =>
    withOperationErrors(desc, createConnectClient(desc, server.transport), server);
  const operations = service(OperationService);
  const guest = service(GuestService);
  const runs = service(RunService);
  const runParts: RunsParts = {
    output: (id, options) => readRunOutput(server, id, options),
    toError: (error) => fromConnectError(error, server),
  };
  return {
    files: createFiles(server, guest),
    processes: createGuestProcesses(guest),
    vms: service(VmService),
    images: service(ImageService),
    operations: Object.assign(Object.create(operations) as typeof operations, {
      wait: (id: string, options?: WaitOptions) => waitForOperation(operations, id, options),
    }),
    runs: Object.assign(Object.create(runs) as typeof runs, createRuns(runs, runParts)),
    node: service(NodeService),
    access: service(AccessService),
    audit: service(AuditService),
    history: service(HistoryService),
    exec: (vm, options) => openExec(server, vm, options),
    readFile: (vm, path, options) => readFile(server, vm, path, options),
    writeFile: (vm, path, options) => writeFile(server, vm, path, options),
  };
}
