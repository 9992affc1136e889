import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Package } from '@innkeeper/contract/agent';
import { InventoryServiceLite } from '@innkeeper/contract/agent-lite';
import type { InstalledSoftwareSchema, ListInstalledSoftwareRequest } from '@innkeeper/contract/agent-message';
import { ListInstalledSoftwareResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageListInstalledSoftwareResponseTag } from '@innkeeper/contract/agent-message-tags';
import { OperationError } from '@innkeeper/contract/errors';
import type { Allowance } from '../byte-budget.ts';
import { matchesFilter, pagedCall } from './paged-call.ts';
import type { AgentMessageCall } from './reply.ts';

/** The names of formats of packages, by the programs that manage them. */
const packageTypes: Readonly<Record<string, string>> = { dpkg: 'deb', apk: 'apk', rpm: 'rpm' };

/** list_installed_software to ListPackages, by name. `filter` is a part of the name; `total_count` counts all matches. */
export function listInstalledSoftwareCall(
  { filter, maxEntries }: ListInstalledSoftwareRequest,
  allowance: Allowance,
): AgentMessageCall {
  let packageType = '';
  return pagedCall({
    method: InventoryServiceLite.listPackages,
    request: (page) => page,
    itemsOf: (page) => {
      if (page.manager === '') throw new OperationError('UNSUPPORTED_BY_AGENT', `Packages: ${page.missing}.`);
      packageType = packageTypes[page.manager] ?? page.manager;
      return page.packages;
    },
    nextTokenOf: (page) => page.nextPageToken,
    tag: agentMessageListInstalledSoftwareResponseTag,
    response: ListInstalledSoftwareResponseLite,
    opening: { success: true },
    list: (packages) => ({ software: packages.map((each) => installedSoftware(each, packageType)) }),
    closing: ({ matches }) => ({ totalCount: matches }),
    isWanted: ({ name }) => matchesFilter(filter, name),
    maxEntries,
    countsAll: true,
    allowance,
  });
}

/** Publisher and date are not in what the guest's packages tell. */
function installedSoftware(each: Package, packageType: string): MessageInitShape<typeof InstalledSoftwareSchema> {
  const { name, version, architecture } = each;
  return { name, version, sizeBytes: each.installedBytes ?? 0n, packageType, architecture };
}
