import { archiveError } from '@innkeeper/contract/errors';
import { safeTar, treeNames } from '@innkeeper/tar';
import { tarUrl } from '../core/addresses.ts';
import { fromErrorBody } from '../core/errors.ts';
import { parseSkipped } from '../core/parse-skipped.ts';
import { exchangeError } from './errors.ts';
import { goodExchange } from './http-exchange.ts';
import type { Server } from './server.ts';

export interface ReadTarOptions {
  /** Refuse a path that leads through a symbolic link. Links in the folder are always packed as links. */
  readonly noSymlinks?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An archive on its way out of a guest. Its body must be read to the end, or left by `break`: that ends the transfer. */
export interface RemoteTar {
  /**
   * Every name in it begins with the last part of the path that was asked for ("root" for "/"), has no "..", and is in a
   * folder that came before it, never behind a link; there is nothing but files, folders and symbolic links, which may
   * point anywhere. Rejects when the reading breaks midway, with ARCHIVE_REFUSED when the guest sends anything else; an
   * archive that ended well is whole.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** What could not be read, and why, once the body was read to its end; at most 100. The words are the guest's. */
  skipped(): readonly string[];
  /** Entries, once the body was read to its end. */
  files(): number;
}

/** Streams a folder or file of a guest as tar. Rejects with the guest's error; not resumable. */
export async function readTar(
  server: Server,
  vm: string,
  path: string,
  { noSymlinks, signal }: ReadTarOptions = {},
): Promise<RemoteTar> {
  const query = new URLSearchParams({ path });
  if (noSymlinks === true) query.set('no-symlinks', '1');
  try {
    const { response, destroy } = await goodExchange({ server, method: 'GET', path: tarUrl(vm, query), signal });
    async function* received(): AsyncGenerator<Uint8Array> {
      try {
        yield* response as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw exchangeError(error, server, signal);
      }
      // Before the archive is found to have no end: this says why it has none.
      const broken = response.trailers['x-innkeeper-error'];
      if (broken !== undefined) throw fromErrorBody(broken, 'The reading broke.');
    }
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        yield* safeTar(received(), treeNames(path));
      } catch (error) {
        throw archiveError(error);
      } finally {
        destroy();
      }
    }
    return {
      body: body(),
      skipped: () => parseSkipped(response.trailers['x-innkeeper-skipped']),
      files: () => Number(response.trailers['x-innkeeper-files'] ?? 0),
    };
  } catch (error) {
    throw exchangeError(error, server, signal);
  }
}
