import { gunzipSync, inflateRawSync } from 'node:zlib';

/** One gzip stream of a file that has several. */
interface GzipMember {
  /** Compressed. */
  readonly bytes: Buffer;
  readonly content: Buffer;
}

/** Splits a file into its gzip streams, which have no optional fields in their headers. */
export function gzipMembers(file: Buffer): GzipMember[] {
  const members: GzipMember[] = [];
  for (let at = 0; at < file.length; ) {
    const { engine } = inflateRawSync(file.subarray(at + 10), { info: true }) as unknown as {
      readonly engine: { readonly bytesWritten: number };
    };
    // The header has 10 bytes, the trailer 8.
    const bytes = file.subarray(at, at + 10 + engine.bytesWritten + 8);
    members.push({ bytes, content: gunzipSync(bytes) });
    at += bytes.length;
  }
  return members;
}

interface TarredEntry {
  readonly path: string;
  /** "0": a file, "5": a folder. */
  readonly type: string;
  readonly mode: number;
  /** Ids and names of user and group. */
  readonly owner: string;
  readonly content: Buffer;
  /** Values of the extended header before it. */
  readonly values: ReadonlyMap<string, string>;
}

/** Reads a tar archive up to its end, with other code than the one that wrote it. */
export function readTar(archive: Buffer): TarredEntry[] {
  const entries: TarredEntry[] = [];
  let values = new Map<string, string>();
  for (let at = 0; at + 512 <= archive.length; ) {
    const header = archive.subarray(at, at + 512);
    if (header[0] === 0) break;
    const text = (from: number, length: number): string =>
      header.toString('utf8', from, from + length).replace(/\0.*$/s, '');
    const number = (from: number, length: number): number => Number.parseInt(text(from, length), 8);
    const size = number(124, 12);
    const content = archive.subarray(at + 512, at + 512 + size);
    const type = text(156, 1);
    if (type === 'x') {
      values = new Map(
        [...content.toString().matchAll(/^\d+ ([^=]+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]),
      );
    } else {
      const owner = `${number(108, 8)} ${number(116, 8)} ${text(265, 32)} ${text(297, 32)}`;
      entries.push({ path: text(0, 100), type, mode: number(100, 8), owner, content, values });
      values = new Map();
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return entries;
}
