import type { IncomingMessage, ServerResponse } from 'node:http';
import type { VmAction } from '@innkeeper/contract';
import type { Log } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import type { AuditParameters } from '../audit/audit.ts';
import type { History } from '../history/history.ts';
import type { RunManager } from '../runs/run-manager.ts';
import type { TerminalManager } from '../terminals/terminal-manager.ts';
import type { Gate, Pass, Visitor } from './gate.ts';
import type { NodeOfControl, VmOfControl } from './node-of-control.ts';

/** What is common to routes and sockets. */
export interface RouteFacts {
  /** Such as "/v1/vms/{vm}/files". `{vm}` names the VM that the privilege is needed on; others are parameters. */
  readonly path: string;
  /** "public" for everybody, "self" for who is logged in. */
  readonly privilege: string;
  /** Without `{vm}`: whether the privilege is needed on everything (default), or somewhere and the route asks again. */
  readonly where?: 'everywhere' | 'somewhere';
  /** It is served on the port that guests reach as well. */
  readonly isForGuests?: boolean;
  /** What the VM's state must allow. */
  readonly vmAction?: VmAction;
  /** For sockets: they say themselves, with `pass.begin`, when it begins what they do. */
  readonly beginsLater?: boolean;
  /** For `guest.exec`: see `Entry.command`. */
  readonly command?: 'later';
  /** The name in the audit; without one nothing is written down. */
  readonly action?: string;
  /** What the audit holds of the query. */
  readonly describe?: (query: URLSearchParams) => AuditParameters;
}

/** What every route and socket is given. */
export interface Exchange {
  readonly visitor: Visitor;
  readonly pass: Pass;
  readonly gate: Gate;
  readonly node: NodeOfControl;
  readonly history: History;
  readonly runs: RunManager;
  readonly terminals: TerminalManager;
  /** The VM that the path names. Throws when the path has no `{vm}`. */
  readonly vm: VmOfControl;
  /** Of the path. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  /** Aborted when the client leaves, the session ends or the daemon stops. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface HttpExchange extends Exchange {
  readonly response: ServerResponse;
}

export interface HttpRoute extends RouteFacts {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly run: (exchange: HttpExchange) => Promise<void>;
}

export interface SocketRoute extends RouteFacts {
  readonly run: (socket: WebSocket, exchange: Exchange) => Promise<void>;
}

/** The parameters of a path that has this form; undefined when it has another. Throws URIError for a wrong escape. */
export function matchPath(form: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [form.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (!part.startsWith('{')) {
      if (part !== value) return undefined;
    } else if (value === '') return undefined;
    else parameters[part.slice(1, -1)] = decodeURIComponent(value);
  }
  return parameters;
}
