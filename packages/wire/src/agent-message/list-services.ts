import { UnitServiceLite } from '@innkeeper/contract/agent-lite';
import type { ListServicesRequest } from '@innkeeper/contract/agent-message';
import { ListServicesResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageListServicesResponseTag } from '@innkeeper/contract/agent-message-tags';
import type { Allowance } from '../byte-budget.ts';
import { matchesFilter, pagedCall } from './paged-call.ts';
import type { AgentMessageCall } from './reply.ts';
import { isRunning, serviceInfo } from './service-info.ts';

/** list_services to List of units, by name. `filter` is a part of the name or the description. */
export function listServicesCall({ filter, runningOnly }: ListServicesRequest, allowance: Allowance): AgentMessageCall {
  return pagedCall({
    method: UnitServiceLite.list,
    request: (page) => page,
    itemsOf: (page) => page.units,
    nextTokenOf: (page) => page.nextPageToken,
    tag: agentMessageListServicesResponseTag,
    response: ListServicesResponseLite,
    opening: { success: true },
    list: (units) => ({ services: units.map(serviceInfo) }),
    isWanted: (unit) => matchesFilter(filter, unit.name, unit.description) && (!runningOnly || isRunning(unit)),
    maxEntries: 0,
    allowance,
  });
}
