/** Everything about a terminal except its screen; survives a restart of the daemon. */
export interface TerminalRecord {
  readonly id: string;
  readonly vmId: string;
  /** The requested title; empty: the title that the program sets. */
  readonly title: string;
  /** User in the guest; empty: the agent's user. */
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
