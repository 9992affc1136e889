import { ShutdownMode } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';

export interface GuestShutdownOptions extends CallOptions {
  /** Default: power off. */
  readonly mode?: 'poweroff' | 'reboot' | 'halt' | undefined;
  /** Seconds to wait first, at most 86,400. Default: none. */
  readonly delaySeconds?: number | undefined;
  /** For the users who are logged in. */
  readonly message?: string | undefined;
}

/** Power of guests, from inside. `vm` is an id or a name. Fails with OperationError. */
export interface GuestPower {
  /** Shuts the guest down through its init system. Returns how, such as "systemctl reboot", before it begins. */
  shutdown(vm: string, options?: GuestShutdownOptions): Promise<string>;
}

const modes = { poweroff: ShutdownMode.POWEROFF, reboot: ShutdownMode.REBOOT, halt: ShutdownMode.HALT } as const;

/** The same in Node and in browsers, over the agent's own services. */
export function createGuestPower(agent: (vm: string) => AgentClients): GuestPower {
  return {
    shutdown: async (vm, { mode = 'poweroff', delaySeconds = 0, message = '', signal } = {}) =>
      (await agent(vm).power.shutdown({ mode: modes[mode], delaySeconds, message }, callOptions({ signal }))).method,
  };
}
