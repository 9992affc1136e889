import type { Log } from '@innkeeper/kit';
import { openOptions } from '../file/open-options.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { freezeRecordFolder as folder, freezeRecordPath as path } from './freeze-record-path.ts';
import { describeHook, FreezeHooks } from './hooks.ts';

const maxBytes = 256 * 1024;
const thawTimeoutMs = 5000;

/** What a later agent needs if this one is killed while file systems are frozen. */
export interface FreezeRecord {
  readonly bootId: string;
  readonly agentPid: number;
  readonly mountPoints: readonly string[];
  /** Pre-freeze hooks, and whether they were started; undefined if hooks were not wanted. */
  readonly hooks: readonly (readonly [string, boolean])[] | undefined;
  readonly hookTimeoutMs: number;
}

/** Written before the first file system is frozen. Without /run there is none: the helper thaws all the same. */
export function writeRecord(host: Host, record: FreezeRecord): void {
  try {
    host.files.makeDirectory(folder, 0o700);
  } catch {
    // EEXIST, or EROFS, which the next call reports, too.
  }
  try {
    const options = { access: 'write', create: true, truncate: true, mode: 0o600, noSymlinks: true } as const;
    const file = host.files.open(path, openOptions(options));
    try {
      host.files.write(file, new TextEncoder().encode(JSON.stringify(record)), 0);
    } finally {
      file.close();
    }
  } catch {
    // EACCES and the like: not root, which cannot freeze anyway.
  }
}

export function removeRecord(host: Host): void {
  try {
    host.files.unlink(path);
  } catch {
    // ENOENT: it could not be written.
  }
}

/**
 * Finishes what an earlier agent could not: thaws in case its helper was killed with it, and runs the post-thaw hooks,
 * among them `hook`, which is configured besides those in their folders. Nothing if that agent still runs.
 */
export async function recoverFreeze(host: Host, log: Log, bootId: string, hook: string | undefined): Promise<void> {
  const record = readRecord(host);
  if (record === undefined) return;
  if (record.bootId !== bootId) {
    removeRecord(host);
    return;
  }
  if (isAgent(host, record.agentPid)) return;
  // In reverse: what the others are stored on comes first.
  for (const mountPoint of [...record.mountPoints].reverse())
    try {
      const wasFrozen = await host.freezer.thaw(mountPoint, thawTimeoutMs);
      if (wasFrozen) log.warn('freeze.recovered', { mountPoint });
    } catch (error) {
      log.error('freeze.not-recovered', { mountPoint, error: String(error) });
    }
  removeRecord(host);
  if (record.hooks === undefined) return;
  const hooks = new FreezeHooks(host, record.hookTimeoutMs, { before: new Map(record.hooks), extra: hook });
  await hooks.runAfter((result) => log.info('freeze.hook', { result: describeHook(result) }));
}

function readRecord(host: Host): FreezeRecord | undefined {
  const text = readTrimmed(host, path, maxBytes);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as FreezeRecord;
  } catch {
    removeRecord(host);
    return undefined;
  }
}

/** Whether another running agent has this pid. */
export function isAgent(host: Host, pid: number): boolean {
  if (pid === host.system.pid) return false;
  const nameOf = (process: string): string | undefined => readTrimmed(host, `/proc/${process}/comm`);
  return nameOf(`${pid}`) !== undefined && nameOf(`${pid}`) === nameOf('self');
}
