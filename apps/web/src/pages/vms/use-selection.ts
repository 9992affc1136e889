import { useMemo, useState } from 'react';

export interface SelectedVm {
  readonly id: string;
  readonly name: string;
}

export interface Selection {
  /** Names by id; the names are for messages. */
  readonly ids: ReadonlyMap<string, string>;
  toggle(vm: SelectedVm): void;
  add(vms: readonly SelectedVm[]): void;
  clear(): void;
}

/** The selected VMs, across filters and pages. */
export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlyMap<string, string>>(new Map());
  return useMemo(
    () => ({
      ids,
      toggle: ({ id, name }) =>
        setIds((before) => {
          const next = new Map(before);
          if (!next.delete(id)) next.set(id, name);
          return next;
        }),
      add: (vms) => setIds((before) => new Map([...before, ...vms.map(({ id, name }) => [id, name] as const)])),
      clear: () => setIds(new Map()),
    }),
    [ids],
  );
}
