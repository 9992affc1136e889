/** One and a half frames of the native dialect. */
export const readBufferBytes = 96 * 1024;

let buffer: Uint8Array<ArrayBuffer> | undefined;

/**
 * Shared by all channels whose readers consume bytes at once: the content is valid until the next read of any channel.
 */
export function readBuffer(): Uint8Array<ArrayBuffer> {
  buffer ??= new Uint8Array(readBufferBytes);
  return buffer;
}
