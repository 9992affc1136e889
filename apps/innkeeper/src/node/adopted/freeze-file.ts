import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FreezeRecord, FreezeRecords } from '@innkeeper/agent-client';
import { readRegularFile } from '@innkeeper/kit/node';
import type { DataFolder } from '../data/data-folder.ts';
import { writePrivateFile } from '../data/private-file.ts';

const maxFileBytes = 4096;

/** The freeze of an adopted VM in a file, which is there while it lasts. */
export function freezeOf(folder: Pick<DataFolder, 'adopted'>, vmId: string): FreezeRecords {
  const path = join(folder.adopted, `freeze-${vmId}.json`);
  return {
    load: async () => {
      try {
        return recordOf(JSON.parse((await readRegularFile(path, maxFileBytes)).toString()));
      } catch (error) {
        if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
          return undefined;
        throw error;
      }
    },
    save: async (record) => {
      if (record === undefined) {
        await rm(path, { force: true });
        return;
      }
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writePrivateFile(path, JSON.stringify(record));
    },
  };
}

/** Undefined for a file that says something else. */
function recordOf(value: unknown): FreezeRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, endsUnixMs, count } = value as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || typeof endsUnixMs !== 'number' || typeof count !== 'number') return undefined;
  return { id, endsUnixMs, count };
}
