import type { Operation } from '@innkeeper/contract/control';
import { createVm, type NewVm } from '../vm/create-vm.ts';
import { type VmHandle, vmHandle } from '../vm/vm-handle.ts';
import { type WaitOptions, waitForOperation } from '../wait-for-operation.ts';
import { type BrowserClient, type BrowserClientOptions, createBrowserClient } from './browser-client.ts';
import { browserVmBackend } from './browser-vm-backend.ts';

/** The API in a browser with objects for VMs, as `createClient` gives it in Node. */
export interface InnkeeperBrowserClient extends BrowserClient {
  readonly operations: BrowserClient['operations'] & {
    /** Resolves when the operation succeeded; rejects with its error. */
    wait(id: string, options?: WaitOptions): Promise<Operation>;
  };
  /** A VM by its name or id. */
  vm(nameOrId: string): VmHandle;
  /** Creates a VM; resolves when it is made. */
  createVm(vm: NewVm, options?: WaitOptions): Promise<VmHandle>;
}

/** For a page that the daemon, or a proxy before it, serves: the session's cookie goes along. Default: its own origin. */
export function createClient({
  csrfToken,
  baseUrl = '',
}: Pick<BrowserClientOptions, 'csrfToken'> & Partial<BrowserClientOptions>): InnkeeperBrowserClient {
  const client = createBrowserClient({ csrfToken, baseUrl });
  const { vms, operations, files } = client;
  const backend = browserVmBackend({ csrfToken, baseUrl }, { vms, operations, files });
  return {
    ...client,
    operations: Object.assign(Object.create(operations) as typeof operations, {
      wait: (id: string, options?: WaitOptions) => waitForOperation(operations, id, options),
    }),
    vm: (nameOrId) => vmHandle(backend, nameOrId),
    createVm: (vm, options) => createVm(backend, vm, options),
  };
}
