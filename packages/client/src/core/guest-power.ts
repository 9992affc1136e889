import { HardwareKind, type ListHardwareResponse, type PowerState, ShutdownMode } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';

export interface GuestShutdownOptions extends CallOptions {
  /** Default: power off. */
  readonly mode?: 'poweroff' | 'reboot' | 'halt' | undefined;
  /** Seconds until the shutdown begins, at most 86,400. Default: 0. */
  readonly delaySeconds?: number | undefined;
  /** Message for logged-in users. */
  readonly message?: string | undefined;
}

/** Shutdown and reboot from inside the guest. `vm` is an id or a name. Rejects with OperationError. */
export interface GuestPower {
  /**
   * Shuts the guest down through its init system. Resolves before it begins, with the command used, such as "systemctl
   * reboot".
   */
  shutdown(vm: string, options?: GuestShutdownOptions): Promise<string>;
  /** Calls off a delayed shutdown. Resolves to whether there was one. */
  cancelShutdown(vm: string, options?: CallOptions): Promise<boolean>;
  /** The delayed shutdown, if there is one, and whether the guest can suspend. */
  state(vm: string, options?: CallOptions): Promise<PowerState>;
  /** Suspends the guest to memory. Resolves before it does; `vms.wakeVm` wakes it. */
  suspend(vm: string, options?: CallOptions): Promise<void>;
  /** The guest's CPUs or blocks of memory. */
  hardware(vm: string, kind: 'cpu' | 'memory', options?: CallOptions): Promise<ListHardwareResponse>;
  /** Puts some of them on or off line; rejects with HARDWARE_REFUSED at the first that cannot be. */
  setHardware(
    vm: string,
    kind: 'cpu' | 'memory',
    ids: readonly number[],
    online: boolean,
    options?: CallOptions,
  ): Promise<ListHardwareResponse>;
}

const modes = { poweroff: ShutdownMode.POWEROFF, reboot: ShutdownMode.REBOOT, halt: ShutdownMode.HALT } as const;

const kinds = { cpu: HardwareKind.CPU, memory: HardwareKind.MEMORY } as const;

/** Implements GuestPower on the agent's services, for Node and browsers. */
export function createGuestPower(agent: (vm: string) => AgentClients): GuestPower {
  return {
    shutdown: async (vm, { mode = 'poweroff', delaySeconds = 0, message = '', signal } = {}) =>
      (await agent(vm).power.shutdown({ mode: modes[mode], delaySeconds, message }, callOptions({ signal }))).method,
    cancelShutdown: async (vm, options = {}) =>
      (await agent(vm).power.cancelShutdown({}, callOptions(options))).canceled,
    state: (vm, options = {}) => agent(vm).power.getPower({}, callOptions(options)),
    suspend: async (vm, options = {}) => void (await agent(vm).power.suspend({}, callOptions(options))),
    hardware: (vm, kind, options = {}) => agent(vm).power.listHardware({ kind: kinds[kind] }, callOptions(options)),
    setHardware: (vm, kind, ids, online, options = {}) =>
      agent(vm).power.setHardware({ kind: kinds[kind], ids: [...ids], online }, callOptions(options)),
  };
}
