import type { CodeName } from './code.ts';

export interface Reason {
  readonly code: CodeName;
  /** When it is given. docs/protocol/errors.md is made from this. */
  readonly when: string;
  /** What the reader can do; the message of the single error may say more. */
  readonly next: string;
}
