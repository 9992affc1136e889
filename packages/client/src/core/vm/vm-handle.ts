import type { Telemetry } from '@innkeeper/contract/agent';
import type { Event, Operation, Vm } from '@innkeeper/contract/control';
import { type CallOptions, callOptions } from '../services.ts';
import { type WaitOptions, waitForOperation } from '../wait-for-operation.ts';
import type { VmBackend } from './vm-backend.ts';
import { type VmEventsOptions, vmEvents, vmTelemetry } from './vm-events.ts';
import { type VmExec, type VmExecOptions, vmExec } from './vm-exec.ts';
import { type VmFiles, vmFiles } from './vm-files.ts';
import { type WaitForVmOptions, waitForVm } from './wait-for-vm.ts';

export interface StopOptions extends WaitOptions {
  /** Milliseconds to wait for the agent, and again for ACPI. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * One VM, by its name or id. Making a handle sends no request; every method rejects with VM_NOT_FOUND if there is no
 * such VM.
 */
export interface VmHandle {
  /** The name or id it was made with. */
  readonly name: string;
  /** The VM as it is now, with its agent and latest telemetry. */
  get(options?: CallOptions): Promise<Vm>;
  /** Starts a command in the guest: program and arguments, no shell. */
  exec(argv: readonly string[], options?: VmExecOptions): VmExec;
  readonly files: VmFiles;
  /** Resolves once the VM has reached the given state. */
  wait(options: WaitForVmOptions): Promise<Vm>;
  /** Resolves when the VM is running; its agent may not be connected yet. */
  start(options?: WaitOptions): Promise<Operation>;
  /** Shuts down through the agent, then through ACPI, then kills. */
  stop(options?: StopOptions): Promise<Operation>;
  /** Ends the VM at once, like pulling the plug. */
  kill(options?: WaitOptions): Promise<Operation>;
  /** Stops the VM like `stop` if it is running, then starts it. */
  restart(options?: StopOptions): Promise<Operation>;
  /** Deletes the VM and its disk. A running VM must be stopped first, unless `force` is set, which kills it. */
  delete(options?: WaitOptions & { readonly force?: boolean | undefined }): Promise<Operation>;
  /** Events of the VM from now on. */
  events(options?: VmEventsOptions): AsyncGenerator<Event, void, undefined>;
  /** Telemetry from its agent, every 5 s. */
  telemetry(options?: CallOptions): AsyncGenerator<Telemetry, void, undefined>;
}

/** Makes a handle of a VM. */
export function vmHandle(backend: VmBackend, vm: string): VmHandle {
  const { vms, operations } = backend;
  const finish = async (begin: Promise<Operation>, options: WaitOptions): Promise<Operation> =>
    waitForOperation(operations, (await begin).id, options);
  const start = (options: WaitOptions = {}): Promise<Operation> =>
    finish(vms.startVm({ vm }, callOptions(options)), options);
  const stop = ({ timeoutMs = 0, ...options }: StopOptions = {}): Promise<Operation> =>
    finish(vms.stopVm({ vm, timeoutMs }, callOptions(options)), options);
  return {
    name: vm,
    get: (options = {}) => vms.getVm({ vm }, callOptions(options)),
    exec: (argv, options = {}) => vmExec((execOptions) => backend.exec(vm, execOptions), argv, options),
    files: vmFiles(backend, vm),
    wait: (options) => waitForVm(backend, vm, options),
    start,
    stop,
    kill: (options = {}) => finish(vms.killVm({ vm }, callOptions(options)), options),
    restart: async (options = {}) => {
      await stop(options);
      return await start(options);
    },
    delete: ({ force = false, ...options } = {}) => finish(vms.deleteVm({ vm, force }, callOptions(options)), options),
    events: (options) => vmEvents(backend, vm, options),
    telemetry: (options) => vmTelemetry(backend, vm, options),
  };
}
