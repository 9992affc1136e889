import type { ByArchitecture } from '@innkeeper/images';
import type { Log } from '@innkeeper/kit';
import type { Gate } from '../edge/gate.ts';
import type { HealthProbe } from '../edge/health.ts';
import type { PortGrants } from '../edge/ports/port-grants.ts';
import type { NodeLink } from './node-link.ts';

/** What the control plane's routes need. */
export interface RelayContext {
  readonly link: NodeLink;
  readonly gate: Gate;
  readonly health: HealthProbe;
  readonly agentPaths: ByArchitecture<string>;
  readonly portGrants: PortGrants;
  readonly log: Log;
  /** Aborted when the control plane stops. */
  readonly shutdownSignal: AbortSignal;
}
