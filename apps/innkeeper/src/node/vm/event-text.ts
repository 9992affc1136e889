import type { VmChange, VmRunner } from './vm-runner.ts';

export interface EventText {
  readonly topic: 'vm' | 'agent';
  readonly kind: string;
  readonly message: string;
}

/** What a VM is in from its first row on; it is not told as an event. */
export const creatingKind = 'vm.creating';

/** What a change of a VM is called in its history; `before` is what the change before it was called. */
export function eventOf(runner: VmRunner, change: VmChange, before: string): EventText {
  if (change === 'removed') return { topic: 'vm', kind: 'vm.deleted', message: `${runner.row.name} was deleted.` };
  if (change === 'agent') {
    const { state, detail } = runner.agent.state;
    return { topic: 'agent', kind: `agent.${state}`, message: detail.slice(0, 1000) };
  }
  const { state, detail } = runner.life;
  if (before === creatingKind && state === 'stopped') {
    const message = `${runner.row.name} was made from the image "${runner.row.image}".`;
    return { topic: 'vm', kind: 'vm.created', message };
  }
  if (before === creatingKind && state === 'deleting') {
    return { topic: 'vm', kind: 'vm.create-failed', message: detail.slice(0, 1000) };
  }
  return { topic: 'vm', kind: `vm.${state}`, message: detail.slice(0, 1000) };
}
