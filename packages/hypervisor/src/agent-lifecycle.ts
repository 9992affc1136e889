import type { AgentState } from '@innkeeper/contract';

/** The state of a VM's agent. `reason` and `detail` explain `lost` and `absent`; otherwise they are empty. */
export interface AgentLifecycle {
  readonly state: AgentState;
  /** A reason of the error registry. */
  readonly reason: string;
  readonly detail: string;
  /** The state before the pause, restored after it; only in `paused`. */
  readonly before: AgentLifecycle | undefined;
}

export type AgentLifecycleEvent =
  /** `absence` if no agent could be added to the image, with the reason. */
  | { readonly type: 'vm-started'; readonly absence: { readonly reason: string; readonly detail: string } | undefined }
  | { readonly type: 'vm-ended' }
  | { readonly type: 'vm-paused' }
  | { readonly type: 'vm-resumed' }
  /** The guest was reset: its agent has to start again. */
  | { readonly type: 'vm-reset' }
  | { readonly type: 'connected' }
  | { readonly type: 'lost'; readonly detail: string };

/** The agent of a VM that is not running. */
export const agentOff: AgentLifecycle = { state: 'off', reason: '', detail: '', before: undefined };

const waiting: AgentLifecycle = { ...agentOff, state: 'waiting' };

/**
 * The next state of a VM's agent:
 *
 *     off ──vm-started──▶ waiting ──connected──▶ connected ◀──connected── lost
 *      ▲   └─ absence ──▶ absent ───connected──────▲ │ └────lost──────────▲
 *      └── vm-ended (from any)                       │
 *          vm-paused (any but off) ──▶ paused ──vm-resumed──▶ what it was
 *
 * The agent of a paused VM is `paused`, not `lost`. An agent that connects from an image that had none is `connected`.
 */
export function agentReduce(agent: AgentLifecycle, event: AgentLifecycleEvent): AgentLifecycle {
  switch (event.type) {
    case 'vm-started':
      return event.absence === undefined ? waiting : { ...agentOff, state: 'absent', ...event.absence };
    case 'vm-ended':
      return agentOff;
    case 'vm-paused':
      if (agent.state === 'off' || agent.state === 'paused') return agent;
      return { ...agentOff, state: 'paused', before: agent };
    case 'vm-resumed':
      return agent.state === 'paused' ? (agent.before ?? waiting) : agent;
    case 'vm-reset':
      return agent.state === 'connected' || agent.state === 'lost' ? waiting : agent;
    case 'connected':
      if (agent.state === 'off') return agent;
      // A late answer from before the pause.
      if (agent.state === 'paused') return { ...agent, before: { ...agentOff, state: 'connected' } };
      return { ...agentOff, state: 'connected' };
    case 'lost':
      if (agent.state !== 'connected') return agent;
      return { ...agentOff, state: 'lost', reason: 'AGENT_UNREACHABLE', detail: event.detail };
  }
}
