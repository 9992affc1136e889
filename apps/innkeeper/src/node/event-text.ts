import type { VmChange, VmRunner } from './vm-runner.ts';

export interface EventText {
  readonly topic: 'vm' | 'agent';
  readonly kind: string;
  readonly message: string;
}

/** What a change of a VM is called in its history. */
export function eventOf(runner: VmRunner, change: VmChange): EventText {
  if (change === 'removed') return { topic: 'vm', kind: 'vm.deleted', message: `${runner.row.name} was deleted.` };
  if (change === 'agent') {
    const { state, detail } = runner.agent.state;
    return { topic: 'agent', kind: `agent.${state}`, message: detail.slice(0, 1000) };
  }
  const { state, detail } = runner.life;
  return { topic: 'vm', kind: `vm.${state}`, message: detail.slice(0, 1000) };
}
