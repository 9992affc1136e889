import type { StopTerms } from './stop-stack.ts';

/**
 * What a stop waits for, and how long, from the last to the first. Together less than `stopTimeoutMs`, with a second to
 * spare for the process itself. docs/operate/serve.md shows the table.
 */
export const stopTerms = {
  lock: { name: 'lock', timeoutMs: 100, lost: 'nothing: the lock goes with the process' },
  store: { name: 'database', timeoutMs: 500, lost: 'nothing that was confirmed: it is on disk' },
  history: { name: 'history', timeoutMs: 500, lost: 'measurements of the last minute' },
  vms: { name: 'VMs', timeoutMs: 1000, lost: 'nothing: VMs keep running, and the next daemon finds them' },
  operations: {
    name: 'operations',
    timeoutMs: 2500,
    lost: 'nothing: what was under way is undone at the next start (OPERATION_INTERRUPTED)',
  },
  access: { name: 'sessions', timeoutMs: 100, lost: 'nothing' },
  remoteWrite: { name: 'remote write', timeoutMs: 300, lost: 'measurements that were not sent yet' },
  runs: { name: 'runs', timeoutMs: 700, lost: 'up to 64 KiB of unstored output per VM; processes keep running' },
  terminals: { name: 'terminals', timeoutMs: 700, lost: 'the screens; processes keep running' },
  server: { name: 'connections', timeoutMs: 2300, lost: 'answers that were being sent' },
  socket: { name: 'sockets', timeoutMs: 100, lost: 'nothing: the next start removes the file' },
  autostart: { name: 'autostart', timeoutMs: 100, lost: 'nothing' },
} as const satisfies Record<string, StopTerms>;
