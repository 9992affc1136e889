import { runOutputUrl } from '../core/addresses.ts';
import type { Platform } from '../core/platform.ts';
import { createBinaryTransport } from './binary-transport.ts';
import { toOperationError } from './errors.ts';
import { bytesOf, type Origin, openHttp } from './http.ts';

/** What calls of a page need. */
export type PageCalls = Pick<Platform<object>, 'transport' | 'toError' | 'readRunOutput'>;

export function pageCalls(origin: Origin): PageCalls {
  return {
    transport: createBinaryTransport(origin),
    toError: toOperationError,
    // A browser cannot tell an output that broke midway from one that ended; `keptBytes` of the target says how much
    // there is.
    async *readRunOutput(id, { signal, ...which } = {}) {
      yield* bytesOf((await openHttp(origin, runOutputUrl(id, which), { signal })).body);
    },
  };
}
