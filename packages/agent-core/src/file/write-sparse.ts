import type { FileHandle, Host } from '../host.ts';

/** The usual block of file systems: a hole is at least one. */
const holeBytes = 4096;

/** Writes what is not zeros, so that blocks of zeros of a new file become holes. The file can be shorter afterwards. */
export function writeSparse({ files, bytes }: Host, file: FileHandle, data: Uint8Array, offset: number): void {
  let from = 0;
  for (let at = 0; at < data.length; ) {
    const end = Math.min(data.length, at + holeBytes - ((offset + at) % holeBytes));
    if (bytes.countLeadingZeros(data.subarray(at, end)) === end - at) {
      if (at > from) files.write(file, data.subarray(from, at), offset + from);
      from = end;
    }
    at = end;
  }
  if (data.length > from) files.write(file, data.subarray(from), offset + from);
}
