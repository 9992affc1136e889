import { InventoryServiceLite } from '@innkeeper/contract/agent-lite';
import { type Operation, unaryOperation } from '../dispatch.ts';
import type { Host } from '../host.ts';
import { listAccounts } from './accounts.ts';
import { listContainers } from './containers.ts';
import { listPackages } from './packages.ts';
import { systemInventory } from './system-inventory.ts';

/** What the guest consists of: its system, packages, accounts and containers. */
export function inventoryOperations(host: Host): Operation[] {
  return [
    unaryOperation(InventoryServiceLite.get, ({ allRoutes }) => systemInventory(host, allRoutes)),
    unaryOperation(InventoryServiceLite.listBlockDevices, async () => {
      const { listBlockDevices } = await import('./block-devices.ts');
      return { devices: listBlockDevices(host) };
    }),
    unaryOperation(InventoryServiceLite.listPackages, (request, signal) => listPackages(host, request, signal)),
    unaryOperation(InventoryServiceLite.listAccounts, (request) => listAccounts(host, request)),
    unaryOperation(InventoryServiceLite.listContainers, async (_, signal) => ({
      runtimes: await listContainers(host, signal),
    })),
  ];
}
