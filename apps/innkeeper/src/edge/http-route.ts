import type { IncomingMessage, ServerResponse } from 'node:http';
import type { VmAction } from '@innkeeper/contract';
import type { Log } from '@innkeeper/kit';
import type { AuditParameters } from '../audit/audit.ts';
import type { AuthorizedCall, Gate, IdentifiedRequest } from './gate.ts';

/** What is common to routes and sockets. */
export interface RouteFacts {
  /** Such as "/v1/vms/{vm}/files". `{vm}` names the VM that the privilege is needed on; others are parameters. */
  readonly path: string;
  /** Only requests that have this parameter; others are looked for further down the table. */
  readonly parameter?: string;
  /** "public" for everybody, "self" for who is logged in. */
  readonly privilege: string;
  /** Without `{vm}`: whether the privilege is needed on everything (default), or somewhere and the route asks again. */
  readonly where?: 'everywhere' | 'somewhere';
  /** It is served on the port that guests reach as well. */
  readonly isForGuests?: boolean;
  /** A token is also taken as the password of Basic authentication, for programs that only have a URL with a user. */
  readonly takesBasic?: boolean;
  /** What the VM's state must allow. */
  readonly vmAction?: VmAction;
  /** For sockets that call `call.begin` themselves. */
  readonly beginsLater?: boolean;
  /** For `guest.exec`: see `AccessRequest.command`. */
  readonly command?: 'later';
  /** The name in the audit; without one nothing is written down. */
  readonly action?: string;
  /** Its calls share an entry of the audit for each description; it begins later. */
  readonly isCoalesced?: true;
  /** What the audit holds of the query. */
  readonly describe?: (query: URLSearchParams) => AuditParameters;
}

/** A route, without what answers it. */
export interface HttpRouteFacts extends RouteFacts {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
}

/** What every route and socket is given, wherever it is served. */
export interface EdgeContext {
  readonly identified: IdentifiedRequest;
  readonly call: AuthorizedCall;
  readonly gate: Gate;
  /** Of the path. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  /** Aborted when the client leaves, the session ends or the daemon stops. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface HttpEdgeContext extends EdgeContext {
  readonly response: ServerResponse;
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
