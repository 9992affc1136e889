import { liveRoute } from '../live/live-route.ts';
import { metricsRoute } from '../metrics/metrics-route.ts';
import { auditExportRoute } from './audit-export-route.ts';
import { serveConsole } from './console-socket.ts';
import { serveExec } from './exec-socket.ts';
import type { HttpRoute, SocketRoute } from './http-route.ts';
import { readFileRoute, statFileRoute } from './read-file-route.ts';
import { uploadOffsetRoute, writeFileRoute } from './write-file-route.ts';

const filesPath = '/v1/vms/{vm}/files';

/** What of a file route's query the audit holds. */
function describeFile(query: URLSearchParams): Record<string, string> {
  const names = ['path', 'offset', 'length', 'size', 'mode', 'user', 'group'];
  return Object.fromEntries(names.flatMap((name) => (query.has(name) ? [[name, query.get(name) ?? '']] : [])));
}

/** Every HTTP route beside the calls. The first one that fits is taken. */
export const httpRoutes: readonly HttpRoute[] = [
  { method: 'GET', path: '/metrics', privilege: 'vm.view', where: 'somewhere', run: metricsRoute },
  { method: 'GET', path: '/v1/audit.jsonl', privilege: 'audit.view', action: 'audit.export', run: auditExportRoute },
  {
    ...{ method: 'GET', path: filesPath, privilege: 'guest.file.read', vmAction: 'guest' },
    ...{ action: 'guest.file.read', describe: describeFile, run: readFileRoute },
  },
  {
    ...{ method: 'PUT', path: filesPath, privilege: 'guest.file.write', vmAction: 'guest' },
    ...{ action: 'guest.file.write', describe: describeFile, run: writeFileRoute },
  },
  {
    ...{ method: 'HEAD', path: filesPath, privilege: 'guest.file.read', vmAction: 'guest' },
    ...{ action: 'guest.file.stat', describe: describeFile },
    run: (exchange) => (exchange.query.has('upload') ? uploadOffsetRoute(exchange) : statFileRoute(exchange)),
  },
];

/** Every WebSocket. */
export const socketRoutes: readonly SocketRoute[] = [
  {
    ...{ path: '/v1/vms/{vm}/exec', privilege: 'guest.exec', vmAction: 'guest', action: 'guest.exec' },
    ...{ command: 'later', beginsLater: true, run: serveExec },
  },
  {
    ...{ path: '/v1/vms/{vm}/console', privilege: 'vm.console', vmAction: 'console', action: 'vm.console' },
    run: serveConsole,
  },
  { path: '/v1/live', privilege: 'vm.view', where: 'somewhere', run: liveRoute },
];
