/** The installed agent of an image or a VM: its version, or why there is none. */
export interface AgentInstall {
  readonly version: string;
  readonly initSystem: string;
  /** Stable reason for a missing agent; empty when it is installed. */
  readonly reason: string;
  readonly detail: string;
  readonly nextStep: string;
}

export const unknownAgentInstall: AgentInstall = { version: '', initSystem: '', reason: '', detail: '', nextStep: '' };

/** Parses the JSON of a row. */
export function parseAgentInstall(json: string): AgentInstall {
  return { ...unknownAgentInstall, ...(JSON.parse(json) as Partial<AgentInstall>) };
}
