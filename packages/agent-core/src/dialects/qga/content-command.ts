import type { Arguments, JsonValue, NeededMethod } from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';
import type { Spool } from '../../file/spool.ts';
import type { Host } from '../../host.ts';
import type { AnswerWriter } from './answer-writer.ts';
import type { ExecTable } from './exec-table.ts';

/** What a command with contents may use of its session. */
export interface ContentSession {
  readonly execs: ExecTable;
  /** An id that no process has. */
  freshId(): string;
  readonly dispatcher: Dispatcher;
  readonly host: Host;
  readonly signal: AbortSignal;
  readonly writer: AnswerWriter;
  /** The content that the request carried, decoded; it is the caller's then. */
  takeContent(): Spool;
  /** Called when the answer is written. */
  afterwards(release: () => void): void;
}

/** An answer that is written while it is made; `rest` is what follows its result: the id. */
export type WriteAnswer = (rest: string) => Promise<void>;

/** A command whose request or answer has contents, which never are in memory as a whole. */
export interface ContentCommand {
  readonly name: string;
  /** As of a QgaCommand. */
  readonly needs: readonly NeededMethod[];
  /** Reads the arguments, and returns what the command does. @throws QgaError */
  prepare(parameters: Arguments): (session: ContentSession) => Promise<JsonValue | WriteAnswer>;
}
