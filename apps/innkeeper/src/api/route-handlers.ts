import type { WebSocket } from 'ws';
import { auditExportRoute } from '../edge/access/audit-export-route.ts';
import { agentHandlers } from '../edge/agent-download/agent-routes.ts';
import { openapiHandlers } from '../edge/openapi/openapi-routes.ts';
import type { HttpRouteName, SocketRouteName } from '../edge/route-table.ts';
import type { ApiContext, HttpApiContext } from './api-context.ts';
import { executeRoute } from './compat/execute-route.ts';
import { quiesceRoute, thawRoute } from './compat/freeze-routes.ts';
import { guestIpRoute } from './compat/guest-ip-route.ts';
import { metricsHistoryRoute } from './compat/metrics-history-route.ts';
import { serveMetrics } from './compat/metrics-socket.ts';
import { syncTimeRoute } from './compat/sync-time-route.ts';
import { serveConsole } from './console-socket.ts';
import { serveExec } from './exec-socket.ts';
import { healthRoute } from './health-route.ts';
import { imageUploadOffsetRoute, removeImageUploadRoute, writeImageUploadRoute } from './image-upload-routes.ts';
import { liveRoute } from './live/live-route.ts';
import { metricsRoute } from './metrics/metrics-route.ts';
import { readFileRoute, statFileRoute } from './read-file-route.ts';
import { readTarRoute } from './read-tar-route.ts';
import { runOutputRoute } from './run-output-route.ts';
import { serveTerminal } from './terminal-socket.ts';
import { serveTunnel } from './tunnel/tunnel-socket.ts';
import { discardUploadRoute, uploadOffsetRoute, writeFileRoute } from './write-file-route.ts';
import { writeTarRoute } from './write-tar-route.ts';

/** The handler of each HTTP route. */
export const httpHandlers: Readonly<Record<HttpRouteName, (context: HttpApiContext) => Promise<void>>> = {
  ...agentHandlers,
  ...openapiHandlers,
  metrics: metricsRoute,
  auditExport: auditExportRoute,
  readFile: readFileRoute,
  writeFile: writeFileRoute,
  uploadOffset: uploadOffsetRoute,
  discardUpload: discardUploadRoute,
  statFile: statFileRoute,
  readTar: readTarRoute,
  writeTar: writeTarRoute,
  runOutput: runOutputRoute,
  imageUploadOffset: imageUploadOffsetRoute,
  writeImageUpload: writeImageUploadRoute,
  removeImageUpload: removeImageUploadRoute,
  health: healthRoute,
  execute: executeRoute,
  quiesce: quiesceRoute,
  thaw: thawRoute,
  syncTime: syncTimeRoute,
  guestAddress: guestIpRoute,
  metricsHistory: metricsHistoryRoute,
};

/** The handler of each WebSocket. */
export const socketHandlers: Readonly<
  Record<SocketRouteName, (socket: WebSocket, context: ApiContext) => Promise<void>>
> = {
  exec: serveExec,
  terminal: serveTerminal,
  console: serveConsole,
  tunnel: serveTunnel,
  metrics: serveMetrics,
  live: liveRoute,
};
