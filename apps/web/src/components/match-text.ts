import { parseVmFilter } from '@innkeeper/contract';

/**
 * How many VMs a list shows. For a filter that cannot be read it says so, and what the list shows instead: `listed`, the
 * last filter that could be read.
 */
export function matchText(filter: string, listed: string, total: number): string {
  if (isUnreadable(filter))
    return `The filter cannot be read. ${listed === '' ? 'All VMs are listed' : `The list is still for ${listed}`}.`;
  return `${total.toLocaleString()}${filter === '' ? '' : ' match'}`;
}

/** On how many VMs a run would start, by its filter. */
export function runningMatchText(filter: string, total: number): string {
  if (isUnreadable(filter)) return 'The filter cannot be read, so nothing would run.';
  return total === 1 ? '1 running VM matches' : `${total.toLocaleString()} running VMs match`;
}

/** Whether the filter is not a valid one. */
export function isUnreadable(filter: string): boolean {
  return parseVmFilter(filter).problems.length > 0;
}
