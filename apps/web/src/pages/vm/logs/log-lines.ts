import { logPriorityName } from '@innkeeper/client/browser';
import type { LogBatch, LogEntry } from '@innkeeper/contract/agent';
import { cleanText, quoteWord } from '@innkeeper/kit';

/** Lines that the page keeps; older ones are dropped. */
export const maxKeptLines = 10_000;

/** A line of the page. */
export interface LogLine {
  /** Ascending, for keys. */
  readonly id: number;
  readonly entry: LogEntry | undefined;
  /** Instead of an entry: what happened to the log here. */
  readonly note: string;
  /** What the filter searches, in lower case. */
  readonly searched: string;
}

/** The last 10,000 lines, as a new list for each change, since React compares lists by identity. */
export class LogLines {
  #lines: LogLine[] = [];
  #last = 0;

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  addBatch({ entries, lost, rotated }: LogBatch): void {
    const added: LogLine[] = [];
    if (rotated) added.push(this.#note('The file was replaced or truncated.'));
    if (lost > 0n) added.push(this.#note(`${lost} entries were lost: the log no longer has them.`));
    for (const entry of entries)
      added.push({
        id: ++this.#last,
        entry,
        note: '',
        searched: `${entry.source} ${entry.message} ${logPriorityName(entry.priority) ?? ''}`.toLowerCase(),
      });
    this.#lines = [...this.#lines, ...added].slice(-maxKeptLines);
  }

  addNote(text: string): void {
    this.#lines = [...this.#lines, this.#note(text)].slice(-maxKeptLines);
  }

  #note(note: string): LogLine {
    return { id: ++this.#last, entry: undefined, note, searched: '' };
  }
}

/** Lines that contain all words; notes stay. */
export function filterLines(lines: readonly LogLine[], text: string): readonly LogLine[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return lines;
  return lines.filter(({ note, searched }) => note !== '' || words.every((word) => searched.includes(word)));
}

const logSources = ['journal', 'kernel', 'agent', 'file'] as const;
export type LogSourceKey = (typeof logSources)[number];

/** What is read: the address of the page has it. */
export interface LogChoice {
  readonly source: LogSourceKey;
  readonly unit: string;
  readonly file: string;
  /** 0 to 7 as text; empty: all. */
  readonly priority: string;
}

/** Reads the choice from an address. Default: the journal, or the kernel's log where there is none. */
export function logChoiceOf(parameters: URLSearchParams, hasJournal: boolean): LogChoice {
  const source = logSources.find((each) => each === parameters.get('source')) ?? (hasJournal ? 'journal' : 'kernel');
  const priority = /^[0-7]$/.exec(parameters.get('priority') ?? '')?.[0] ?? '';
  return { source, unit: parameters.get('unit') ?? '', file: parameters.get('file') ?? '', priority };
}

/** The `inn` command that does the same. */
export function logsCommand(vm: string, { source, unit, file, priority }: LogChoice): string {
  const from =
    source === 'file'
      ? ` --file ${quoteWord(file === '' ? 'PATH' : file)}`
      : source === 'kernel'
        ? ' --dmesg'
        : source === 'agent'
          ? ' --agent'
          : unit === ''
            ? ''
            : ` --unit ${quoteWord(unit)}`;
  return `inn logs ${quoteWord(vm)}${from}${priority === '' || source === 'file' ? '' : ` -p ${priority}`} -f`;
}

/** A guest's text as one line, whatever it contains. */
export function lineText(text: string): string {
  return cleanText(text);
}
