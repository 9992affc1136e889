import { agentRoutes } from '../agent-download/agent-routes.ts';
import { auditExportRoute } from '../control/audit-export-route.ts';
import { answerHealth, type HealthProbe } from '../control/health.ts';
import type { HttpExchange, HttpRoute } from '../control/http-route.ts';
import type { ByArchitecture } from '../images/agent-architecture.ts';

/** What the control plane's own routes are given. */
export interface OwnExchange
  extends Pick<HttpExchange, 'gate' | 'visitor' | 'pass' | 'query' | 'request' | 'response' | 'signal'> {
  /** The control plane's own copy of the agent. */
  readonly node: { readonly agentPaths: ByArchitecture<string> };
  readonly health: HealthProbe;
}

export interface OwnRoute extends Omit<HttpRoute, 'run'> {
  readonly run: (exchange: OwnExchange) => Promise<void>;
}

/** The routes that need no node. */
export const ownRoutes: readonly OwnRoute[] = [
  {
    ...{ method: 'GET', path: '/v1/audit.jsonl', privilege: 'audit.view', action: 'audit.export' },
    run: auditExportRoute,
  },
  {
    ...{ method: 'GET', path: '/healthz', privilege: 'public' },
    run: async ({ response, health }) => answerHealth(response, await health.get()),
  },
  ...agentRoutes,
];
