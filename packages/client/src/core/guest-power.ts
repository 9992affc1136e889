import { ShutdownMode } from '@innkeeper/contract/agent';
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
}

const modes = { poweroff: ShutdownMode.POWEROFF, reboot: ShutdownMode.REBOOT, halt: ShutdownMode.HALT } as const;

/** Implements GuestPower on the agent's services, for Node and browsers. */
export function createGuestPower(agent: (vm: string) => AgentClients): GuestPower {
  return {
    shutdown: async (vm, { mode = 'poweroff', delaySeconds = 0, message = '', signal } = {}) =>
      (await agent(vm).power.shutdown({ mode: modes[mode], delaySeconds, message }, callOptions({ signal }))).method,
  };
}
