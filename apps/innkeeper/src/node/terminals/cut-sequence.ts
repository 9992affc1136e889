/** Longer sequences are not tracked: a viewer that joins in the middle of one sees the rest as text. */
const maxKeptBytes = 4096;
const esc = 0x1b;

/**
 * Returns the incomplete character or escape sequence at the end of the output; `before` is the result for the output until
 * now. A viewer that joins here must receive it before later output.
 */
export function bytesBeforeCut(before: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const recent = bytes.subarray(Math.max(0, bytes.length - maxKeptBytes));
  const tail = new Uint8Array(Buffer.concat([before, recent]).subarray(-maxKeptBytes));
  return tail.slice(startOfCutSequence(tail) ?? startOfCutCharacter(tail));
}

function startOfCutSequence(tail: Uint8Array): number | undefined {
  for (let start = tail.indexOf(esc); start >= 0; ) {
    const end = endOfSequence(tail, start);
    if (end === undefined) return start;
    start = tail.indexOf(esc, end);
  }
  return undefined;
}

/** The offset after the sequence that begins at an ESC; undefined when it is incomplete. */
function endOfSequence(tail: Uint8Array, start: number): number | undefined {
  const kind = tail[start + 1];
  if (kind === undefined) return undefined;
  const from = start + 2;
  const find = (isLast: (byte: number) => boolean): number | undefined => {
    for (let at = from; at < tail.length; at++) if (isLast(tail[at] ?? 0)) return at;
    return undefined;
  };
  const after = (at: number | undefined): number | undefined => (at === undefined ? undefined : at + 1);
  // CSI
  if (kind === 0x5b) return after(find((byte) => byte >= 0x40 && byte <= 0x7e));
  // Intermediate bytes, such as in "ESC ( B".
  if (kind >= 0x20 && kind <= 0x2f) return after(find((byte) => byte >= 0x30));
  if (!']PX^_'.includes(String.fromCharCode(kind))) return from;
  const at = find((byte) => byte === 0x07 || byte === 0x18 || byte === 0x1a || byte === esc);
  if (at === undefined || tail[at] !== esc) return after(at);
  // "ESC \" ends a string, and its second half may be missing.
  return at + 1 < tail.length ? at : undefined;
}

/** An incomplete UTF-8 character. */
function startOfCutCharacter(tail: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, tail.length); back++) {
    const byte = tail[tail.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? tail.length - back : tail.length;
  }
  return tail.length;
}
