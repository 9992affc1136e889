import type { AgentState } from '@innkeeper/contract';

/** How a VM's agent stands. `reason` and `detail` say why it is not there, for `lost` and `absent`; else empty. */
export interface AgentLifecycle {
  readonly state: AgentState;
  /** Stable reason of the error registry. */
  readonly reason: string;
  readonly detail: string;
  /** What it was before the pause, and is again after it; only in `paused`. */
  readonly before: AgentLifecycle | undefined;
}

export type AgentLifecycleEvent =
  /** `absence` when no agent could be put into the image, with why. */
  | { readonly type: 'vm-started'; readonly absence: { readonly reason: string; readonly detail: string } | undefined }
  | { readonly type: 'vm-ended' }
  | { readonly type: 'vm-paused' }
  | { readonly type: 'vm-resumed' }
  /** The guest was reset: whatever answered before has to come up again. */
  | { readonly type: 'vm-reset' }
  | { readonly type: 'connected' }
  | { readonly type: 'lost'; readonly detail: string };

/** The agent of a VM that does not run. */
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
 * An agent that is silent because the VM is paused is `paused`, not `lost`. One that answers from an image that had
 * none is believed.
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
      // An answer from before the pause that comes late.
      if (agent.state === 'paused') return { ...agent, before: { ...agentOff, state: 'connected' } };
      return { ...agentOff, state: 'connected' };
    case 'lost':
      if (agent.state !== 'connected') return agent;
      return { ...agentOff, state: 'lost', reason: 'AGENT_UNREACHABLE', detail: event.detail };
  }
}
