import { cleanText } from '@innkeeper/kit';
import { isKeptAttribute, maxAttributeBytes } from './kept-attributes.ts';
import type { TarItem, TarSink } from './tar-parser.ts';
import { UnsafeTarError } from './unsafe-tar-error.ts';

/** Maximum depth of folders; an agent packs at most 200. */
const maxDepth = 256;
/** Maximum bytes of remembered names in open folders: about 400,000 short names. */
const maxRememberedBytes = 32 * 1024 * 1024;
const bytesPerName = 64;
const maxNameInMessage = 100;

/** The top names accepted in a tree's archive, and the one it gets. */
export interface TreeNames {
  /** Top names that the sender may use. */
  readonly sent: readonly string[];
  /** The name that replaces it. */
  readonly as: string;
}

/**
 * The names for the archive of a guest's path: its last part, and "root" for the whole file system, which agents call
 * ".". Unpacking it therefore creates one folder or file, with the requested name.
 */
export function treeNames(path: string): TreeNames {
  const name = path.split('/').findLast((part) => part !== '' && part !== '.');
  return name === undefined ? { sent: ['.', 'root'], as: 'root' } : { sent: [name], as: name };
}

/** What a receiver asked for, besides plain files, folders and links. */
export interface TreeExtras {
  /** Sparse files by a map of their parts. Otherwise their holes are zeros. */
  readonly sparse?: boolean | undefined;
  /** Extended attributes. */
  readonly attributes?: boolean | undefined;
}

/**
 * Accepts an archive of one folder or file, as agents pack it: files, folders, symbolic links, and hard links to files
 * that came earlier and were announced as having some; each folder before its content, and its content in one piece.
 * Anything else throws UnsafeTarError before the sink receives it, so that nothing
 * is written outside of the folder or through a link, however naive the program that unpacks it. The targets of links
 * are not checked: legitimate folders contain links that lead outside.
 */
export class TreeGuard implements TarSink {
  readonly #sink: TarSink;
  readonly #names: TreeNames;
  readonly #extras: TreeExtras;
  /** Paths of files that hard links may lead to. */
  readonly #linked = new Set<string>();
  /** The open folders, with the names of folders and links in them, which must not occur a second time. */
  readonly #open: { readonly name: string; readonly taken: Set<string>; bytes: number }[] = [];
  #rememberedBytes = 0;
  #hasBegun = false;

  constructor(sink: TarSink, names: TreeNames, extras: TreeExtras = {}) {
    this.#sink = sink;
    this.#extras = extras;
    this.#names = names;
  }

  /** @throws UnsafeTarError */
  begin(item: TarItem): void {
    const { typeFlag } = item;
    const isFolder = typeFlag === '5';
    const isSymlink = typeFlag === '2';
    const isLink = typeFlag === '1';
    if (!isFolder && !isSymlink && !isLink && typeFlag !== '0' && typeFlag !== '7')
      throw unsafe(item, kindOf(typeFlag));
    if (item.map !== undefined && this.#extras.sparse !== true)
      throw unsafe(item, 'is sparse, which was not requested');
    if (isSymlink && (item.linkTarget === '' || item.linkTarget.includes('\0')))
      throw unsafe(item, 'is a symbolic link without a target');
    if (isLink && !this.#linked.has(item.linkTarget))
      throw unsafe(item, 'is a hard link to something other than an earlier file that has hard links');
    const parts = this.#partsOf(item, isFolder);
    const name = parts.at(-1) ?? '';
    const above = parts.slice(0, -1);
    if (!above.every((part, depth) => this.#open[depth]?.name === part)) throw unsafe(item, 'comes before its folder');
    this.#closeTo(above.length);
    if (this.#linked.has(item.path)) throw unsafe(item, 'occurs twice');
    this.#take(item, name, isFolder || isSymlink || isLink);
    if (isFolder) this.#open.push({ name, taken: new Set(), bytes: 0 });
    else if (item.isLinked && !isSymlink && !isLink) {
      this.#linked.add(item.path);
      this.#count(item, bytesPerName + item.path.length);
    }
    this.#hasBegun = true;
    const rename = (path: string): string => [this.#names.as, ...path.split('/').slice(1)].join('/');
    this.#sink.begin({
      ...item,
      path: rename(parts.join('/')),
      linkTarget: isLink ? rename(item.linkTarget) : item.linkTarget,
      attributes: this.#extras.attributes === true ? keptOf(item) : new Map(),
    });
  }

  write(bytes: Uint8Array, offset: number): void {
    this.#sink.write(bytes, offset);
  }

  finish(): void {
    this.#sink.finish();
  }

  leaveOut(what: string): void {
    this.#sink.leaveOut?.(what);
  }

  end(): void {
    this.#sink.end?.();
  }

  #partsOf(item: TarItem, isFolder: boolean): readonly string[] {
    const path = isFolder && item.path.endsWith('/') ? item.path.slice(0, -1) : item.path;
    if (path.includes('\0')) throw unsafe(item, 'has a NUL character in its name');
    const parts = path.split('/');
    if (parts.length > maxDepth) throw unsafe(item, `is more than ${maxDepth} folders deep`);
    if (parts.slice(1).some((part) => part === '' || part === '.') || parts.includes('..') || parts[0] === '')
      throw unsafe(item, 'leads out of the folder');
    if (!this.#names.sent.includes(parts[0] ?? '')) throw unsafe(item, `is not in the requested "${this.#names.as}"`);
    return parts;
  }

  #closeTo(depth: number): void {
    for (const { bytes } of this.#open.splice(depth)) this.#rememberedBytes -= bytes;
  }

  /** The same file twice is harmless, since nothing is written through a file. */
  #take(item: TarItem, name: string, remember: boolean): void {
    const folder = this.#open.at(-1);
    if (folder === undefined) {
      if (this.#hasBegun) throw unsafe(item, 'occurs twice');
      return;
    }
    if (folder.taken.has(name)) throw unsafe(item, 'occurs twice');
    if (!remember) return;
    folder.taken.add(name);
    const bytes = bytesPerName + name.length;
    folder.bytes += bytes;
    this.#count(item, bytes);
  }

  #count(item: TarItem, bytes: number): void {
    this.#rememberedBytes += bytes;
    if (this.#rememberedBytes > maxRememberedBytes)
      throw unsafe(item, 'exceeds the maximum number of folders and links');
  }
}

/** Those that a copy keeps, and only as many as a sender may send. */
function keptOf({ attributes }: TarItem): ReadonlyMap<string, Uint8Array> {
  let bytes = 0;
  return new Map(
    [...attributes].filter(([name, value]) => {
      if (!isKeptAttribute(name)) return false;
      bytes += name.length + value.length;
      return bytes <= maxAttributeBytes;
    }),
  );
}

function kindOf(typeFlag: string): string {
  const kinds: Readonly<Partial<Record<string, string>>> = {
    '3': 'is a device',
    '4': 'is a device',
    '6': 'is a FIFO',
    S: 'is a sparse file in a form that is not supported',
  };
  return kinds[typeFlag] ?? 'is not a file, folder or symbolic link';
}

function unsafe({ path }: TarItem, what: string): UnsafeTarError {
  return new UnsafeTarError(`The entry "${cleanText(path, maxNameInMessage)}" ${what}.`);
}
