import { blockBytes, paddedBytes } from './blocks.ts';
import { leftOutHeader, type TarEntry, tarHeader } from './tar-header.ts';
import { type TarItem, TarParser, type TarSink } from './tar-parser.ts';
import { type TreeExtras, TreeGuard, type TreeNames } from './tree-guard.ts';

/** The user and group names that are passed on; a program that unpacks as root looks them up. */
const accountName = /^[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?$/;

/** What the archive may have besides plain entries. */
export interface SafeTarExtras extends TreeExtras {
  /** Keep comments that name what is left out, or pass those names on. Otherwise they are dropped. */
  readonly leftOut?: 'keep' | ((what: string) => void) | undefined;
}

/**
 * Rewrites a guest's archive of one folder or file: the headers are written by this code, so that every program reads
 * exactly what was checked here, and its top name is `names.as`. Of a refused or truncated archive, what precedes the
 * problem is yielded without an end-of-archive marker. Holds one header and the names that TreeGuard remembers in memory.
 * @throws UnsafeTarError, MalformedTarError, and what `chunks` throws
 */
export async function* safeTar(
  chunks: AsyncIterable<Uint8Array>,
  names: TreeNames,
  extras: SafeTarExtras = {},
): AsyncGenerator<Uint8Array> {
  const writer = new TarWriter(extras.leftOut);
  const parser = new TarParser(new TreeGuard(writer, names, extras));
  for await (const chunk of chunks) {
    try {
      parser.push(chunk);
    } catch (error) {
      yield* writer.take();
      throw error;
    }
    yield* writer.take();
  }
  parser.end();
  yield new Uint8Array(2 * blockBytes);
}

const types: Readonly<Partial<Record<string, TarEntry['type']>>> = {
  '5': 'directory',
  '2': 'symlink',
  '1': 'hardlink',
};
const maxLeftOutChars = 4096;

class TarWriter implements TarSink {
  #pieces: Uint8Array[] = [];
  #padding = 0;
  readonly #leftOut: SafeTarExtras['leftOut'];

  constructor(leftOut: SafeTarExtras['leftOut']) {
    this.#leftOut = leftOut;
  }

  begin(item: TarItem): void {
    const { path, linkTarget, sizeBytes, mode, uid, gid, modifiedNs, map, attributes, isLinked } = item;
    const type = types[item.typeFlag] ?? 'file';
    const contentBytes = map?.reduce((sum, extent) => sum + extent.sizeBytes, 0) ?? sizeBytes;
    this.#padding = paddedBytes(contentBytes) - contentBytes;
    this.#pieces.push(
      tarHeader({
        path,
        type,
        linkTarget: type === 'symlink' || type === 'hardlink' ? linkTarget : '',
        sizeBytes,
        stat: { mode, uid, gid, modifiedNs },
        user: accountName.test(item.user) ? item.user : '',
        group: accountName.test(item.group) ? item.group : '',
        map,
        attributes,
        isLinked: isLinked && type === 'file',
      }),
    );
  }

  leaveOut(what: string): void {
    const text = what.slice(0, maxLeftOutChars);
    if (this.#leftOut === 'keep') this.#pieces.push(leftOutHeader(text));
    else this.#leftOut?.(text);
  }

  write(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
  }

  finish(): void {
    if (this.#padding > 0) this.#pieces.push(new Uint8Array(this.#padding));
  }

  /** Yields what was written since the last call as one chunk, if anything. */
  take(): readonly Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    if (pieces.length < 2) return pieces;
    const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return [whole];
  }
}
