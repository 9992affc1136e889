import type { GuestProcess } from '@innkeeper/contract/agent';

/** A process with the line drawing that connects it to its parent. */
export interface ProcessRow {
  readonly process: GuestProcess;
  readonly lines: string;
}

/** Children below their parents, siblings in their given order. A process whose parent is not listed is a root. */
export function processTree(processes: readonly GuestProcess[]): ProcessRow[] {
  const pids = new Set(processes.map(({ pid }) => pid));
  const children = Map.groupBy(processes, ({ pid, parentPid }) =>
    parentPid !== pid && pids.has(parentPid) ? parentPid : 0,
  );
  const rows: ProcessRow[] = [];
  const seen = new Set<number>();
  const add = (process: GuestProcess, lines: string, indent: string): void => {
    // A guest may claim that two processes are each other's parents.
    if (seen.has(process.pid)) return;
    seen.add(process.pid);
    rows.push({ process, lines });
    const below = children.get(process.pid) ?? [];
    for (const [index, child] of below.entries()) {
      const isLast = index === below.length - 1;
      add(child, `${indent}${isLast ? '└─ ' : '├─ '}`, `${indent}${isLast ? '   ' : '│  '}`);
    }
  };
  for (const process of children.get(0) ?? []) add(process, '', '');
  for (const process of processes) add(process, '', '');
  return rows;
}
