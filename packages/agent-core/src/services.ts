import type { AgentParts } from './agent-parts.ts';
import type { Operation } from './dispatch.ts';
import type { PartialFolders } from './file/partial-folders.ts';
import type { Host } from './host.ts';
import type { NetworkChanges } from './network/network-changes.ts';

type Service = (parts: AgentParts) => Promise<readonly Operation[]>;

/**
 * Every service of the agent, loaded at the first call of one of its methods. `import()` keeps its code out of the agent's
 * memory until then: docs/develop/agent-parts.md.
 */
export const services: Readonly<Record<string, Service>> = {
  'innkeeper.agent.v1.AccountService': lazy(
    () => import('./account/account-operations.ts'),
    (part, { host }) => part.accountOperations(host),
  ),
  'innkeeper.agent.v1.FileService': lazy(
    () => import('./file/file-operations.ts'),
    async (part, parts) => part.fileOperations(limitedHost(parts), parts, await partialFolders(parts)),
  ),
  'innkeeper.agent.v1.FileHandleService': lazy(
    () => import('./file/file-handle-operations.ts'),
    (part, parts) => {
      parts.fileHandles ??= new part.FileHandles(parts.host, parts.handleCounterPath, parts.succession.unrepeatable);
      return part.fileHandleOperations(parts.fileHandles, limitedHost(parts));
    },
  ),
  'innkeeper.agent.v1.FilesystemService': lazy(
    () => import('./filesystem/filesystem-operations.ts'),
    (part, { host, log, bootId, freeze, freezeHook }) =>
      part.filesystemOperations(host, log, { bootId, state: freeze, hook: freezeHook }),
  ),
  'innkeeper.agent.v1.GuestProcessService': lazy(
    () => import('./guest-process/guest-process-operations.ts'),
    (part, { host }) => part.guestProcessOperations(host),
  ),
  'innkeeper.agent.v1.InventoryService': lazy(
    () => import('./inventory/inventory-operations.ts'),
    (part, { host }) => part.inventoryOperations(host),
  ),
  'innkeeper.agent.v1.LogService': lazy(
    () => import('./log/log-operations.ts'),
    (part, parts) => part.logOperations(parts.host, parts.agentLog, limitedHost(parts)),
  ),
  'innkeeper.agent.v1.NetworkService': lazy(
    () => import('./network/network-operations.ts'),
    async (part, parts) => part.networkOperations(parts.host, await networkChanges(parts)),
  ),
  'innkeeper.agent.v1.PowerService': lazy(
    () => import('./power/power-operations.ts'),
    (part, { host, log, succession }) => part.powerOperations(host, log, succession.holds),
  ),
  'innkeeper.agent.v1.ProcessService': lazy(
    () => import('./process/process-operations.ts'),
    (part, parts) => {
      parts.registry ??= new part.ProcessRegistry(parts.host, parts.log, parts.policy?.commands);
      return part.processOperations(parts.registry, parts.freeze);
    },
  ),
  'innkeeper.agent.v1.SystemService': lazy(
    () => import('./system/system-operations.ts'),
    (part, { host }) => part.systemOperations(host),
  ),
  'innkeeper.agent.v1.TelemetryService': lazy(
    () => import('./telemetry/telemetry-operations.ts'),
    (part, parts) => {
      const { host, freeze, startedMs, config, policy } = parts;
      const sampler = new part.TelemetrySampler(host, () => parts.registry?.runningCount ?? 0, freeze);
      freeze.changes.add(() => sampler.changes.notify());
      return part.telemetryOperations(host, sampler, {
        startedMs,
        denied: policy?.denied,
        intervalMs: config?.telemetryIntervalMs,
      });
    },
  ),
  'innkeeper.agent.v1.TunnelService': lazy(
    () => import('./tunnel/tunnel-operations.ts'),
    (part, parts) => part.tunnelOperations(limitedHost(parts)),
  ),
  'innkeeper.agent.v1.UnitService': lazy(
    () => import('./unit/unit-operations.ts'),
    (part, { host, policy }) => part.unitOperations(host, policy?.denied.get('logs')),
  ),
  'innkeeper.agent.v1.UpdateService': lazy(
    () => import('./update/update-operations.ts'),
    (part, parts) => part.updateOperations(parts),
  ),
};

/** The host for paths and ports that callers name. */
function limitedHost({ host, policy, updateKeysPath }: AgentParts): Host {
  return policy?.limitHost(host, updateKeysPath) ?? host;
}

/** Undefined for an unknown service. */
export function loadService(name: string, parts: AgentParts): Promise<readonly Operation[]> | undefined {
  return Object.hasOwn(services, name) ? services[name]?.(parts) : undefined;
}

/** The folders in which an agent, this one or an earlier one, has left partial files. */
export async function partialFolders(parts: AgentParts): Promise<PartialFolders | undefined> {
  const { host, stopping, partialFoldersPath: path } = parts;
  if (path === undefined) return undefined;
  const { PartialFolders } = await import('./file/partial-folders.ts');
  parts.partialFolders ??= new PartialFolders(host, path, stopping);
  return parts.partialFolders;
}

/** The agent's changes of the network; rolls back what an earlier agent has left. */
export async function networkChanges(parts: AgentParts): Promise<NetworkChanges> {
  const { host, log, bootId, freeze, networkRecordPath: recordPath } = parts;
  const { NetworkChanges } = await import('./network/network-operations.ts');
  if (parts.network === undefined) {
    const network = new NetworkChanges(host, log, { bootId, freeze, recordPath });
    parts.network = network;
    parts.succession.holds.add(() =>
      network.isPending ? 'A change of the network is in progress; confirm it or roll it back.' : undefined,
    );
  }
  return parts.network;
}

/** What was loaded is kept: a second agent of the same program, as in tests, does not wait for it. */
function lazy<Part>(
  load: () => Promise<Part>,
  make: (part: Part, parts: AgentParts) => readonly Operation[] | Promise<readonly Operation[]>,
): Service {
  let part: Part | undefined;
  return async (parts) => {
    part ??= await load();
    return await make(part, parts);
  };
}
