import { malformed, parseHeader, parsePax, type TarBlock } from './parse-header.ts';
import { blockBytes, paddedBytes } from './tar-header.ts';
import type { TarItem } from './tar-target.ts';

/** Of an extended header or a long name: there is no honest use for more. */
const maxExtendedBytes = 64 * 1024;

export interface TarSink {
  begin(item: TarItem): void;
  write(bytes: Uint8Array): void;
  finish(): void;
}

/** Takes an archive apart as it comes, in any pieces. Holds no more than one header. */
export class TarParser {
  readonly #sink: TarSink;
  readonly #block = new Uint8Array(blockBytes);
  #blockAt = 0;
  /** Content of the entry that is still to come, and the padding after it. */
  #contentLeft = 0;
  #paddingLeft = 0;
  /** Content that is gathered, of an extended header or a long name. */
  #gathered: { readonly flag: string; readonly bytes: Uint8Array; at: number } | undefined;
  #pax: ReadonlyMap<string, string> = new Map();
  #isOver = false;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** @throws OperationError INVALID_ARGUMENT */
  push(bytes: Uint8Array): void {
    let rest = bytes;
    // What follows the end of the archive is padding.
    while (rest.length > 0 && !this.#isOver) rest = rest.subarray(this.#take(rest));
  }

  /** No more comes. @throws OperationError INVALID_ARGUMENT when it ended within an entry */
  end(): void {
    if (this.#contentLeft > 0 || this.#blockAt > 0 || this.#gathered !== undefined)
      throw malformed('its end in the middle of an entry');
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
    const header = parseHeader(this.#block);
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
    // Of the whole archive: comments and character sets.
    if (flag === 'g') return;
    const text = (): string => new TextDecoder().decode(bytes).replace(/\0+$/, '');
    const records = flag === 'x' ? parsePax(bytes) : new Map([[flag === 'L' ? 'path' : 'linkpath', text()]]);
    this.#pax = new Map([...this.#pax, ...records]);
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
    const path = pax.get('path') ?? header.path;
    // Old archives say that it is a folder by the slash alone.
    const typeFlag = header.typeFlag === '0' && path.endsWith('/') ? '5' : header.typeFlag;
    const hasContent = typeFlag === '0' || typeFlag === '7';
    const sizeBytes = number('size', header.sizeBytes);
    return {
      path,
      typeFlag,
      linkTarget: pax.get('linkpath') ?? header.linkTarget,
      // A link or folder may give the size of what it stands for and has no content all the same (POSIX ustar).
      sizeBytes: hasContent || !'123456'.includes(typeFlag) ? Math.floor(sizeBytes) : 0,
      mode: header.mode,
      uid: Math.floor(number('uid', header.uid)),
      gid: Math.floor(number('gid', header.gid)),
      modifiedNs: BigInt(Math.floor(number('mtime', header.modifiedSeconds) * 1000)) * 1_000_000n,
    };
  }
}
