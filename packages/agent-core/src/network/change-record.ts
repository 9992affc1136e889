import { openOptions } from '../file/open-options.ts';
import { syncTimeoutMs } from '../file/sync-folder.ts';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import type { SavedFile } from './guest-file.ts';
import type { KernelSnapshot } from './kernel-network.ts';

/** The files, doubled by their encoding, and the rest. */
const maxBytes = 8 * 1024 * 1024;

/** All that a later agent needs to roll a change back. */
export interface ChangeRecord {
  readonly bootId: string;
  readonly agentPid: number;
  readonly id: string;
  readonly interface: string;
  readonly linkIndex: number;
  /** As in ChangePlan. */
  readonly before: string;
  readonly undo: string;
  readonly flush: boolean;
  readonly files: readonly SavedFile[];
  readonly kernel: KernelSnapshot;
}

/** A record on disk of a change that is not confirmed: written before anything is changed, removed by its confirmation. */
export class ChangeRecordFile {
  readonly #host: Host;
  readonly #path: string;

  constructor(host: Host, path: string) {
    this.#host = host;
    this.#path = path;
  }

  /** @throws HostError: without a record nothing may be changed */
  async write(record: ChangeRecord): Promise<void> {
    const { files } = this.#host;
    for (let at = this.#path.indexOf('/', 1); at > 0; at = this.#path.indexOf('/', at + 1))
      try {
        files.makeDirectory(this.#path.slice(0, at), 0o755);
      } catch {
        // EEXIST, or what the next call reports.
      }
    const options = { access: 'write', create: true, truncate: true, mode: 0o600, noSymlinks: true } as const;
    const file = files.open(this.#path, openOptions(options));
    try {
      files.write(file, new TextEncoder().encode(JSON.stringify(record)), 0);
      await files.sync(file, syncTimeoutMs);
    } finally {
      file.close();
    }
  }

  /** @throws HostError */
  remove(): void {
    try {
      this.#host.files.unlink(this.#path);
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
  }

  /** Undefined: there is none. An incomplete one is from before anything was changed. */
  read(): ChangeRecord | undefined {
    const text = readTrimmed(this.#host, this.#path, maxBytes);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as ChangeRecord;
    } catch {
      this.remove();
      return undefined;
    }
  }
}
