import { unitBootName, unitStateName } from '@innkeeper/client';
import type { Unit } from '@innkeeper/contract/agent';
import { formatBytes, formatTime } from '../output/format.ts';
import type { Column } from '../output/table.ts';

/** The columns of a list of services. */
export const unitColumns: readonly Column<Unit>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'STATE', value: (unit) => unitStateName(unit) ?? '–' },
  { title: 'BOOT', value: (unit) => unitBootName(unit) ?? '–' },
  { title: 'DETAIL', value: ({ detail }) => detail || ' ', wide: true },
  { title: 'PID', value: ({ pid }) => (pid === undefined ? '–' : `${pid}`), align: 'right' },
  { title: 'MEMORY', value: ({ memoryBytes }) => formatBytes(memoryBytes), align: 'right' },
  { title: 'SINCE', value: ({ sinceUnixNs }) => formatTime(sinceUnixNs), wide: true },
  {
    title: 'RESTARTS',
    value: ({ restarts }) => (restarts === undefined ? '–' : `${restarts}`),
    align: 'right',
    wide: true,
  },
  { title: 'DESCRIPTION', value: ({ description }) => description || ' ' },
];
