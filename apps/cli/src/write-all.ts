/** Writes, and waits while the reader is slow: no more than one piece is held here. */
export async function writeAll(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (stream.write(bytes)) return;
  await new Promise<void>((resolve) => stream.once('drain', resolve));
}
