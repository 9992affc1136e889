import { filesUrl } from '../core/addresses.ts';
import { fromErrorBody } from '../core/errors.ts';
import { exchangeError } from './errors.ts';
import { goodExchange } from './http-exchange.ts';
import type { Server } from './server.ts';

export interface ReadFileOptions {
  readonly offset?: number | undefined;
  /** Have the guest hash what it sends; `RemoteFile.sha256()` gives it at the end. */
  readonly sha256?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file on its way out of a guest. Its body must be read to the end, or left by `break`: that ends the transfer. */
export interface RemoteFile {
  /** As stat says; 0 where the guest does not know, as in /proc. */
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modifiedNs: bigint;
  readonly body: AsyncIterable<Uint8Array>;
  /** Hex, of what was sent, once the body was read to its end; undefined when it was not asked for. */
  sha256(): string | undefined;
}

/** Streams a file of a guest. Rejects with the guest's error; the body rejects when it breaks midway. */
export async function readFile(
  server: Server,
  vm: string,
  path: string,
  { offset, sha256, signal }: ReadFileOptions = {},
): Promise<RemoteFile> {
  const query = new URLSearchParams({ path });
  if (offset !== undefined) query.set('offset', `${offset}`);
  if (sha256 === true) query.set('sha256', '1');
  try {
    const { response, destroy } = await goodExchange({ server, method: 'GET', path: filesUrl(vm, query), signal });
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        yield* response as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw exchangeError(error, server, signal);
      } finally {
        destroy();
      }
      const broken = response.trailers['x-innkeeper-error'];
      if (broken !== undefined) throw fromErrorBody(broken, 'The reading broke.');
    }
    return {
      sizeBytes: Number(response.headers['x-innkeeper-size'] ?? 0),
      mode: Number.parseInt(`${response.headers['x-innkeeper-mode'] ?? '644'}`, 8),
      modifiedNs: BigInt(`${response.headers['x-innkeeper-modified-ns'] ?? 0}`),
      body: body(),
      sha256: () => response.trailers['x-innkeeper-sha256'],
    };
  } catch (error) {
    throw exchangeError(error, server, signal);
  }
}
