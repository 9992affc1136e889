import { OperationError } from '@innkeeper/contract';
import type { FleetEntry } from '../../ports/fleet.ts';

type SortValue = (entry: FleetEntry) => number | string | undefined;

const sortValues: Readonly<Record<string, SortValue>> = {
  name: ({ nameKey }) => nameKey,
  state: ({ vm }) => vm.state,
  cpu: ({ figures }) => figures.cpuPercent,
  memory: ({ figures }) => figures.memoryPercent,
  disk: ({ figures }) => figures.diskPercent,
  uptime: ({ figures }) => figures.uptimeSeconds,
  created: ({ vm }) => vm.createdMs,
};

/**
 * Sorts VMs by `sort`: a key, preceded by "-" for descending order; empty: by name. Unknown values come last in either
 * order, and VMs with equal values stay in order of name. Fails with INVALID_ARGUMENT.
 */
export function sortVms(entries: readonly FleetEntry[], sort: string): readonly FleetEntry[] {
  const descending = sort.startsWith('-');
  const key = descending ? sort.slice(1) : sort || 'name';
  const sortValue = Object.hasOwn(sortValues, key) ? sortValues[key] : undefined;
  if (sortValue === undefined) {
    const known = Object.keys(sortValues).join(', ');
    throw new OperationError('INVALID_ARGUMENT', `sort is "${sort.slice(0, 40)}"; use one of ${known}.`);
  }
  // They are already in order of name.
  if (key === 'name') return descending ? entries.toReversed() : entries;
  const known: { readonly entry: FleetEntry; readonly value: number | string }[] = [];
  const unknown: FleetEntry[] = [];
  for (const entry of entries) {
    const value = sortValue(entry);
    if (value === undefined) unknown.push(entry);
    else known.push({ entry, value });
  }
  const sign = descending ? -1 : 1;
  known.sort((one, other) => (one.value === other.value ? 0 : one.value < other.value ? -sign : sign));
  return [...known.map(({ entry }) => entry), ...unknown];
}
