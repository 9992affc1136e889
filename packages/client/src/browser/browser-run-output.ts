import type { CallOptions } from '../agent-clients.ts';
import { type RunOutputOptions, runOutputUrl } from '../run-output-url.ts';
import type { BrowserClientOptions } from './browser-client.ts';
import { toOperationError } from './browser-errors.ts';
import { openHttp } from './http.ts';

/**
 * Streams the kept output of one target of a run. A browser cannot tell an output that broke midway from one that ended;
 * `keptBytes` of the target says how much there is.
 */
export async function* readRunOutput(
  { csrfToken, baseUrl }: BrowserClientOptions,
  id: string,
  { signal, ...which }: RunOutputOptions & CallOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { body } = await openHttp(`${baseUrl}${runOutputUrl(id, which)}`, { csrfToken: csrfToken(), signal });
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw toOperationError(error);
  } finally {
    // Whoever stops reading ends the download.
    await reader.cancel();
  }
}
