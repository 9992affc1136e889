import type { OperationError } from '@innkeeper/contract';
import type { Vm } from '@innkeeper/contract/control';
import { useState } from 'react';
import { useLive } from '../../live/use-live.ts';

/** Rows are requested in windows of this size, which begin at multiples of half of it. */
const windowRows = 160;

export interface VmWindow {
  /** The filter that the rows match: the last one that could be read. */
  readonly filter: string;
  /** Undefined until the first response. */
  readonly total: number | undefined;
  /** Returns the VM of a row; undefined if it is not loaded. */
  row(index: number): Vm | undefined;
  /** The loaded rows, which include the visible ones. */
  readonly loaded: readonly Vm[];
  readonly error: OperationError | undefined;
}

interface WindowRequest {
  readonly filter: string;
  readonly sort: string;
  readonly offset: number;
}

/** The part of the list around the first visible row, live. While `enabled` is false, the last valid request stays. */
export function useVmWindow(filter: string, sort: string, firstRow: number, enabled: boolean): VmWindow {
  const half = windowRows / 2;
  const offset = Math.max(0, Math.floor(firstRow / half) * half - half / 2);
  const [last, setLast] = useState<WindowRequest>({ filter: '', sort: 'name', offset: 0 });
  const asked = enabled ? { filter, sort, offset } : last;
  const key = JSON.stringify(asked);
  // React renders again immediately, without showing this render.
  if (key !== JSON.stringify(last)) setLast(asked);
  const { data, dataKey, error } = useLive(
    'listVms',
    { case: 'listVms', value: { filter: asked.filter, sort: asked.sort, offset: asked.offset, pageSize: windowRows } },
    key,
  );
  // The response to an older request is still shown, at its own offset.
  const { offset: dataOffset } = dataKey === '' ? asked : (JSON.parse(dataKey) as WindowRequest);
  return {
    filter: asked.filter,
    total: data?.total,
    row: (index) => data?.vms[index - dataOffset],
    loaded: data?.vms ?? [],
    error,
  };
}
