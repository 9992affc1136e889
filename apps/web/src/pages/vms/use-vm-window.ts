import type { OperationError } from '@innkeeper/contract';
import type { Vm } from '@innkeeper/contract/control';
import { useState } from 'react';
import { useLive } from '../../live/use-live.ts';

/** Rows are asked for in windows of this size, which begin at multiples of half of it. */
const windowRows = 160;

export interface VmWindow {
  /** Undefined until the first answer. */
  readonly total: number | undefined;
  /** The VM of a row; undefined while it is not loaded. */
  row(index: number): Vm | undefined;
  /** The rows that are loaded, those in sight among them. */
  readonly loaded: readonly Vm[];
  readonly error: OperationError | undefined;
}

interface Asked {
  readonly filter: string;
  readonly sort: string;
  readonly offset: number;
}

/** The part of the list around the first visible row, live. While `enabled` is false the last good question stands. */
export function useVmWindow(filter: string, sort: string, firstRow: number, enabled: boolean): VmWindow {
  const half = windowRows / 2;
  const offset = Math.max(0, Math.floor(firstRow / half) * half - half / 2);
  const [last, setLast] = useState<Asked>({ filter: '', sort: 'name', offset: 0 });
  const asked = enabled ? { filter, sort, offset } : last;
  const key = JSON.stringify(asked);
  // React draws once more at once, without showing this turn.
  if (key !== JSON.stringify(last)) setLast(asked);
  const { data, dataKey, error } = useLive(
    'listVms',
    { case: 'listVms', value: { filter: asked.filter, sort: asked.sort, offset: asked.offset, pageSize: windowRows } },
    key,
  );
  // The answer to an older question still shows, at the place that it was asked for.
  const { offset: dataOffset } = dataKey === '' ? asked : (JSON.parse(dataKey) as Asked);
  return { total: data?.total, row: (index) => data?.vms[index - dataOffset], loaded: data?.vms ?? [], error };
}
