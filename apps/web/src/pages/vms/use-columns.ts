import { useState } from 'react';
import { type VmColumn, vmColumns } from './vm-columns.tsx';

const storageKey = 'innkeeper.vm-columns';

export interface Columns {
  readonly shown: readonly VmColumn[];
  isShown(key: string): boolean;
  toggle(key: string): void;
}

/** Which columns are shown; kept in this browser. The name always is. */
export function useColumns(): Columns {
  const [keys, setKeys] = useState<ReadonlySet<string>>(stored);
  return {
    shown: vmColumns.filter(({ key }) => keys.has(key) || key === 'name'),
    isShown: (key) => keys.has(key) || key === 'name',
    toggle: (key) => {
      const next = new Set(keys);
      if (!next.delete(key)) next.add(key);
      setKeys(next);
      try {
        localStorage.setItem(storageKey, JSON.stringify([...next]));
      } catch {
        // Storage can be forbidden; then the choice lasts as long as the page.
      }
    },
  };
}

function stored(): ReadonlySet<string> {
  const byDefault = vmColumns.filter((column) => column.byDefault).map(({ key }) => key);
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(storageKey) ?? 'null');
    return new Set(Array.isArray(kept) ? kept.filter((key) => typeof key === 'string') : byDefault);
  } catch {
    // Forbidden, or changed by hand.
    return new Set(byDefault);
  }
}
