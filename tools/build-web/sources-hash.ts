import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['apps/web/src', 'packages/kit/src', 'packages/contract/src', 'packages/client/src', 'tools/build-web'];
/** Files with the versions of bundled packages. */
const files = ['package-lock.json'];

/** A hash of all inputs of the web console. */
export function sourcesHash(root: string): string {
  const hash = createHash('sha256');
  const sources = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .sort(),
  );
  for (const file of [...sources, ...files])
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}
