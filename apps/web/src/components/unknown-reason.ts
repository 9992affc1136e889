import { type Agent, AgentState } from '@innkeeper/contract/control';

const reasons: Readonly<Record<AgentState, string>> = {
  [AgentState.UNSPECIFIED]: 'The state of the agent is unknown to this console.',
  [AgentState.OFF]: 'The VM is not running.',
  [AgentState.WAITING]: 'The agent has not connected yet.',
  [AgentState.CONNECTED]: 'The agent has not reported this figure.',
  [AgentState.LOST]: 'The agent is not responding.',
  [AgentState.PAUSED]: 'The VM is paused, so the agent cannot respond.',
  [AgentState.ABSENT]: 'The guest has no agent.',
};

/** Why a figure of the guest is unknown. */
export function unknownReason(agent: Pick<Agent, 'state' | 'detail'> | undefined): string {
  if (agent === undefined) return reasons[AgentState.UNSPECIFIED];
  return agent.detail === '' ? (reasons[agent.state] ?? reasons[AgentState.UNSPECIFIED]) : asSentence(agent.detail);
}

/** "nothing heard for 15 s" as "Nothing heard for 15 s.", since another sentence may follow. */
export function asSentence(text: string): string {
  const end = /[.!?…]$/.test(text) ? '' : '.';
  return text === '' ? '' : `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`;
}
