/** Writes, and waits if the reader is slow, so that at most one chunk is buffered. */
export async function writeAll(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (stream.write(bytes)) return;
  await new Promise<void>((resolve) => stream.once('drain', resolve));
}
