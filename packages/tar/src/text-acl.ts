/** Entries of an ACL beyond this are refused, as the kernel refuses an attribute that is too large. */
const maxEntries = 1024;
const version = 2;
const noId = 0xffff_ffff;
/** Tags of the kernel's struct posix_acl_xattr_entry, for entries without and with a name. */
const tags: Readonly<Record<string, readonly [number, number]>> = {
  user: [0x01, 0x02],
  group: [0x04, 0x08],
  mask: [0x10, 0],
  other: [0x20, 0],
};

/**
 * An ACL in text form ("user::rw-\nuser:1000:r--\n…"), as GNU tar and star write it, as the value of the attribute
 * `system.posix_acl_access` or `…_default`; or why it cannot be converted. Names of users are those of the machine that
 * wrote the archive, whose numbers are not known here; star adds the number.
 */
export function parseTextAcl(text: string): { readonly value: Uint8Array } | { readonly why: string } {
  const lines = text.split(/[\n,]/).map((line) => line.replace(/#.*/s, '').trim());
  const entries: (readonly [tag: number, permissions: number, id: number])[] = [];
  for (const line of lines.filter((each) => each !== '')) {
    const [, kind = '', name = '', permissions = '', number = ''] =
      /^(user|group|mask|other):([^:]*):([rwx-]{0,3})(?::(\d+))?$/.exec(line) ?? [];
    const [plain = 0, named = 0] = tags[kind] ?? [];
    if (plain === 0 || (name !== '' && named === 0)) return { why: 'is malformed' };
    const digits = number === '' ? name : number;
    if (name !== '' && !/^\d+$/.test(digits)) return { why: `names the ${kind} ${name.slice(0, 64)} without a number` };
    const id = name === '' ? noId : Number(digits);
    if (id > noId || entries.length === maxEntries) return { why: 'is malformed' };
    entries.push([name === '' ? plain : named, bitsOf(permissions), id]);
  }
  // The kernel wants the kinds in this order.
  entries.sort(([tag, , id], [otherTag, , otherId]) => tag - otherTag || id - otherId);
  const value = new DataView(new ArrayBuffer(4 + entries.length * 8));
  value.setUint32(0, version, true);
  for (const [index, [tag, permissions, id]] of entries.entries()) {
    value.setUint16(4 + index * 8, tag, true);
    value.setUint16(6 + index * 8, permissions, true);
    value.setUint32(8 + index * 8, id, true);
  }
  return { value: new Uint8Array(value.buffer) };
}

function bitsOf(permissions: string): number {
  return (
    (permissions.includes('r') ? 4 : 0) | (permissions.includes('w') ? 2 : 0) | (permissions.includes('x') ? 1 : 0)
  );
}
