import { agentRoutes } from '../agent-download/agent-routes.ts';
import { executeRoute } from '../compat/execute-route.ts';
import { guestIpRoute } from '../compat/guest-ip-route.ts';
import { metricsHistoryRoute } from '../compat/metrics-history-route.ts';
import { serveMetrics } from '../compat/metrics-socket.ts';
import { unsupportedRoute } from '../compat/unsupported-route.ts';
import { liveRoute } from '../live/live-route.ts';
import { metricsRoute } from '../metrics/metrics-route.ts';
import { auditExportRoute } from './audit-export-route.ts';
import { serveConsole } from './console-socket.ts';
import { serveExec } from './exec-socket.ts';
import { healthRoute } from './health-route.ts';
import type { HttpRoute, SocketRoute } from './http-route.ts';
import { readFileRoute, statFileRoute } from './read-file-route.ts';
import { readTarRoute } from './read-tar-route.ts';
import { runOutputRoute } from './run-output-route.ts';
import { serveTerminal } from './terminal-socket.ts';
import { uploadOffsetRoute, writeFileRoute } from './write-file-route.ts';
import { writeTarRoute } from './write-tar-route.ts';

const filesPath = '/v1/vms/{vm}/files';
const tarPath = '/v1/vms/{vm}/tar';

/** What of a file route's query the audit holds. */
function describeFile(query: URLSearchParams): Record<string, string> {
  const names = ['path', 'offset', 'length', 'size', 'mode', 'user', 'group', 'parents', 'owners'];
  return Object.fromEntries(names.flatMap((name) => (query.has(name) ? [[name, query.get(name) ?? '']] : [])));
}

/** What the audit holds of a download; the run's id is added where the path is known. */
function describeRunOutput(query: URLSearchParams): Record<string, string> {
  return { vm: query.get('vm') ?? '', stream: query.get('stream') ?? '' };
}

const ownRoutes: readonly HttpRoute[] = [
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
  {
    ...{ method: 'GET', path: tarPath, privilege: 'guest.file.read', vmAction: 'guest' },
    ...{ action: 'guest.tar.read', describe: describeFile, run: readTarRoute },
  },
  {
    ...{ method: 'PUT', path: tarPath, privilege: 'guest.file.write', vmAction: 'guest' },
    ...{ action: 'guest.tar.write', describe: describeFile, run: writeTarRoute },
  },
  {
    ...{ method: 'GET', path: '/v1/runs/{id}/output', privilege: 'guest.exec', where: 'somewhere' },
    ...{ action: 'run.output', describe: describeRunOutput, command: 'later', run: runOutputRoute },
  },
];

/** As other platforms' documents write them: docs/protocol/compatibility.md. */
const foreignRoutes: readonly HttpRoute[] = [
  {
    ...{ method: 'POST', path: '/api/vms/{vm}/execute', privilege: 'guest.exec', vmAction: 'guest' },
    ...{ action: 'guest.exec', command: 'later', run: executeRoute },
  },
  {
    ...{ method: 'POST', path: '/api/vms/{vm}/quiesce', privilege: 'guest.filesystem', vmAction: 'guest' },
    ...{ action: 'guest.freeze', run: unsupportedRoute },
  },
  {
    ...{ method: 'POST', path: '/api/vms/{vm}/thaw', privilege: 'guest.filesystem', vmAction: 'guest' },
    ...{ action: 'guest.thaw', run: unsupportedRoute },
  },
  {
    ...{ method: 'POST', path: '/api/vms/{vm}/sync-time', privilege: 'guest.admin', vmAction: 'guest' },
    ...{ action: 'guest.sync-time', run: unsupportedRoute },
  },
  {
    ...{ method: 'POST', path: '/v1/vms/{vm}/guest-ip', privilege: 'guest.report', vmAction: 'guest' },
    ...{ action: 'guest.report', isForGuests: true, run: guestIpRoute },
  },
  { method: 'GET', path: '/v1/metrics/vms/{vm}', privilege: 'vm.view', run: metricsHistoryRoute },
];

/** Every HTTP route beside the calls. The first one that fits is taken. */
export const httpRoutes: readonly HttpRoute[] = [...ownRoutes, healthRoute, ...agentRoutes, ...foreignRoutes];

/** Every WebSocket. */
export const socketRoutes: readonly SocketRoute[] = [
  {
    ...{ path: '/v1/vms/{vm}/exec', privilege: 'guest.exec', vmAction: 'guest', action: 'guest.exec' },
    ...{ command: 'later', beginsLater: true, run: serveExec },
  },
  {
    ...{ path: '/v1/vms/{vm}/terminals/{terminal}', privilege: 'guest.exec', action: 'guest.terminal' },
    ...{ beginsLater: true, run: serveTerminal },
  },
  {
    ...{ path: '/v1/vms/{vm}/console', privilege: 'vm.console', vmAction: 'console', action: 'vm.console' },
    run: serveConsole,
  },
  { path: '/v1/vms/{vm}/metrics/ws', privilege: 'vm.view', run: serveMetrics },
  { path: '/v1/live', privilege: 'vm.view', where: 'somewhere', run: liveRoute },
];
