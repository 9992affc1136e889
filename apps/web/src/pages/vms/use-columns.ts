import { useState } from 'react';
import { type VmColumn, vmColumns } from './vm-columns.tsx';

const storageKey = 'innkeeper.vm-columns';

export interface Columns {
  readonly shown: readonly VmColumn[];
  isShown(key: string): boolean;
  toggle(key: string): void;
}

/** The shown columns, stored in this browser. The name is always shown. */
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
        // Storage may be blocked; the choice is then lost on reload.
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
    // Storage is blocked, or was edited by hand.
    return new Set(byDefault);
  }
}
