/** What is known of a terminal besides its screen; kept over a restart of the daemon. */
export interface TerminalRecord {
  readonly id: string;
  readonly vmId: string;
  /** As it was asked for; empty: what the program calls itself. */
  readonly title: string;
  /** In the guest; empty: the agent's own. */
  readonly user: string;
  readonly argv: readonly string[];
  readonly columns: number;
  readonly rows: number;
  readonly createdMs: number;
  /** The control plane's user. */
  readonly createdBy: string;
}

/** The agent's id of the process. */
export function processIdOf({ id }: Pick<TerminalRecord, 'id'>): string {
  return `terminal-${id}`;
}
