import type { CodeName } from './code.ts';

export interface Reason {
  readonly code: CodeName;
  /** When it is given. docs/protocol/errors.md is made from this. */
  readonly when: string;
  /** What the reader can do; the message of the single error may say more. */
  readonly next: string;
  /**
   * Whether an agent may end a call with it. An agent is hostile input: any other reason from a guest becomes AGENT_ERROR,
   * so that no guest can speak for the daemon. Default: false.
   */
  readonly raisedByGuest?: boolean;
}
