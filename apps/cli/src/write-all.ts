import { brokenOutputCode } from './broken-output.ts';

/**
 * Writes, and waits if the reader is slow, so that at most one chunk is buffered. Output that can no longer be written is
 * discarded: broken-output.ts decides what follows.
 */
export async function writeAll(stream: NodeJS.WriteStream, bytes: Uint8Array): Promise<void> {
  if (stream === process.stdout && brokenOutputCode() !== undefined) return;
  if (stream.write(bytes)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const events = ['drain', 'error', 'close'] as const;
  for (const event of events) stream.once(event, resolve);
  await promise;
  for (const event of events) stream.off(event, resolve);
}
