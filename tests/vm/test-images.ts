import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '@innkeeper/client';
import { inn, innText } from './inn.ts';

const sources = join(import.meta.dirname, '../../packages/images/src');

/** In a data folder: the hash of the sources that its image is made with. */
function stampOf(dataDirectory: string, image: string): string {
  return join(dataDirectory, `${image}.made-with`);
}

/**
 * Builds an image in a daemon's data folder if it is not there. The tiny image is made again when the sources of this tree
 * differ from those that it was made with; the others take minutes and stay. Prints nothing.
 */
export async function ensureImage(dataDirectory: string, image: string): Promise<void> {
  const stamp = stampOf(dataDirectory, image);
  const hash = sourcesHash();
  const { images } = await createClient({ socketPath: join(dataDirectory, 'innkeeper.sock') }).images.listImages({});
  if (readStamp(stamp) === hash && images.some(({ name }) => name === image)) return;
  rmSync(stamp, { force: true });
  if (image === 'tiny') await removeImage(dataDirectory, image);
  await innText(['image', 'build', image], { dataDirectory, timeoutMs: 900_000 });
  writeFileSync(stamp, hash);
}

/** Has the next test file make the image again, since this one changes it. */
export function forgetImage(dataDirectory: string, image: string): void {
  rmSync(stampOf(dataDirectory, image), { force: true });
}

async function removeImage(dataDirectory: string, image: string): Promise<void> {
  const result = await inn(['image', 'rm', image], { dataDirectory });
  if (result.exitCode !== 0 && !result.stderr.includes('IMAGE_NOT_FOUND')) throw new Error(result.stderr);
}

function readStamp(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort())
    if (name.endsWith('.ts')) hash.update(`${name}\n`).update(readFileSync(join(sources, name)));
  return hash.digest('hex');
}
