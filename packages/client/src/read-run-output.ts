import { abortError } from './abort-error.ts';
import type { CallOptions } from './agent-clients.ts';
import { fromErrorBody, isUnreachable, unreachableError } from './errors.ts';
import { exchange, textOf } from './http-exchange.ts';
import { type RunOutputOptions, runOutputUrl } from './run-output-url.ts';
import type { Server } from './server.ts';

/** Streams the kept output of one target of a run. Rejects with the daemon's error, also when it breaks midway. */
export async function* readRunOutput(
  server: Server,
  id: string,
  { signal, ...which }: RunOutputOptions & CallOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  let close: () => void = () => undefined;
  try {
    const { response, destroy } = await exchange({ server, method: 'GET', path: runOutputUrl(id, which), signal });
    close = destroy;
    if (response.statusCode !== 200)
      throw fromErrorBody(await textOf(response), `The daemon answered ${response.statusCode}.`);
    yield* response as AsyncIterable<Uint8Array>;
    const broken = response.trailers['x-innkeeper-error'];
    if (broken !== undefined) throw fromErrorBody(broken, 'The reading broke.');
  } catch (error) {
    if (signal?.aborted === true) throw abortError(signal);
    throw isUnreachable(error) ? unreachableError(server, error) : error;
  } finally {
    close();
  }
}
