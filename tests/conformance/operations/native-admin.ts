import type { AgentLink } from '@innkeeper/agent-client';
import { AddressMethod, type FileInfo, FileKind, HardwareKind } from '@innkeeper/contract/agent';
import {
  AccountServiceLite,
  FileServiceLite,
  GuestProcessServiceLite,
  InventoryServiceLite,
  NetworkServiceLite,
  PowerServiceLite,
  TelemetryServiceLite,
  UnitServiceLite,
} from '@innkeeper/contract/agent-lite';
import type { Entry, GuestAdmin } from './guest-admin.ts';

/** With the methods themselves. */
export function nativeAdmin(link: AgentLink): GuestAdmin {
  return {
    list: async (path, { hidden, atOnce: pageSize }) => {
      const entries: Entry[] = [];
      let pageToken = '';
      do {
        const page = await link.call(FileServiceLite.list, { path, hidden, pageSize, pageToken });
        entries.push(...page.entries.map(entryOf));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return entries;
    },
    stat: async (path) => entryOf(await link.call(FileServiceLite.stat, { path })),
    makeDirectory: async (path, { parents, mode }) => {
      await link.call(FileServiceLite.makeDirectory, { path, parents, mode });
    },
    remove: async (path, { recursive }) => {
      await link.call(FileServiceLite.remove, { path, recursive });
    },
    processes: async (text) => {
      const { processes } = await link.call(GuestProcessServiceLite.list, { pageSize: 1000 });
      return processes.filter(({ command }) => command.includes(text));
    },
    signal: async (pid, signal) => {
      await link.call(GuestProcessServiceLite.signal, { pid, signal });
    },
    machine: async () => {
      const { hostname, kernel, memoryBytes } = await link.call(InventoryServiceLite.get, {});
      return { hostname, kernel, memoryTotalBytes: Number(memoryBytes) };
    },
    packages: async (text) => {
      const { packages } = await link.call(InventoryServiceLite.listPackages, { pageSize: 1000 });
      return packages.map(({ name }) => name).filter((name) => name.includes(text));
    },
    capabilities: async () => (await link.call(TelemetryServiceLite.getSystem, {})).capabilities,
    capabilityNames: { has: 'exec', lacks: 'desktop' },
    keys: async (user) => (await link.call(AccountServiceLite.listKeys, { user })).keys.map(({ line }) => line),
    addKey: async (user, key) => {
      await link.call(AccountServiceLite.changeKeys, { user, add: [key] });
    },
    removeKey: async (user, key) => {
      await link.call(AccountServiceLite.changeKeys, { user, remove: [key] });
    },
    cpus: async () => {
      const { units } = await link.call(PowerServiceLite.listHardware, { kind: HardwareKind.CPU });
      return units.map(({ id, online }) => ({ id, online }));
    },
    switchOff: async (id) => {
      await link.call(PowerServiceLite.setHardware, { kind: HardwareKind.CPU, ids: [id] });
    },
    refusedPassword: async (user) => {
      await link.call(AccountServiceLite.change, { user, password: 'a' });
    },
    refusedNetwork: async (name) => {
      const ipv4 = { method: AddressMethod.STATIC, addresses: ['192.0.2.5/24'] };
      await link.call(NetworkServiceLite.setNetwork, { id: 'n', interface: name, ipv4 });
    },
    refusedUnit: async (name) => {
      await link.call(UnitServiceLite.control, { name, action: 1 });
    },
  };
}

function entryOf({ path, kind, sizeBytes, mode, symlinkTarget }: FileInfo): Entry {
  return {
    name: path.slice(path.lastIndexOf('/') + 1),
    kind: kind === FileKind.DIRECTORY ? 'folder' : kind === FileKind.SYMLINK ? 'link' : 'file',
    size: Number(sizeBytes),
    mode,
    target: symlinkTarget,
  };
}
