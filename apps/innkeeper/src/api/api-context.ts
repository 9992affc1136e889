import type { EdgeContext, HttpEdgeContext } from '../edge/http-route.ts';
import type { PortGrants } from '../edge/ports/port-grants.ts';
import type { History } from '../node/history/history.ts';
import type { RunManager } from '../node/runs/run-manager.ts';
import type { TerminalManager } from '../node/terminals/terminal-manager.ts';
import type { NodeApi, VmApi } from '../ports/node-api.ts';
import type { SharedTopics } from './live/shared-topics.ts';
import type { TunnelSlots } from './tunnel/tunnel-slots.ts';

/** The parts of the daemon that the API's routes and sockets use. */
export interface ApiParts {
  readonly node: NodeApi;
  readonly history: History;
  readonly runs: RunManager;
  readonly terminals: TerminalManager;
  /** Live topics that several viewers share. */
  readonly topics: SharedTopics;
  readonly tunnels: TunnelSlots;
  readonly portGrants: PortGrants;
}

/** The request and its context, passed to every route and socket of the API. */
export interface ApiContext extends EdgeContext, ApiParts {
  /** The VM that the path names. Throws when the route's path has no `{vm}`. */
  readonly vm: VmApi;
}

export interface HttpApiContext extends ApiContext, HttpEdgeContext {}
