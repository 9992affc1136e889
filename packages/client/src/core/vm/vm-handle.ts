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
  /** For the agent and for ACPI each. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** One VM, by its name or id. Making this asks nothing of the daemon; every method fails with VM_NOT_FOUND if need be. */
export interface VmHandle {
  /** The name or id it was made with. */
  readonly name: string;
  /** As it is now, with its agent and last telemetry. */
  get(options?: CallOptions): Promise<Vm>;
  /** Starts a command in the guest: program and arguments, no shell. */
  exec(argv: readonly string[], options?: VmExecOptions): VmExec;
  readonly files: VmFiles;
  /** Resolves once the VM is as wanted. */
  wait(options: WaitForVmOptions): Promise<Vm>;
  /** Resolves when the VM runs; its agent may yet be on its way. */
  start(options?: WaitOptions): Promise<Operation>;
  /** Asks the agent, then ACPI, then kills. */
  stop(options?: StopOptions): Promise<Operation>;
  /** Ends it at once, as by pulling the plug. */
  kill(options?: WaitOptions): Promise<Operation>;
  /** Stops it as `stop` does, if it runs, and starts it. */
  restart(options?: StopOptions): Promise<Operation>;
  /** Removes it with its disk. One that runs must be stopped before, unless `force` kills it. */
  delete(options?: WaitOptions & { readonly force?: boolean | undefined }): Promise<Operation>;
  /** What happens to it from now on. */
  events(options?: VmEventsOptions): AsyncGenerator<Event, void, undefined>;
  /** What its agent reports, every 5 s. */
  telemetry(options?: CallOptions): AsyncGenerator<Telemetry, void, undefined>;
}

/** A VM's object over what this platform has. */
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
