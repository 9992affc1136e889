/** Largest message of a stream; no response of the API comes close. */
const maxEnvelopeBytes = 64 * 1024 * 1024;
const headBytes = 5;

export interface Envelope {
  /** The end-of-stream envelope, which carries no message. */
  readonly last: boolean;
  readonly data: Uint8Array;
}

/** Splits a Connect stream into its messages. Ends where the bytes end; an incomplete last message is dropped. */
export async function* readEnvelopes(body: ReadableStream<Uint8Array>): AsyncGenerator<Envelope> {
  const reader = body.getReader();
  let kept = new Uint8Array(0);
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      kept = concat(kept, value);
      let at = 0;
      while (kept.length - at >= headBytes) {
        const length = new DataView(kept.buffer, kept.byteOffset + at + 1).getUint32(0);
        if (length > maxEnvelopeBytes)
          throw new RangeError(`Message of ${length} bytes exceeds the limit of ${maxEnvelopeBytes} bytes.`);
        if (kept.length - at - headBytes < length) break;
        const start = at + headBytes;
        yield { last: ((kept[at] ?? 0) & 2) !== 0, data: kept.subarray(start, start + length) };
        at = start + length;
      }
      kept = kept.slice(at);
    }
  } finally {
    // Leaving the iteration ends the call.
    await reader.cancel();
  }
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
