import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CreateVmRequestSchema } from '@innkeeper/contract/control';
import { callOptions } from '../services.ts';
import { type WaitOptions, waitForOperation } from '../wait-for-operation.ts';
import type { VmBackend } from './vm-backend.ts';
import { type VmHandle, vmHandle } from './vm-handle.ts';

/** Settings of a new VM; `name` and `image` are required. */
export type NewVm = Omit<Exclude<MessageInitShape<typeof CreateVmRequestSchema>, { $typeName: string }>, '$unknown'> & {
  readonly name: string;
  readonly image: string;
};

/**
 * Creates a VM, and starts it if requested; resolves when that is done. Rejects with VM_NAME_TAKEN or IMAGE_NOT_FOUND.
 */
export async function createVm(backend: VmBackend, vm: NewVm, options: WaitOptions = {}): Promise<VmHandle> {
  const { id } = await backend.vms.createVm(vm, callOptions(options));
  await waitForOperation(backend.operations, id, options);
  return vmHandle(backend, vm.name);
}
