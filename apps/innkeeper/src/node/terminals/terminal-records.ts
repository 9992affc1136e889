import { rename, writeFile } from 'node:fs/promises';
import { type Log, mib } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import type { TerminalRecord } from './terminal-record.ts';

const saveAfterMs = 500;
const maxRecordBytes = 16 * mib;

/** A terminal as it is kept: its size is the one it has now. */
export interface KeptTerminal {
  readonly record: TerminalRecord;
  readonly columns: number;
  readonly rows: number;
}

/** The file in which it is kept which terminals run. Losing it loses no process: those can still be followed by their ids. */
export class TerminalRecords {
  readonly #path: string | undefined;
  readonly #log: Log;
  readonly #running: () => readonly KeptTerminal[];
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(path: string | undefined, log: Log, running: () => readonly KeptTerminal[]) {
    this.#path = path;
    this.#log = log;
    this.#running = running;
  }

  /** Those that ran when it was last saved; none when it cannot be read. */
  async load(): Promise<readonly TerminalRecord[]> {
    if (this.#path === undefined) return [];
    try {
      return (
        JSON.parse((await readRegularFile(this.#path, maxRecordBytes)).toString('utf8')) as {
          terminals: TerminalRecord[];
        }
      ).terminals;
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isMissing) this.#log.warn('terminals.not-read', { message: String(error) });
      return [];
    }
  }

  /** Within half a second; a window that is dragged resizes a hundred times. */
  saveSoon(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => void this.save(), saveAfterMs).unref();
  }

  /** Writes what runs now. A failure is logged: terminals go on without it. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#saving;
    this.#saving = before.then(() => this.#write());
    await this.#saving;
  }

  /** Nothing is saved any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #write(): Promise<void> {
    if (this.#path === undefined || this.#closed) return;
    const terminals = this.#running().map(({ record, columns, rows }) => ({ ...record, columns, rows }));
    try {
      await writeFile(`${this.#path}.new`, JSON.stringify({ terminals }), { mode: 0o600 });
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#log.warn('terminals.not-written', { message: String(error) });
    }
  }
}
