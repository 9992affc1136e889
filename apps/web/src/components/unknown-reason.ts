import { type Agent, AgentState } from '@innkeeper/contract/control';

const reasons: Readonly<Record<AgentState, string>> = {
  [AgentState.UNSPECIFIED]: 'This console does not know the state of the agent.',
  [AgentState.OFF]: 'The VM does not run.',
  [AgentState.WAITING]: 'Nothing was heard of the agent since the VM started.',
  [AgentState.CONNECTED]: 'The agent has not reported it.',
  [AgentState.LOST]: 'The agent does not answer now.',
  [AgentState.PAUSED]: 'The VM is paused, so nothing can answer.',
  [AgentState.ABSENT]: 'There is no agent in the guest.',
};

/** Why a figure of the guest is not known. */
export function unknownReason(agent: Pick<Agent, 'state' | 'detail'> | undefined): string {
  if (agent === undefined) return reasons[AgentState.UNSPECIFIED];
  return agent.detail === '' ? (reasons[agent.state] ?? reasons[AgentState.UNSPECIFIED]) : agent.detail;
}
