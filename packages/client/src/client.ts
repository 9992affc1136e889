import { Agent } from 'node:http';
import type { DescService } from '@bufbuild/protobuf';
import { type Client, createClient as createConnectClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { ImageService, NodeService, type Operation, OperationService, VmService } from '@innkeeper/contract/control';
import { type ExecOptions, type ExecStream, openExec } from './exec.ts';
import { type ReadFileOptions, type RemoteFile, readFile } from './read-file.ts';
import { type WaitOptions, waitForOperation } from './wait-for-operation.ts';
import { withOperationErrors } from './with-operation-errors.ts';
import { type WriteFileOptions, type WrittenFile, writeFile } from './write-file.ts';

export interface ClientOptions {
  /** The daemon's unix socket. Who may open it is the administrator. */
  readonly socketPath: string;
}

/** The control plane's API, typed. All methods take `{ signal }`; all errors are OperationError. */
export interface InnkeeperClient {
  readonly vms: Client<typeof VmService>;
  readonly images: Client<typeof ImageService>;
  readonly operations: Client<typeof OperationService> & {
    /** Resolves when the operation succeeded; rejects with its error. */
    wait(id: string, options?: WaitOptions): Promise<Operation>;
  };
  readonly node: Client<typeof NodeService>;
  /** Runs a command in a VM, or follows one that runs. */
  exec(vm: string, options: ExecOptions): ExecStream;
  readFile(vm: string, path: string, options?: ReadFileOptions): Promise<RemoteFile>;
  writeFile(vm: string, path: string, options: WriteFileOptions): Promise<WrittenFile>;
}

/** A client of one daemon. Holds no connection while nothing is asked. */
export function createClient({ socketPath }: ClientOptions): InnkeeperClient {
  const transport = createConnectTransport({
    baseUrl: 'http://innkeeper',
    httpVersion: '1.1',
    // A connection for each call: one that was kept would belong to a daemon that has ended meanwhile.
    nodeOptions: { socketPath, agent: new Agent({ keepAlive: false }) },
  });
  const service = <Desc extends DescService>(desc: Desc): Client<Desc> =>
    withOperationErrors(desc, createConnectClient(desc, transport), socketPath);
  const operations = service(OperationService);
  return {
    vms: service(VmService),
    images: service(ImageService),
    operations: Object.assign(Object.create(operations) as typeof operations, {
      wait: (id: string, options?: WaitOptions) => waitForOperation(operations, id, options),
    }),
    node: service(NodeService),
    exec: (vm, options) => openExec(socketPath, vm, options),
    readFile: (vm, path, options) => readFile(socketPath, vm, path, options),
    writeFile: (vm, path, options) => writeFile(socketPath, vm, path, options),
  };
}
