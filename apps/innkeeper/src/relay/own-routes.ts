import type { ByArchitecture } from '@innkeeper/images';
import { auditExportRoute } from '../edge/access/audit-export-route.ts';
import { agentHandlers } from '../edge/agent-download/agent-routes.ts';
import { answerHealth, type HealthProbe } from '../edge/health.ts';
import type { HttpEdgeContext } from '../edge/http-route.ts';
import { openapiHandlers } from '../edge/openapi/openapi-routes.ts';
import type { HttpRouteName } from '../edge/route-table.ts';

/** What the control plane's own routes are given. */
interface OwnRouteContext
  extends Pick<HttpEdgeContext, 'gate' | 'identified' | 'call' | 'query' | 'request' | 'response' | 'signal'> {
  /** The control plane's own copy of the agent. */
  readonly node: { readonly agentPaths: ByArchitecture<string> };
  readonly health: HealthProbe;
}

export type OwnHandler = (context: OwnRouteContext) => Promise<void>;

/** The routes that need no node. */
export const ownHandlers: Readonly<Partial<Record<HttpRouteName, OwnHandler>>> = {
  ...agentHandlers,
  ...openapiHandlers,
  auditExport: auditExportRoute,
  health: async ({ response, health }) => answerHealth(response, await health.get()),
};
