import { Readable } from 'node:stream';
import { tarUrl } from '../core/addresses.ts';
import type { UnpackedTar } from '../core/unpacked-tar.ts';
import { httpError } from './errors.ts';
import { openHttp, textOf } from './open-http.ts';
import type { Server } from './server.ts';

export interface WriteTarOptions {
  /** Returns the archive: ustar, pax or GNU tar, not compressed. */
  readonly source: () => AsyncIterable<Uint8Array>;
  /** Create the folder and its missing parents. */
  readonly createParents?: boolean | undefined;
  /** Keep the archive's owners and set-user-id bits. Default: everything belongs to the agent's user. */
  readonly keepOwners?: boolean | undefined;
  /** Reject a folder whose path contains a symbolic link. Links inside the folder are never followed. */
  readonly noSymlinks?: boolean | undefined;
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Unpacks an archive into a folder of a guest; each file is written whole or not at all. Not resumable: files unpacked
 * before a failure remain. Rejects with the guest's error, the source's error, DAEMON_UNREACHABLE or CANCELED.
 */
export async function writeTar(
  server: Server,
  vm: string,
  path: string,
  options: WriteTarOptions,
): Promise<UnpackedTar> {
  const { source, signal, onProgress } = options;
  const query = new URLSearchParams({ path });
  if (options.createParents === true) query.set('parents', '1');
  if (options.keepOwners === true) query.set('owners', '1');
  if (options.noSymlinks === true) query.set('no-symlinks', '1');
  let sourceFailure: { readonly error: unknown } | undefined;
  async function* counted(): AsyncGenerator<Uint8Array> {
    let sent = 0;
    try {
      for await (const chunk of source()) {
        yield chunk;
        sent += chunk.length;
        onProgress?.(sent);
      }
    } catch (error) {
      sourceFailure = { error };
      throw error;
    }
  }
  try {
    const { response, destroy } = await openHttp({
      server,
      method: 'PUT',
      path: tarUrl(vm, query),
      signal,
      body: Readable.from(counted(), { objectMode: false, highWaterMark: 256 * 1024 }),
    });
    try {
      return JSON.parse(await textOf(response)) as UnpackedTar;
    } finally {
      destroy();
    }
  } catch (error) {
    if (signal?.aborted !== true && sourceFailure !== undefined) throw sourceFailure.error;
    throw httpError(error, server, signal);
  }
}
