import { blockBytes, paddedBytes } from './blocks.ts';
import { parseSeconds } from './parse-seconds.ts';
import { decode, malformed, parsePax, parseTarHeader, type TarBlock } from './parse-tar-header.ts';
import { type SparseMap, SparseMapReader } from './sparse-map.ts';
import { leftOutComment, linkedComment } from './tar-header.ts';
import { parseTextAcl } from './text-acl.ts';

/** Maximum bytes of an extended header or a long name; real ones are far smaller. */
const maxExtendedBytes = 64 * 1024;
/** Keys of extended headers that are kept: a hostile archive can have any number of headers before an entry. */
const usedKeys = new Set([
  'path',
  'linkpath',
  'size',
  'uid',
  'gid',
  'mtime',
  'comment',
  'GNU.sparse.name',
  'GNU.sparse.major',
  'GNU.sparse.minor',
  'GNU.sparse.realsize',
]);
const attributePrefix = 'SCHILY.xattr.';
const aclPrefix = 'SCHILY.acl.';
const none: ReadonlyMap<string, Uint8Array> = new Map();

/** One entry, as all of its headers together describe it. All values are untrusted, above all the path. */
export interface TarItem {
  readonly path: string;
  /**
   * "0" and "7" are files, "1" hard links, "2" symbolic links, "5" folders, "S" sparse files whose form is not supported.
   */
  readonly typeFlag: string;
  readonly linkTarget: string;
  /** The file's size. */
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedNs: bigint;
  readonly user: string;
  readonly group: string;
  /** The parts of a sparse file (format 1.0 of GNU tar) that follow as its content. */
  readonly map: SparseMap | undefined;
  /** Extended attributes of any name. */
  readonly attributes: ReadonlyMap<string, Uint8Array>;
  /** Why an ACL in text form, as GNU tar writes it with --acls, is not among the attributes: "names the user …". */
  readonly lostAcl: string | undefined;
  /** The sender announces hard links to this file. */
  readonly isLinked: boolean;
}

/** Receives each entry, its content in chunks, and its end. */
export interface TarSink {
  begin(item: TarItem): void;
  /** @param offset of the bytes in the file */
  write(bytes: Uint8Array, offset: number): void;
  finish(): void;
  /** The sender reports an entry that is not in the archive. */
  leaveOut?(what: string): void;
  /** The archive is complete. */
  end?(): void;
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
  #attributes = none;
  #lostAcl: string | undefined;
  /** A sparse file whose map is being read. */
  #sparse: { readonly item: TarItem; readonly reader: SparseMapReader } | undefined;
  /** Where the next content belongs: in one of the extents, or in the file. */
  #map: SparseMap | undefined;
  #extent = 0;
  #offset = 0;
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
    this.#sink.end?.();
  }

  #take(bytes: Uint8Array): number {
    if (this.#contentLeft > 0 && this.#sparse === undefined)
      return this.#takeContent(bytes.subarray(0, this.#contentLeft));
    if (this.#paddingLeft > 0 && this.#contentLeft === 0) {
      const count = Math.min(this.#paddingLeft, bytes.length);
      this.#paddingLeft -= count;
      return count;
    }
    const piece = bytes.subarray(0, blockBytes - this.#blockAt);
    this.#block.set(piece, this.#blockAt);
    this.#blockAt += piece.length;
    if (this.#blockAt === blockBytes) {
      this.#blockAt = 0;
      if (this.#sparse === undefined) this.#takeHeader();
      else this.#takeMapBlock(this.#sparse);
    }
    return piece.length;
  }

  #takeContent(piece: Uint8Array): number {
    this.#contentLeft -= piece.length;
    const gathered = this.#gathered;
    if (gathered === undefined) {
      this.#passOn(piece);
      if (this.#contentLeft === 0) this.#sink.finish();
    } else {
      gathered.bytes.set(piece, gathered.at);
      gathered.at += piece.length;
      if (this.#contentLeft === 0) this.#takeGathered(gathered);
    }
    return piece.length;
  }

  /** Passes on content with its place in the file. */
  #passOn(piece: Uint8Array): void {
    for (let rest = piece; rest.length > 0; ) {
      const extent = this.#map?.[this.#extent];
      const part = extent === undefined ? rest : rest.subarray(0, extent.sizeBytes - this.#offset);
      this.#sink.write(part, (extent?.offset ?? 0) + this.#offset);
      this.#offset += part.length;
      rest = rest.subarray(part.length);
      if (extent === undefined || this.#offset < extent.sizeBytes) continue;
      this.#extent++;
      this.#offset = 0;
    }
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
    const { item, contentBytes, isMapped } = this.#itemOf(header);
    this.#pax = new Map();
    this.#attributes = none;
    this.#lostAcl = undefined;
    this.#expect(contentBytes);
    if (isMapped) {
      if (contentBytes < blockBytes) throw malformed('a sparse file without a map');
      this.#sparse = { item, reader: new SparseMapReader(item.sizeBytes) };
    } else this.#begin(item);
  }

  #begin(item: TarItem): void {
    this.#map = item.map;
    this.#extent = 0;
    this.#offset = 0;
    this.#sink.begin(item);
    if (this.#contentLeft === 0) this.#sink.finish();
  }

  #takeMapBlock({ item, reader }: { readonly item: TarItem; readonly reader: SparseMapReader }): void {
    this.#contentLeft -= blockBytes;
    const map = reader.push(this.#block);
    const contentBytes = map?.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (map === undefined ? this.#contentLeft < blockBytes : contentBytes !== this.#contentLeft)
      throw malformed('a sparse file with a wrong map');
    if (map === undefined) return;
    this.#sparse = undefined;
    this.#begin({ ...item, map });
  }

  #takeGathered({ flag, bytes }: { readonly flag: string; readonly bytes: Uint8Array }): void {
    this.#gathered = undefined;
    if (flag === 'g') this.#takeComment(bytes);
    else if (flag === 'x') this.#takeRecords(parsePax(bytes));
    else this.#pax = new Map([...this.#pax, [flag === 'L' ? 'path' : 'linkpath', decode(bytes).replace(/\0+$/, '')]]);
  }

  /** A header for the whole archive has comments and character sets. */
  #takeComment(bytes: Uint8Array): void {
    if (this.#sink.leaveOut === undefined) return;
    const comment = decode(parsePax(bytes).get('comment') ?? new Uint8Array(0));
    if (comment.startsWith(leftOutComment)) this.#sink.leaveOut(comment.slice(leftOutComment.length));
  }

  #takeRecords(records: ReadonlyMap<string, Uint8Array>): void {
    const all = [...records];
    const used = all.flatMap(([key, value]) => (usedKeys.has(key) ? [[key, decode(value)] as const] : []));
    const isSparse = all.some(([key]) => key.startsWith('GNU.sparse.'));
    this.#pax = new Map([...this.#pax, ...used, ...(isSparse ? [['sparse', '1'] as const] : [])]);
    // Those of one header only, so that their size is bounded.
    this.#attributes = new Map(
      all.flatMap(([key, value]) =>
        key.startsWith(attributePrefix) ? [[attributeName(key.slice(attributePrefix.length)), value] as const] : [],
      ),
    );
    this.#lostAcl = undefined;
    for (const [key, text] of all) if (key.startsWith(aclPrefix)) this.#takeAcl(key.slice(aclPrefix.length), text);
  }

  #takeAcl(kind: string, text: Uint8Array): void {
    if (kind !== 'access' && kind !== 'default') return;
    const parsed = parseTextAcl(decode(text));
    if ('why' in parsed) this.#lostAcl = parsed.why;
    else this.#attributes = new Map([...this.#attributes, [`system.posix_acl_${kind}`, parsed.value]]);
  }

  #expect(sizeBytes: number): void {
    this.#contentLeft = sizeBytes;
    this.#paddingLeft = paddedBytes(sizeBytes) - sizeBytes;
  }

  #itemOf(header: TarBlock): { item: TarItem; contentBytes: number; isMapped: boolean } {
    const pax = this.#pax;
    const number = (key: string, otherwise: number): number => {
      const value = Number(pax.get(key) ?? otherwise);
      if (!Number.isFinite(value) || value < 0 || value > Number.MAX_SAFE_INTEGER)
        throw malformed(`an extended header with a wrong ${key}`);
      return Math.floor(value);
    };
    const path = pax.get('GNU.sparse.name') ?? pax.get('path') ?? header.path;
    // In old archives only the slash marks a folder.
    const plainFlag = header.typeFlag === '0' && path.endsWith('/') ? '5' : header.typeFlag;
    const isMapped =
      plainFlag === '0' &&
      pax.get('GNU.sparse.major') === '1' &&
      pax.get('GNU.sparse.minor') === '0' &&
      pax.has('GNU.sparse.realsize');
    // In other forms a sparse map and pieces of the file follow, not its content.
    const typeFlag = pax.has('sparse') && !isMapped ? 'S' : plainFlag;
    const hasContent = typeFlag === '0' || typeFlag === '7';
    const sizeBytes = number('size', header.sizeBytes);
    // A link or folder may have a size, for example its target's, but never content (POSIX ustar).
    const contentBytes = hasContent || !'123456'.includes(typeFlag) ? sizeBytes : 0;
    const item = {
      path,
      typeFlag,
      linkTarget: pax.get('linkpath') ?? header.linkTarget,
      sizeBytes: isMapped ? number('GNU.sparse.realsize', 0) : contentBytes,
      mode: header.mode,
      uid: number('uid', header.uid),
      gid: number('gid', header.gid),
      modifiedNs: parseSeconds(pax.get('mtime') ?? String(header.modifiedSeconds)),
      user: header.user,
      group: header.group,
      map: undefined,
      attributes: this.#attributes,
      lostAcl: this.#lostAcl,
      isLinked: pax.get('comment') === linkedComment,
    };
    return { item, contentBytes, isMapped };
  }
}

/** As GNU tar escapes them. */
function attributeName(key: string): string {
  return key.replaceAll('%3D', '=').replaceAll('%25', '%');
}
