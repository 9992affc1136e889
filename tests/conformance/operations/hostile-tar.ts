/** A ustar entry with content, written independently of the tested code. */
export function entry(
  name: string,
  {
    type = '0',
    link = '',
    content = '',
    mode = 0o644,
    uid = 0,
  }: {
    readonly type?: string;
    readonly link?: string;
    readonly content?: string;
    readonly mode?: number;
    readonly uid?: number;
  } = {},
): Buffer {
  const block = Buffer.alloc(512);
  block.write(name.slice(0, 100));
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write(`${uid.toString(8).padStart(7, '0')}\0`, 108);
  block.write('0000000\0', 116);
  block.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write(type, 156);
  block.write(link.slice(0, 100), 157);
  block.write('ustar\x0000', 257);
  sign(block);
  const bytes = Buffer.from(content);
  return Buffer.concat([block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** An extended header with these records. */
export function paxHeader(records: Readonly<Record<string, string>>): Buffer {
  const content = Object.entries(records)
    .map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      let length = Buffer.byteLength(rest) + 1;
      while (`${length}`.length + Buffer.byteLength(rest) !== length) length++;
      return `${length}${rest}`;
    })
    .join('');
  return entry('pax', { type: 'x', content });
}

/** The entries followed by the end-of-archive marker. */
export function archive(...entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

/** An entry with another size in its header and a correct checksum. */
export function resign(bytes: Buffer, { size }: { readonly size: string }): Buffer {
  const changed = Buffer.from(bytes);
  changed.write(size, 124);
  sign(changed.subarray(0, 512));
  return changed;
}

function sign(block: Buffer): void {
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}
