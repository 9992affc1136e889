import { runOutputUrl } from '../core/addresses.ts';
import type { Platform } from '../core/platform.ts';
import { createBinaryTransport } from './binary-transport.ts';
import { toOperationError } from './errors.ts';
import { bytesOf, type Origin, openHttp } from './http.ts';

/** The parts of the platform that a page's calls need. */
export type PageCalls = Pick<Platform<object>, 'transport' | 'toError' | 'readRunOutput'>;

export function pageCalls(origin: Origin): PageCalls {
  return {
    transport: createBinaryTransport(origin),
    toError: toOperationError,
    // A browser cannot tell interrupted output from complete output; `keptBytes` of the target says how much there is.
    async *readRunOutput(id, { signal, ...which } = {}) {
      yield* bytesOf((await openHttp(origin, runOutputUrl(id, which), { signal })).body);
    },
  };
}
