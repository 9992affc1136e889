import { type AgentState, agentStateName, isOutdated, type Vm, vmStateName } from '@innkeeper/contract/control';
import type { JSX, ReactNode } from 'react';

type Tone = 'ok' | 'warn' | 'bad' | 'idle' | 'busy';

const stateTones = {
  creating: 'busy',
  stopped: 'idle',
  starting: 'busy',
  running: 'ok',
  paused: 'warn',
  stopping: 'busy',
  crashed: 'bad',
  deleting: 'busy',
} as const satisfies Record<NonNullable<ReturnType<typeof vmStateName>>, Tone>;

const agentTones = {
  off: 'idle',
  waiting: 'busy',
  connected: 'ok',
  lost: 'bad',
  paused: 'warn',
  absent: 'warn',
} as const satisfies Record<NonNullable<ReturnType<typeof agentStateName>>, Tone>;

const agentHints: Readonly<Record<keyof typeof agentTones, string>> = {
  off: 'The VM is not running.',
  waiting: 'The agent has not connected since the VM started.',
  connected: 'The agent is connected.',
  lost: 'The agent was connected and is not responding now.',
  paused: 'The VM is paused, so the agent cannot respond.',
  absent: 'The image has no agent.',
};

/** A coloured dot and a word. */
export function Badge({
  tone,
  children,
  hint,
}: {
  readonly tone: Tone;
  readonly children: ReactNode;
  readonly hint?: string | undefined;
}): JSX.Element {
  return (
    <span className={`badge ${tone}`} data-hint={hint}>
      <span className="badge-dot" aria-hidden="true" />
      {children}
    </span>
  );
}

/** The VM's state, with details on hover. */
export function VmStateBadge({ vm }: { readonly vm: Pick<Vm, 'state' | 'stateDetail'> }): JSX.Element {
  const name = vmStateName(vm.state);
  if (name === undefined) return <Badge tone="idle">unknown</Badge>;
  return (
    <Badge tone={stateTones[name]} hint={vm.stateDetail === '' ? undefined : vm.stateDetail}>
      {name}
    </Badge>
  );
}

/** The agent's version if it is connected, otherwise its state; the reason on hover. */
export function AgentBadge({ vm, newest }: { readonly vm: Vm; readonly newest: string }): JSX.Element {
  const { agent } = vm;
  const name = agent === undefined ? undefined : agentStateName(agent.state as AgentState);
  if (agent === undefined || name === undefined) return <Badge tone="idle">unknown</Badge>;
  const outdated = isOutdated(vm, newest);
  const hint = outdated
    ? `Version ${agent.version}; the daemon has ${newest}.`
    : [agent.detail || agentHints[name], agent.nextStep].filter(Boolean).join('\n');
  return (
    <Badge tone={outdated ? 'warn' : agentTones[name]} hint={hint}>
      {name === 'connected' ? agent.version : name}
      {outdated && <span className="visually-hidden"> outdated</span>}
    </Badge>
  );
}
