import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mib } from '@innkeeper/kit';
import type { Abortable } from './host-tools/index.ts';

/** SHA-256 of a file in hex. Rejects as fs does, and with the signal's reason. */
export async function hashFile(path: string, { signal }: Abortable = {}): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path, { highWaterMark: mib, signal })) hash.update(bytes);
  return hash.digest('hex');
}
