import { type Vm, vmStateWord } from '@innkeeper/contract/control';
import type { JSX, ReactNode } from 'react';
import { agentView, type Tone } from './agent-view.ts';

const stateTones = {
  creating: 'busy',
  stopped: 'idle',
  starting: 'busy',
  running: 'ok',
  paused: 'idle',
  stopping: 'busy',
  crashed: 'bad',
  deleting: 'busy',
  panicked: 'bad',
  suspended: 'idle',
} as const satisfies Record<NonNullable<ReturnType<typeof vmStateWord>>, Tone>;

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
export function VmStateBadge({
  vm,
}: {
  readonly vm: Pick<Vm, 'state' | 'stateDetail' | 'panicked' | 'suspended'>;
}): JSX.Element {
  const name = vmStateWord(vm);
  if (name === undefined) return <Badge tone="idle">unknown</Badge>;
  return (
    <Badge tone={stateTones[name]} hint={vm.stateDetail === '' ? undefined : vm.stateDetail}>
      {name}
    </Badge>
  );
}

/** The agent's state, and whether its version is outdated; the reason on hover. `brief`: what matters most, in one word. */
export function AgentBadge({
  vm,
  newest,
  brief = false,
}: {
  readonly vm: Vm;
  readonly newest: string;
  readonly brief?: boolean;
}): JSX.Element {
  const { word, tone, hint, outdated } = agentView(vm, newest);
  return (
    <Badge tone={tone} hint={hint}>
      {outdated && brief ? 'outdated' : word}
      {outdated && !brief && <span className="dim">outdated</span>}
    </Badge>
  );
}
