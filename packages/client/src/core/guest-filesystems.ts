import type { FreezeReport, TrimResponse } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { holdFreeze } from './hold-freeze.ts';
import { type CallOptions, callOptions } from './services.ts';
import { newId } from './time-and-chance.ts';

export interface FreezeOptions extends CallOptions {
  /** Mount points of the file systems to freeze. Default: all. */
  readonly mountPoints?: readonly string[] | undefined;
  /** Milliseconds until the guest thaws by itself; 1,000 to 3,600,000. Default: 10,000. */
  readonly leaseMs?: number | undefined;
  /** Whether to run the guest's hooks. Default: true. */
  readonly hooks?: boolean | undefined;
  /** Milliseconds for each hook; at most 300,000. Default: 10,000. */
  readonly hookTimeoutMs?: number | undefined;
  /** Freeze even if a hook fails. Default: false. */
  readonly ignoreHookFailures?: boolean | undefined;
}

export interface TrimOptions extends CallOptions {
  /** Default: all that are on a disk. */
  readonly mountPoints?: readonly string[] | undefined;
  /** Shorter free ranges are skipped. Default: 0. */
  readonly minimumBytes?: bigint | undefined;
}

/** File systems of guests. `vm` is an id or a name. Rejects with OperationError. */
export interface GuestFilesystems {
  /** Freezes until the thaw, or until the lease ends. Resolves when all are frozen. */
  freeze(vm: string, options?: FreezeOptions): Promise<FreezeReport>;
  /** Extends the lease of a freeze by its id: `leaseMs` from now. */
  renew(vm: string, id: string, leaseMs?: number): Promise<FreezeReport>;
  /** Rejects with FREEZE_ENDED if the guest has thawed by itself: a copy may be torn. Without `id`: whatever is frozen. */
  thaw(vm: string, id?: string): Promise<FreezeReport>;
  /** The current freeze, or the last one. */
  status(vm: string, options?: CallOptions): Promise<FreezeReport>;
  /**
   * Runs `work` while frozen: renews the lease, and thaws whatever happens. `signal` is aborted when the freeze is lost
   * or `options.signal` is aborted. Rejects with the error of `work`, of the freeze, or with FREEZE_ENDED.
   */
  whileFrozen<T>(
    vm: string,
    options: FreezeOptions,
    work: (report: FreezeReport, signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
  /** Reports unused blocks to the disk. */
  trim(vm: string, options?: TrimOptions): Promise<TrimResponse>;
}

/** Implements GuestFilesystems on the agent's services, for Node and browsers. */
export function createGuestFilesystems(agent: (vm: string) => AgentClients): GuestFilesystems {
  const freeze: GuestFilesystems['freeze'] = (vm, { signal, hooks = true, ...options } = {}) =>
    agent(vm).filesystems.freeze(
      {
        id: newId(),
        mountPoints: [...(options.mountPoints ?? [])],
        leaseMs: options.leaseMs ?? 0,
        skipHooks: !hooks,
        hookTimeoutMs: options.hookTimeoutMs ?? 0,
        ignoreHookFailures: options.ignoreHookFailures ?? false,
      },
      callOptions({ signal }),
    );
  const renew: GuestFilesystems['renew'] = (vm, id, leaseMs = 0) => agent(vm).filesystems.renew({ id, leaseMs });
  const thaw: GuestFilesystems['thaw'] = (vm, id = '') => agent(vm).filesystems.thaw({ id });
  return {
    freeze,
    renew,
    thaw,
    status: (vm, options) => agent(vm).filesystems.getFreeze({}, callOptions(options)),
    whileFrozen: async (vm, options, work) => {
      const report = await freeze(vm, options);
      const leaseMs = report.leaseLeftMs ?? 0;
      const calls = {
        renew: () => renew(vm, report.id, options.leaseMs),
        thaw: () => thaw(vm, report.id),
      };
      return await holdFreeze(calls, { leaseMs, signal: options.signal }, (signal) => work(report, signal));
    },
    trim: async (vm, { signal, mountPoints = [], minimumBytes = 0n } = {}) => {
      const request = { mountPoints: [...mountPoints], minimumBytes };
      return await agent(vm).filesystems.trim(request, callOptions({ signal }));
    },
  };
}
