import { archiveError } from '@innkeeper/contract/errors';
import { safeTar, treeNames } from '@innkeeper/tar';
import { tarUrl } from '../core/addresses.ts';
import { fromErrorBody } from '../core/errors.ts';
import { httpError } from './errors.ts';
import { openHttp } from './open-http.ts';
import type { Server } from './server.ts';

export interface ReadTarOptions {
  /** Reject a path that contains a symbolic link. Links in the folder are always packed as links. */
  readonly noSymlinks?: boolean | undefined;
  /** Sparse files as in GNU tar's format 1.0. Default: their holes are zeros, for programs that do not know it. */
  readonly sparse?: boolean | undefined;
  /** Extended attributes (user.*, file capabilities, ACLs) as SCHILY.xattr records. */
  readonly attributes?: boolean | undefined;
  /** Called for each entry that the guest leaves out, with the reason, while the body is read. The text is the guest's. */
  readonly onSkip?: ((what: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An archive being downloaded from a guest. Read its body to the end, or leave it with `break`, which ends the
 * transfer.
 */
export interface RemoteTar {
  /**
   * Every name in it begins with the last part of the requested path ("root" for "/"), has no "..", and is in a folder
   * that came earlier in the archive, never behind a link. It has only files, folders, hard links to files that came
   * earlier in it, and symbolic links, which may point anywhere. Rejects with ARCHIVE_REFUSED when the guest sends anything else, and when the transfer breaks
   * midway; an archive that ends without an error is complete.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** What could not be read, and why, once the body was read to its end; at most 100. The texts come from the guest. */
  skipped(): readonly string[];
  /** Number of entries, once the body was read to its end. */
  files(): number;
}

/** Streams a folder or file of a guest as tar. Rejects with the guest's error; not resumable. */
export async function readTar(
  server: Server,
  vm: string,
  path: string,
  { noSymlinks, sparse, attributes, onSkip, signal }: ReadTarOptions = {},
): Promise<RemoteTar> {
  const query = new URLSearchParams({ path });
  if (noSymlinks === true) query.set('no-symlinks', '1');
  if (sparse === true) query.set('sparse', '1');
  if (attributes === true) query.set('attributes', '1');
  if (onSkip !== undefined) query.set('skipped', '1');
  try {
    const { response, destroy } = await openHttp({ server, method: 'GET', path: tarUrl(vm, query), signal });
    async function* received(): AsyncGenerator<Uint8Array> {
      try {
        yield* response as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw httpError(error, server, signal);
      }
      // Checked before safeTar reports a truncated archive: this says why it is truncated.
      const broken = response.trailers['x-innkeeper-error'];
      if (broken !== undefined) throw fromErrorBody(broken, 'The download failed midway.');
    }
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        yield* safeTar(received(), treeNames(path), { sparse, attributes, leftOut: onSkip });
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
    throw httpError(error, server, signal);
  }
}

/** Parses the header that lists what was left out of an archive; empty if it is missing or malformed. */
function parseSkipped(header: string | undefined): readonly string[] {
  try {
    const list = JSON.parse(header ?? '[]') as unknown;
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    // SyntaxError: a proxy truncated the header. The list is informational only.
    return [];
  }
}
