import type { IncomingMessage } from 'node:http';
import { OperationError } from '@innkeeper/contract';
import { HttpMethodError } from './api-error.ts';
import { matchPath, type RouteFacts } from './http-route.ts';
import { httpRoutes, socketRoutes } from './route-table.ts';

/** A route, and what a request says to it. */
export interface Found<Route> {
  readonly route: Route;
  readonly parameters: Record<string, string>;
  readonly query: URLSearchParams;
}

/** Where people look up what there is. */
const seeDocument = 'See /openapi for every method and route, and /openapi.json for programs.';

/** Whether a path belongs to a route, whatever the method. */
export function isRoutePath(url: string | undefined): boolean {
  const [path = ''] = (url ?? '').split('?', 1);
  return path.startsWith('/v1/') || path.startsWith('/api/') || httpRoutes.some((route) => isOf(route.path, path));
}

function isOf(form: string, path: string): boolean {
  try {
    return matchPath(form, path) !== undefined;
  } catch {
    // A wrong escape: the web console has an address for nothing as well.
    return false;
  }
}

/**
 * Returns the first route with the request's HTTP method and the form of its path, whose parameter its query has.
 * @throws OperationError UNKNOWN_METHOD, with the allowed methods if the path has others; INVALID_ARGUMENT for a wrong escape
 */
export function findHttpRoute<Route extends RouteFacts & { readonly method: string }>(
  routes: readonly Route[],
  request: IncomingMessage,
): Found<Route> {
  const [path = ''] = (request.url ?? '').split('?', 1);
  const here = routes.filter((route) => isOf(route.path, path));
  const allowed = [...new Set(here.map(({ method }) => method))];
  if (here.length > 0 && !allowed.includes(request.method ?? '')) {
    throw new HttpMethodError(`${path.slice(0, 200)} does not take ${request.method}.`, allowed);
  }
  if (socketRoutes.some((route) => isOf(route.path, path))) {
    throw new OperationError('UNKNOWN_METHOD', `${path.slice(0, 200)} is a WebSocket.`, {
      nextStep: 'Connect with a WebSocket client; docs/protocol/http.md describes the messages.',
    });
  }
  const isAsked = ({ method }: Route): boolean => method === request.method;
  const needed = here.filter(isAsked).map(({ parameter }) => parameter);
  const query = new URLSearchParams((request.url ?? '').slice(path.length + 1));
  if (needed.length > 0 && needed.every((name) => name !== undefined && !query.has(name)))
    throw new OperationError('INVALID_ARGUMENT', `${request.method} at this path needs the parameter "${needed[0]}".`, {
      nextStep: `Add ?${needed[0]}=… to the address; docs/protocol/http.md describes it.`,
    });
  return findRoute(routes.filter(isAsked), request);
}

/**
 * Returns the first route whose form the request's path has, and whose parameter its query has.
 * @throws OperationError UNKNOWN_METHOD; INVALID_ARGUMENT for a wrong escape
 */
export function findRoute<Route extends RouteFacts>(routes: readonly Route[], request: IncomingMessage): Found<Route> {
  const [path = '', search = ''] = (request.url ?? '').split('?', 2);
  const query = new URLSearchParams(search);
  try {
    for (const route of routes) {
      if (route.parameter !== undefined && !query.has(route.parameter)) continue;
      const parameters = matchPath(route.path, path);
      if (parameters !== undefined) return { route, parameters, query };
    }
  } catch (error) {
    throw new OperationError('INVALID_ARGUMENT', 'The address has a wrong escape.', { cause: error });
  }
  throw new OperationError('UNKNOWN_METHOD', `There is nothing at ${path.slice(0, 200)}.`, { nextStep: seeDocument });
}
