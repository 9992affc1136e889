import type { IncomingMessage } from 'node:http';
import { OperationError } from '@innkeeper/contract';
import { matchPath, type RouteFacts } from './http-route.ts';
import { httpRoutes } from './route-table.ts';

/** A route, and what a request says to it. */
export interface Found<Route> {
  readonly route: Route;
  readonly parameters: Record<string, string>;
  readonly query: URLSearchParams;
}

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
 * The first route whose form the request's path has, and whose parameter its query has.
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
  throw new OperationError('UNKNOWN_METHOD', `There is nothing for ${request.method} at ${path.slice(0, 200)}.`);
}
