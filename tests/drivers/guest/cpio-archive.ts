export interface CpioEntry {
  /** Without a leading slash. */
  readonly name: string;
  /** Type and permission bits, as in stat. */
  readonly mode: number;
  readonly content?: Uint8Array | undefined;
  /** Major and minor numbers of a device. */
  readonly device?: readonly [number, number] | undefined;
}

/** An archive in the "newc" format that Linux accepts as an initramfs. Written here, since that needs no root for device nodes. */
export function createCpioArchive(entries: readonly CpioEntry[]): Buffer {
  const trailer: CpioEntry = { name: 'TRAILER!!!', mode: 0 };
  return Buffer.concat([...entries, trailer].flatMap((entry, index) => encodeEntry(entry, index + 1)));
}

function encodeEntry(entry: CpioEntry, inode: number): Uint8Array[] {
  const content = entry.content ?? new Uint8Array(0);
  const name = Buffer.from(`${entry.name}\0`);
  const [major, minor] = entry.device ?? [0, 0];
  const numbers = [inode, entry.mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0];
  const header = Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`);
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array(-length & 3);
}
