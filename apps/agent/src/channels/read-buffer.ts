/** One frame of the native dialect and half another. */
export const readBufferBytes = 96 * 1024;

let buffer: Uint8Array<ArrayBuffer> | undefined;

/** Memory for all channels whose bytes are taken at once: what is read into it is valid until anybody reads again. */
export function readBuffer(): Uint8Array<ArrayBuffer> {
  buffer ??= new Uint8Array(readBufferBytes);
  return buffer;
}
