import { blockBytes, paddedBytes, tarHeader } from './tar-header.ts';
import { type TarItem, TarParser, type TarSink } from './tar-parser.ts';
import { TreeGuard, type TreeNames } from './tree-guard.ts';

/** Names of users and groups; whoever unpacks as root looks them up. */
const accountName = /^[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?$/;

/**
 * A guest's archive of one folder or file, written again by this side: its headers are ours, so that every program reads
 * in them what was checked here, and its first name is `names.as`. Of an archive that is refused or cut, what comes before
 * is given out, without the end that a whole one has. Holds one header and the names that TreeGuard remembers.
 * @throws UnsafeTarError, MalformedTarError, what `chunks` throws
 */
export async function* safeTar(chunks: AsyncIterable<Uint8Array>, names: TreeNames): AsyncGenerator<Uint8Array> {
  const writer = new TarWriter();
  const parser = new TarParser(new TreeGuard(writer, names));
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

class TarWriter implements TarSink {
  #pieces: Uint8Array[] = [];
  #padding = 0;

  begin(item: TarItem): void {
    const type = item.typeFlag === '5' ? 'directory' : item.typeFlag === '2' ? 'symlink' : 'file';
    const { path, linkTarget, sizeBytes, mode, uid, gid, modifiedNs } = item;
    this.#padding = paddedBytes(sizeBytes) - sizeBytes;
    this.#pieces.push(
      tarHeader({
        path,
        type,
        linkTarget: type === 'symlink' ? linkTarget : '',
        sizeBytes,
        stat: { mode, uid, gid, modifiedNs },
        user: accountName.test(item.user) ? item.user : '',
        group: accountName.test(item.group) ? item.group : '',
      }),
    );
  }

  write(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
  }

  finish(): void {
    if (this.#padding > 0) this.#pieces.push(new Uint8Array(this.#padding));
  }

  /** What was written since the last time, as one piece, or none. */
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
