/** A login from utmp. */
export interface Login {
  readonly name: string;
  readonly terminal: string;
  readonly host: string;
  readonly sinceUnixNs: bigint;
}

/** struct utmp of glibc (utmp(5)): x86-64 keeps the 32-bit layout, arm64 has 64-bit times. */
const layouts = {
  compact: {
    recordBytes: 384,
    secondsAt: 340,
    secondsOf: (view: DataView, at: number) => BigInt(view.getInt32(at, true)),
  },
  wide: { recordBytes: 400, secondsAt: 344, secondsOf: (view: DataView, at: number) => view.getBigInt64(at, true) },
} as const;
const USER_PROCESS = 7;

/** Logins in a utmp file; `machine` as in uname. A truncated last record is ignored. */
export function parseUsers(bytes: Uint8Array, machine: string): Login[] {
  const { recordBytes, secondsAt, secondsOf } = layouts[machine === 'aarch64' ? 'wide' : 'compact'];
  const logins: Login[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + recordBytes <= bytes.length; at += recordBytes) {
    if (view.getInt16(at, true) !== USER_PROCESS) continue;
    logins.push({
      terminal: text(bytes, at + 8, 32),
      name: text(bytes, at + 44, 32),
      host: text(bytes, at + 76, 256),
      sinceUnixNs: secondsOf(view, at + secondsAt) * 1_000_000_000n,
    });
  }
  return logins;
}

function text(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}
