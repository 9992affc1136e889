import { filesUrl } from '../core/addresses.ts';
import { fromErrorBody } from '../core/errors.ts';
import { httpError } from './errors.ts';
import { openHttp } from './open-http.ts';
import type { Server } from './server.ts';

export interface ReadFileOptions {
  readonly offset?: number | undefined;
  /** Have the guest hash what it sends; `RemoteFile.sha256()` returns the hash at the end. */
  readonly sha256?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A file being downloaded from a guest. Read its body to the end, or leave it with `break`, which ends the transfer.
 */
export interface RemoteFile {
  /** As reported by stat; 0 if the guest does not know it, as in /proc. */
  readonly sizeBytes: number;
  /** Less than the size if the file has holes; undefined if the guest does not know. */
  readonly allocatedBytes: number | undefined;
  readonly mode: number;
  readonly modifiedNs: bigint;
  readonly body: AsyncIterable<Uint8Array>;
  /** Hex hash of the bytes sent, once the body was read to its end; undefined if not requested. */
  sha256(): string | undefined;
}

/** Streams a file of a guest. Rejects with the guest's error; the body rejects when the transfer breaks midway. */
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
    const { response, destroy } = await openHttp({ server, method: 'GET', path: filesUrl(vm, query), signal });
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        yield* response as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw httpError(error, server, signal);
      } finally {
        destroy();
      }
      const broken = response.trailers['x-innkeeper-error'];
      if (broken !== undefined) throw fromErrorBody(broken, 'The download failed midway.');
    }
    return {
      sizeBytes: Number(response.headers['x-innkeeper-size'] ?? 0),
      allocatedBytes: numberOf(response.headers['x-innkeeper-allocated']),
      mode: Number.parseInt(`${response.headers['x-innkeeper-mode'] ?? '644'}`, 8),
      modifiedNs: BigInt(`${response.headers['x-innkeeper-modified-ns'] ?? 0}`),
      body: body(),
      sha256: () => response.trailers['x-innkeeper-sha256'],
    };
  } catch (error) {
    throw httpError(error, server, signal);
  }
}

function numberOf(header: string | string[] | undefined): number | undefined {
  return header === undefined ? undefined : Number(header);
}
