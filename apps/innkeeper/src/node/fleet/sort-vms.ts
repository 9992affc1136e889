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
 * VMs in the order of `sort`: a key, with "-" before it to begin with the highest; empty: by name. What is not known
 * comes last either way, and what is equal stays in order of name. Fails with INVALID_ARGUMENT.
 */
export function sortVms(entries: readonly FleetEntry[], sort: string): readonly FleetEntry[] {
  const descending = sort.startsWith('-');
  const key = descending ? sort.slice(1) : sort || 'name';
  const sortValue = Object.hasOwn(sortValues, key) ? sortValues[key] : undefined;
  if (sortValue === undefined) {
    const known = Object.keys(sortValues).join(', ');
    throw new OperationError('INVALID_ARGUMENT', `sort is "${sort.slice(0, 40)}"; it is one of ${known}.`);
  }
  // They come in order of name already.
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
