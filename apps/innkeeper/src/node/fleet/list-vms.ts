import { OperationError } from '@innkeeper/contract';
import type { ListVmsRequest } from '@innkeeper/contract/control';
import { maxPageSize } from '@innkeeper/contract/limits';
import type { Viewer } from '../../access/viewer.ts';
import type { Fleet, FleetEntry } from '../../ports/fleet.ts';
import { vmMatcher } from './match-vm.ts';
import { sortVms } from './sort-vms.ts';

/** A page of the matching VMs that the caller may see, and the number of matches. Fails with INVALID_ARGUMENT. */
export function listVms(
  fleet: Fleet,
  request: Pick<ListVmsRequest, 'filter' | 'sort' | 'pageSize' | 'offset'>,
  viewer: Viewer,
): { readonly entries: readonly FleetEntry[]; readonly total: number } {
  const { filter, sort, pageSize, offset } = request;
  if (pageSize > maxPageSize)
    throw new OperationError('INVALID_ARGUMENT', `page_size is ${pageSize}; it must be at most ${maxPageSize}.`);
  const matches = vmMatcher(filter);
  const matching = fleet.entries().filter((entry) => viewer.sees(entry.vm) && matches(entry));
  const sorted = sortVms(matching, sort);
  const end = pageSize === 0 ? sorted.length : offset + pageSize;
  return { entries: sorted.slice(offset, end), total: sorted.length };
}
