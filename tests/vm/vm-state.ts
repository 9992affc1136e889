import { setTimeout as delay } from 'node:timers/promises';
import { inn, innText } from './inn.ts';

/** The API's VM as `inn show -o json` prints it; the fields that tests look at. */
export interface ShownVm {
  readonly id: string;
  readonly state: string;
  readonly stateDetail?: string;
  readonly agent?: {
    readonly state: string;
    readonly reason?: string;
    readonly detail?: string;
    readonly nextStep?: string;
    readonly version?: string;
  };
  readonly telemetry?: {
    readonly cpu?: { readonly count: number; readonly busyPercent?: number };
    readonly memory?: { readonly totalBytes?: string; readonly availableBytes?: string; readonly usedBytes?: string };
    readonly mounts?: readonly {
      readonly mountPoint: string;
      readonly totalBytes?: string;
      readonly usedBytes?: string;
    }[];
    readonly monotonicNs?: string;
    readonly primaryAddresses?: readonly { readonly address: string; readonly reason: string }[];
  };
  readonly system?: { readonly initSystem?: string; readonly osId?: string };
  readonly hypervisor?: { readonly rssBytes?: string };
}

export async function showVm(name: string, dataDirectory: string): Promise<ShownVm> {
  return JSON.parse(await innText(['show', name, '-o', 'json'], { dataDirectory })) as ShownVm;
}

/** Looks until `accept` likes what it sees; fails with the last look after `timeoutMs`. */
export async function waitForVm(
  name: string,
  dataDirectory: string,
  accept: (vm: ShownVm) => boolean,
  timeoutMs = 90_000,
): Promise<ShownVm> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const vm = await showVm(name, dataDirectory);
    if (accept(vm)) return vm;
    if (performance.now() > deadline)
      throw new Error(`${name} did not come so far within ${timeoutMs} ms: ${JSON.stringify(vm).slice(0, 2000)}`);
    await delay(300);
  }
}

export function isConnected(vm: ShownVm): boolean {
  return vm.agent?.state === 'AGENT_STATE_CONNECTED';
}

/** Kills and removes a VM that an earlier run may have left. */
export async function removeVm(name: string, dataDirectory: string): Promise<void> {
  const result = await inn(['rm', '-f', '-y', name], { dataDirectory });
  if (result.exitCode !== 0 && !result.stderr.includes('VM_NOT_FOUND')) throw new Error(result.stderr);
}
