import { cleanText } from '@innkeeper/kit';
import type { TarItem, TarSink } from './tar-parser.ts';
import { UnsafeTarError } from './unsafe-tar-error.ts';

/** Folders within each other; an agent packs no more than 200. */
const maxDepth = 256;
/** Of the names that are remembered of open folders: some 400,000 short ones. */
const maxRememberedBytes = 32 * 1024 * 1024;
const bytesPerName = 64;
const maxNameInMessage = 100;

/** The names that a tree's archive has at its top, and the one it gets. */
export interface TreeNames {
  /** What the sender may call the tree. */
  readonly sent: readonly string[];
  /** What it is called from here on, whatever the sender says. */
  readonly as: string;
}

/**
 * The names of the archive of a guest's path: its last part, and "root" for the whole file system, which agents call
 * ".". So whoever unpacks it gets one folder or file, whose name is the one that was asked for.
 */
export function treeNames(path: string): TreeNames {
  const name = path.split('/').findLast((part) => part !== '' && part !== '.');
  return name === undefined ? { sent: ['.', 'root'], as: 'root' } : { sent: [name], as: name };
}

/**
 * Lets an archive through that is one folder or file, as agents pack it: files, folders and symbolic links, each folder
 * before what is in it and in one piece. Everything else is an UnsafeTarError before the sink hears of it, so that
 * nothing is written outside of the folder or through a link, however simple the program that unpacks it. Where links
 * point to is not looked at: honest folders have links that lead out.
 */
export class TreeGuard implements TarSink {
  readonly #sink: TarSink;
  readonly #names: TreeNames;
  /** The folders that are open, with the names of folders and links in them: those never come again. */
  readonly #open: { readonly name: string; readonly taken: Set<string>; bytes: number }[] = [];
  #rememberedBytes = 0;
  #hasBegun = false;

  constructor(sink: TarSink, names: TreeNames) {
    this.#sink = sink;
    this.#names = names;
  }

  /** @throws UnsafeTarError */
  begin(item: TarItem): void {
    const { typeFlag } = item;
    const isFolder = typeFlag === '5';
    const isLink = typeFlag === '2';
    if (!isFolder && !isLink && typeFlag !== '0' && typeFlag !== '7') throw unsafe(item, kindOf(typeFlag));
    if (isLink && (item.linkTarget === '' || item.linkTarget.includes('\0')))
      throw unsafe(item, 'is a symbolic link to nothing');
    const parts = this.#partsOf(item, isFolder);
    const name = parts.at(-1) ?? '';
    const above = parts.slice(0, -1);
    if (!above.every((part, depth) => this.#open[depth]?.name === part))
      throw unsafe(item, 'is in no folder before it');
    this.#closeTo(above.length);
    this.#take(item, name, isFolder || isLink);
    if (isFolder) this.#open.push({ name, taken: new Set(), bytes: 0 });
    this.#hasBegun = true;
    this.#sink.begin({ ...item, path: [this.#names.as, ...parts.slice(1)].join('/') });
  }

  write(bytes: Uint8Array): void {
    this.#sink.write(bytes);
  }

  finish(): void {
    this.#sink.finish();
  }

  #partsOf(item: TarItem, isFolder: boolean): readonly string[] {
    const path = isFolder && item.path.endsWith('/') ? item.path.slice(0, -1) : item.path;
    if (path.includes('\0')) throw unsafe(item, 'has NUL in its name');
    const parts = path.split('/');
    if (parts.length > maxDepth) throw unsafe(item, `is more than ${maxDepth} folders deep`);
    if (parts.slice(1).some((part) => part === '' || part === '.') || parts.includes('..') || parts[0] === '')
      throw unsafe(item, 'leads out of the folder');
    if (!this.#names.sent.includes(parts[0] ?? ''))
      throw unsafe(item, `is not in "${this.#names.as}", which was asked for`);
    return parts;
  }

  #closeTo(depth: number): void {
    for (const { bytes } of this.#open.splice(depth)) this.#rememberedBytes -= bytes;
  }

  /** The same file twice is harmless: nothing is ever written through it. */
  #take(item: TarItem, name: string, remember: boolean): void {
    const folder = this.#open.at(-1);
    if (folder === undefined) {
      if (this.#hasBegun) throw unsafe(item, 'is there twice');
      return;
    }
    if (folder.taken.has(name)) throw unsafe(item, 'is there twice');
    if (!remember) return;
    folder.taken.add(name);
    const bytes = bytesPerName + name.length;
    folder.bytes += bytes;
    this.#rememberedBytes += bytes;
    if (this.#rememberedBytes > maxRememberedBytes) throw unsafe(item, 'is one of too many folders and links');
  }
}

function kindOf(typeFlag: string): string {
  const kinds: Readonly<Partial<Record<string, string>>> = {
    '1': 'is a hard link',
    '3': 'is a device',
    '4': 'is a device',
    '6': 'is a FIFO',
    S: 'is a sparse file of GNU tar',
  };
  return kinds[typeFlag] ?? 'is neither file, folder nor symbolic link';
}

function unsafe({ path }: TarItem, what: string): UnsafeTarError {
  return new UnsafeTarError(`The entry "${cleanText(path, maxNameInMessage)}" ${what}.`);
}
