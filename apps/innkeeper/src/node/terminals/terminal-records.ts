import { rm } from 'node:fs/promises';
import { errorMessage, type Log, mib } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import type { TerminalRepository, TerminalRow } from '@innkeeper/store';
import { isMissing } from '../data/unfinished.ts';
import type { TerminalRecord } from './terminal-record.ts';

const saveAfterMs = 500;
const maxFileBytes = 16 * mib;

/** A terminal as stored, with its current size. */
export interface KeptTerminal {
  readonly record: TerminalRecord;
  readonly columns: number;
  readonly rows: number;
}

/** Storage for the terminals that run on a node. */
export interface TerminalPlace {
  readonly terminals: Pick<TerminalRepository, 'list' | 'replace'>;
  readonly nodeId: string;
  /** A file in which an earlier version stored them: imported once and removed. */
  readonly oldFile?: string;
}

/** The running terminals in the database. Losing the record does not lose processes, which can be followed by their ids. */
export class TerminalRecords {
  readonly #place: TerminalPlace | undefined;
  readonly #log: Log;
  readonly #running: () => readonly KeptTerminal[];
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(place: TerminalPlace | undefined, log: Log, running: () => readonly KeptTerminal[]) {
    this.#place = place;
    this.#log = log;
    this.#running = running;
  }

  /** The terminals that were running at the last save; empty when they cannot be read. */
  async load(): Promise<readonly TerminalRecord[]> {
    if (this.#place === undefined) return [];
    const { terminals, nodeId, oldFile } = this.#place;
    try {
      const rows = await terminals.list(nodeId);
      const records = rows.map(recordOf);
      return oldFile === undefined ? records : await this.#takeOver(this.#place, oldFile, records);
    } catch (error) {
      this.#log.warn('terminals.not-read', { message: errorMessage(error) });
      return [];
    }
  }

  /** Saves within half a second, since dragging a window resizes it a hundred times. */
  saveSoon(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => void this.save(), saveAfterMs).unref();
  }

  /** Saves the running terminals. A failure is only logged: terminals continue, and the previous record is kept. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#saving;
    this.#saving = before.then(() => this.#write());
    await this.#saving;
  }

  /** Stops saving. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #write(): Promise<void> {
    if (this.#place === undefined || this.#closed) return;
    const { terminals, nodeId } = this.#place;
    const rows = this.#running().map(({ record, columns, rows }) => rowOf({ ...record, columns, rows }));
    try {
      await terminals.replace(nodeId, rows);
    } catch (error) {
      this.#log.warn('terminals.not-written', { message: errorMessage(error) });
    }
  }

  /** Includes the terminals of the old file, which is removed once the database has them and read at each start before. */
  async #takeOver(
    { terminals, nodeId }: TerminalPlace,
    oldFile: string,
    known: readonly TerminalRecord[],
  ): Promise<readonly TerminalRecord[]> {
    let all = known;
    try {
      const text = (await readRegularFile(oldFile, maxFileBytes)).toString('utf8');
      const found = (JSON.parse(text) as { terminals: TerminalRecord[] }).terminals;
      all = [...known, ...found.filter(({ id }) => !known.some((record) => record.id === id))];
      await terminals.replace(nodeId, all.map(rowOf));
      await rm(oldFile);
    } catch (error) {
      if (!isMissing(error))
        this.#log.warn('terminals.not-taken-over', { path: oldFile, message: errorMessage(error) });
    }
    return all;
  }
}

function rowOf(record: TerminalRecord): Omit<TerminalRow, 'node_id'> {
  const { id, title, columns, rows } = record;
  return {
    id,
    title,
    columns,
    rows,
    vm_id: record.vmId,
    guest_user: record.user,
    argv: JSON.stringify(record.argv),
    created_ms: record.createdMs,
    created_by: record.createdBy,
  };
}

function recordOf(row: TerminalRow): TerminalRecord {
  const { id, title, columns, rows } = row;
  return {
    id,
    title,
    columns,
    rows,
    vmId: row.vm_id,
    user: row.guest_user,
    argv: JSON.parse(row.argv) as string[],
    createdMs: row.created_ms,
    createdBy: row.created_by,
  };
}
