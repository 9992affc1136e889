import type { Account, ContainerRuntime, Inventory, Package } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';

const pageSize = 1000;
/** More than any system has; a guest that continues beyond is not followed. */
const maxItems = 100_000;

export interface PackageList {
  /** "dpkg", "apk" or "rpm"; empty if the guest has none of them. */
  readonly manager: string;
  /** Why there are no packages; empty if there are. */
  readonly missing: string;
  readonly packages: Package[];
}

/** What guests consist of. `vm` is an id or a name. Unknown values are absent. Rejects with OperationError. */
export interface GuestInventory {
  /** System, hardware and routes. */
  get(vm: string, options?: CallOptions): Promise<Inventory>;
  /** All installed packages, by name. */
  packages(vm: string, options?: CallOptions): Promise<PackageList>;
  /** The accounts of /etc/passwd, by name. */
  accounts(vm: string, options?: CallOptions): Promise<Account[]>;
  /** Docker's and Podman's containers; a runtime that does not answer has `missing` instead. */
  containers(vm: string, options?: CallOptions): Promise<ContainerRuntime[]>;
}

/** Implements GuestInventory on the agent's services, for Node and browsers. */
export function createGuestInventory(agent: (vm: string) => AgentClients): GuestInventory {
  return {
    get: (vm, options = {}) => agent(vm).inventory.get({}, callOptions(options)),
    packages: async (vm, options = {}) => {
      let [manager, missing] = ['', ''];
      const packages = await followPages(async (pageToken) => {
        const page = await agent(vm).inventory.listPackages({ pageSize, pageToken }, callOptions(options));
        ({ manager, missing } = page);
        return { items: page.packages, nextPageToken: page.nextPageToken };
      });
      return { manager, missing, packages };
    },
    accounts: (vm, options = {}) =>
      followPages(async (pageToken) => {
        const page = await agent(vm).inventory.listAccounts({ pageSize, pageToken }, callOptions(options));
        return { items: page.accounts, nextPageToken: page.nextPageToken };
      }),
    containers: async (vm, options = {}) =>
      (await agent(vm).inventory.listContainers({}, callOptions(options))).runtimes,
  };
}

async function followPages<T>(
  page: (pageToken: string) => Promise<{ readonly items: readonly T[]; readonly nextPageToken: string }>,
): Promise<T[]> {
  const all: T[] = [];
  let token = '';
  do {
    const { items, nextPageToken } = await page(token);
    all.push(...items);
    token = nextPageToken;
  } while (token !== '' && all.length < maxItems);
  return all;
}
