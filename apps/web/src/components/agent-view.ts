import {
  type Agent,
  type AgentState,
  agentStateName,
  isOutdated,
  type Vm,
  VmState,
  vmStateName,
} from '@innkeeper/contract/control';
import { asSentence } from './unknown-reason.ts';

export type Tone = 'ok' | 'warn' | 'bad' | 'idle' | 'busy';

type VmWithAgent = Pick<Vm, 'state' | 'agent'>;

const tones = {
  off: 'idle',
  waiting: 'busy',
  connected: 'ok',
  lost: 'bad',
  paused: 'idle',
  absent: 'warn',
} as const satisfies Record<NonNullable<ReturnType<typeof agentStateName>>, Tone>;

const hints: Readonly<Record<keyof typeof tones, string>> = {
  off: 'The VM is not running.',
  waiting: 'The guest is booting; its agent has not connected yet.',
  connected: 'The agent is connected.',
  lost: 'The agent was connected and is not responding now.',
  paused: 'The VM is paused, so the agent cannot respond.',
  absent: 'The image has no agent.',
};

export interface AgentView {
  /** The state in one word. The version is shown elsewhere. */
  readonly word: string;
  readonly tone: Tone;
  readonly hint: string | undefined;
  readonly outdated: boolean;
}

/** How a badge shows a VM's agent. `newest`: version of the daemon's agent. */
export function agentView(vm: VmWithAgent, newest: string): AgentView {
  const { agent } = vm;
  const word = agent === undefined ? undefined : agentStateName(agent.state as AgentState);
  if (agent === undefined || word === undefined)
    return { word: 'unknown', tone: 'idle', hint: undefined, outdated: false };
  const outdated = isOutdated(vm, newest);
  const hint = outdated
    ? `Version ${agent.version}; the daemon has ${newest}.`
    : [asSentence(agent.detail) || hints[word], word === 'connected' ? `Version ${agent.version}.` : agent.nextStep]
        .filter(Boolean)
        .join('\n');
  const tone = outdated ? 'warn' : tones[word];
  const alarming = tone === 'bad' || tone === 'warn';
  return { word, tone: alarming && !outdated && !needsAttention(vm) ? 'idle' : tone, hint, outdated };
}

/**
 * Whether something is wrong with a VM's agent: the VM runs, and the agent was lost, is missing, or is late. A VM that boots,
 * shuts down, is paused or was stopped has no agent now, and that is as it should be.
 */
export function needsAttention({ state, agent }: VmWithAgent): boolean {
  return state === VmState.RUNNING && agent !== undefined && agent.reason !== '';
}

/** Whether the guest is on its way up: it may still connect without anybody doing something. */
export function isBooting(vm: VmWithAgent): boolean {
  const state = vmStateName(vm.state);
  if (state === 'starting' || state === 'creating') return true;
  return state === 'running' && agentNameOf(vm.agent) === 'waiting' && !needsAttention(vm);
}

function agentNameOf(agent: Agent | undefined): ReturnType<typeof agentStateName> {
  return agent === undefined ? undefined : agentStateName(agent.state);
}
