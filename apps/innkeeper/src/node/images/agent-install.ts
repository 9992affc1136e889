/** What is known of the agent in an image or a VM: its version, or why there is none. */
export interface AgentInstall {
  readonly version: string;
  readonly initSystem: string;
  /** Stable reason; empty when the agent is in it. */
  readonly reason: string;
  readonly detail: string;
  readonly nextStep: string;
}

export const unknownAgentInstall: AgentInstall = { version: '', initSystem: '', reason: '', detail: '', nextStep: '' };

/** Reads what `JSON.stringify` of one wrote. */
export function parseAgentInstall(json: string): AgentInstall {
  return { ...unknownAgentInstall, ...(JSON.parse(json) as Partial<AgentInstall>) };
}
