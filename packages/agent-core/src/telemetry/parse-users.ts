/** One login of utmp. */
export interface Login {
  readonly name: string;
  readonly terminal: string;
  readonly host: string;
  readonly sinceUnixNs: bigint;
}

/** struct utmp of Linux on x86-64 and arm64 (utmp(5)). */
const recordBytes = 384;
const USER_PROCESS = 7;
const maxLogins = 256;

/** Logins of a utmp file; a torn last record is left out. */
export function parseUsers(bytes: Uint8Array): Login[] {
  const logins: Login[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + recordBytes <= bytes.length && logins.length < maxLogins; at += recordBytes) {
    if (view.getInt16(at, true) !== USER_PROCESS) continue;
    logins.push({
      terminal: text(bytes, at + 8, 32),
      name: text(bytes, at + 44, 32),
      host: text(bytes, at + 76, 256),
      sinceUnixNs: BigInt(view.getInt32(at + 340, true)) * 1_000_000_000n,
    });
  }
  return logins;
}

function text(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}
