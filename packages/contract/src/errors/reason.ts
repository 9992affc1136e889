import type { CodeName } from './code.ts';

export interface Reason {
  readonly code: CodeName;
  /** When this error occurs. docs/protocol/errors.md is generated from this. */
  readonly when: string;
  /** What the reader can do; the message of a particular error may say more. */
  readonly next: string;
  /**
   * Whether an agent may end a call with it. An agent is hostile input: any other reason from a guest becomes AGENT_ERROR,
   * so that a guest cannot speak for the daemon. Default: false.
   */
  readonly raisedByGuest?: boolean;
}
