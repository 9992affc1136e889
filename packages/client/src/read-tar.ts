import { abortError } from './abort-error.ts';
import { fromErrorBody, isUnreachable, unreachableError } from './errors.ts';
import { tarUrl } from './files-url.ts';
import { exchange, textOf } from './http-exchange.ts';
import { parseSkipped } from './parse-skipped.ts';
import type { Server } from './server.ts';

export interface ReadTarOptions {
  /** Refuse a path that leads through a symbolic link. Links in the folder are always packed as links. */
  readonly noSymlinks?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An archive on its way out of a guest. Its body must be read to the end, or left by `break`: that ends the transfer. */
export interface RemoteTar {
  /** Rejects when the reading breaks midway; an archive that ended well is whole. */
  readonly body: AsyncIterable<Uint8Array>;
  /** What could not be read, and why, once the body was read to its end; at most 100. The words are the guest's. */
  skipped(): readonly string[];
  /** Entries, once the body was read to its end. */
  files(): number;
}

/** Streams a folder or file of a guest as tar. Rejects with the guest's error; it cannot be gone on with. */
export async function readTar(
  server: Server,
  vm: string,
  path: string,
  { noSymlinks, signal }: ReadTarOptions = {},
): Promise<RemoteTar> {
  const query = new URLSearchParams({ path });
  if (noSymlinks === true) query.set('no-symlinks', '1');
  const translate = (error: unknown): unknown => {
    if (signal?.aborted === true) return abortError(signal);
    return isUnreachable(error) ? unreachableError(server, error) : error;
  };
  try {
    const { response, destroy } = await exchange({ server, method: 'GET', path: tarUrl(vm, query), signal });
    if (response.statusCode !== 200)
      throw fromErrorBody(await textOf(response), `The daemon answered ${response.statusCode}.`);
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        yield* response as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw translate(error);
      } finally {
        destroy();
      }
      const broken = response.trailers['x-innkeeper-error'];
      if (broken !== undefined) throw fromErrorBody(broken, 'The reading broke.');
    }
    return {
      body: body(),
      skipped: () => parseSkipped(response.trailers['x-innkeeper-skipped']),
      files: () => Number(response.trailers['x-innkeeper-files'] ?? 0),
    };
  } catch (error) {
    throw translate(error);
  }
}
