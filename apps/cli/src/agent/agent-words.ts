/** What stands after `inn --agent ADDRESS`. */
export interface AgentWords {
  readonly address: string;
  readonly rest: readonly string[];
}

/**
 * Finds `--agent ADDRESS` or `--agent=ADDRESS` right after `inn`: then no daemon is used. Behind a command it is an option
 * of that command, such as of `inn adopt`.
 */
export function agentWords([, , first = '', second, ...rest]: readonly string[]): AgentWords | undefined {
  if (first === '--agent' && second !== undefined) return { address: second, rest };
  if (!first.startsWith('--agent=')) return undefined;
  return { address: first.slice('--agent='.length), rest: second === undefined ? rest : [second, ...rest] };
}
