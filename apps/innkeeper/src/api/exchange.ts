import type { EdgeExchange, HttpEdgeExchange } from '../edge/http-route.ts';
import type { History } from '../node/history/history.ts';
import type { RunManager } from '../node/runs/run-manager.ts';
import type { TerminalManager } from '../node/terminals/terminal-manager.ts';
import type { NodeApi, VmApi } from '../ports/node-api.ts';

/** What the API's routes and sockets stand on. */
export interface ApiParts {
  readonly node: NodeApi;
  readonly history: History;
  readonly runs: RunManager;
  readonly terminals: TerminalManager;
}

/** What every route and socket of the API is given. */
export interface Exchange extends EdgeExchange, ApiParts {
  /** The VM that the path names. Throws when the path has no `{vm}`. */
  readonly vm: VmApi;
}

export interface HttpExchange extends Exchange, HttpEdgeExchange {}
