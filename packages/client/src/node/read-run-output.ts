import { type RunOutputOptions, runOutputUrl } from '../core/addresses.ts';
import { fromErrorBody } from '../core/errors.ts';
import type { CallOptions } from '../core/services.ts';
import { httpError } from './errors.ts';
import { openHttp } from './open-http.ts';
import type { Server } from './server.ts';

/** Streams the kept output of one target of a run. Rejects with the daemon's error, also midway. */
export async function* readRunOutput(
  server: Server,
  id: string,
  { signal, ...which }: RunOutputOptions & CallOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  let close: () => void = () => undefined;
  try {
    const { response, destroy } = await openHttp({ server, method: 'GET', path: runOutputUrl(id, which), signal });
    close = destroy;
    yield* response as AsyncIterable<Uint8Array>;
    const broken = response.trailers['x-innkeeper-error'];
    if (broken !== undefined) throw fromErrorBody(broken, 'The download failed midway.');
  } catch (error) {
    throw httpError(error, server, signal);
  } finally {
    close();
  }
}
