import { decode, malformed, parsePax, parseTarHeader, type TarBlock } from './parse-tar-header.ts';
import { blockBytes, paddedBytes } from './tar-header.ts';

/** Maximum bytes of an extended header or a long name; real ones are far smaller. */
const maxExtendedBytes = 64 * 1024;
/** Keys of extended headers that are kept: a hostile archive can have any number of headers before an entry. */
const usedKeys = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'mtime', 'GNU.sparse.name']);
/** Latest time that a header block can express; file systems support less. */
const maxModifiedSeconds = 0o77777777777;

/** One entry, as all of its headers together describe it. All values are untrusted, above all the path. */
export interface TarItem {
  readonly path: string;
  /** "0" and "7" are files, "1" hard links, "2" symbolic links, "5" folders, "S" sparse files of GNU tar. */
  readonly typeFlag: string;
  readonly linkTarget: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedNs: bigint;
  readonly user: string;
  readonly group: string;
}

/** Receives each entry, its content in chunks, and its end. */
export interface TarSink {
  begin(item: TarItem): void;
  write(bytes: Uint8Array): void;
  finish(): void;
}

/** Parses an archive incrementally, from chunks of any size. Holds at most one header in memory. */
export class TarParser {
  readonly #sink: TarSink;
  readonly #block = new Uint8Array(blockBytes);
  #blockAt = 0;
  /** Remaining bytes of the entry's content, and of the padding after it. */
  #contentLeft = 0;
  #paddingLeft = 0;
  /** Buffered content of an extended header or a long name. */
  #gathered: { readonly flag: string; readonly bytes: Uint8Array; at: number } | undefined;
  #pax: ReadonlyMap<string, string> = new Map();
  #isOver = false;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** @throws MalformedTarError */
  push(bytes: Uint8Array): void {
    let rest = bytes;
    // What follows the end of the archive is padding.
    while (rest.length > 0 && !this.#isOver) rest = rest.subarray(this.#take(rest));
  }

  /** Ends the input. @throws MalformedTarError if the archive is truncated */
  end(): void {
    // Without the blocks of zeros at its end, an archive cannot be known to be complete.
    if (!this.#isOver) throw malformed('no end: it is truncated');
  }

  #take(bytes: Uint8Array): number {
    if (this.#contentLeft > 0) return this.#takeContent(bytes.subarray(0, this.#contentLeft));
    if (this.#paddingLeft > 0) {
      const count = Math.min(this.#paddingLeft, bytes.length);
      this.#paddingLeft -= count;
      return count;
    }
    const piece = bytes.subarray(0, blockBytes - this.#blockAt);
    this.#block.set(piece, this.#blockAt);
    this.#blockAt += piece.length;
    if (this.#blockAt === blockBytes) {
      this.#blockAt = 0;
      this.#takeHeader();
    }
    return piece.length;
  }

  #takeContent(piece: Uint8Array): number {
    this.#contentLeft -= piece.length;
    const gathered = this.#gathered;
    if (gathered === undefined) {
      this.#sink.write(piece);
      if (this.#contentLeft === 0) this.#sink.finish();
    } else {
      gathered.bytes.set(piece, gathered.at);
      gathered.at += piece.length;
      if (this.#contentLeft === 0) this.#takeGathered(gathered);
    }
    return piece.length;
  }

  #takeHeader(): void {
    const header = parseTarHeader(this.#block);
    if (header === undefined) {
      this.#isOver = true;
      return;
    }
    const { typeFlag } = header;
    if ('xgLK'.includes(typeFlag)) {
      if (header.sizeBytes > maxExtendedBytes) throw malformed('an extended header that is too long');
      this.#gathered = { flag: typeFlag, bytes: new Uint8Array(header.sizeBytes), at: 0 };
      this.#expect(header.sizeBytes);
      if (header.sizeBytes === 0) this.#gathered = undefined;
      return;
    }
    const item = this.#itemOf(header);
    this.#pax = new Map();
    this.#sink.begin(item);
    this.#expect(item.sizeBytes);
    if (item.sizeBytes === 0) this.#sink.finish();
  }

  #takeGathered({ flag, bytes }: { readonly flag: string; readonly bytes: Uint8Array }): void {
    this.#gathered = undefined;
    // A header for the whole archive: comments and character sets.
    if (flag === 'g') return;
    const text = (): string => decode(bytes).replace(/\0+$/, '');
    const records = flag === 'x' ? parsePax(bytes) : new Map([[flag === 'L' ? 'path' : 'linkpath', text()]]);
    const isSparse = [...records.keys()].some((key) => key.startsWith('GNU.sparse.'));
    const used = [...records].filter(([key]) => usedKeys.has(key));
    this.#pax = new Map([...this.#pax, ...used, ...(isSparse ? [['sparse', '1'] as const] : [])]);
  }

  #expect(sizeBytes: number): void {
    this.#contentLeft = sizeBytes;
    this.#paddingLeft = paddedBytes(sizeBytes) - sizeBytes;
  }

  #itemOf(header: TarBlock): TarItem {
    const pax = this.#pax;
    const number = (key: string, otherwise: number): number => {
      const value = Number(pax.get(key) ?? otherwise);
      if (!Number.isFinite(value) || value < 0 || value > Number.MAX_SAFE_INTEGER)
        throw malformed(`an extended header with a wrong ${key}`);
      return value;
    };
    const path = pax.get('GNU.sparse.name') ?? pax.get('path') ?? header.path;
    // In old archives only the slash marks a folder.
    const plainFlag = header.typeFlag === '0' && path.endsWith('/') ? '5' : header.typeFlag;
    // What follows is a sparse map and pieces of the file, not its content.
    const typeFlag = pax.has('sparse') ? 'S' : plainFlag;
    const hasContent = typeFlag === '0' || typeFlag === '7';
    const sizeBytes = number('size', header.sizeBytes);
    return {
      path,
      typeFlag,
      linkTarget: pax.get('linkpath') ?? header.linkTarget,
      // A link or folder may have a size, for example its target's, but never content (POSIX ustar).
      sizeBytes: hasContent || !'123456'.includes(typeFlag) ? Math.floor(sizeBytes) : 0,
      mode: header.mode,
      uid: Math.floor(number('uid', header.uid)),
      gid: Math.floor(number('gid', header.gid)),
      modifiedNs: modifiedNs(pax.get('mtime') ?? header.modifiedSeconds),
      user: header.user,
      group: header.group,
    };
  }
}

/** Clamps times to 1970 … 2242. */
function modifiedNs(seconds: string | number): bigint {
  const value = Number(seconds);
  if (!Number.isFinite(value)) throw malformed('an extended header with a wrong mtime');
  const clamped = Math.min(Math.max(value, 0), maxModifiedSeconds);
  return BigInt(Math.floor(clamped * 1000)) * 1_000_000n;
}
